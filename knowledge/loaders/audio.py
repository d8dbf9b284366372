"""Recordings: what is said in them, with the time of each paragraph."""

from __future__ import annotations

import importlib
import io
from pathlib import Path

from clawdbot.config import AppConfig
from clawdbot.errors import LoadFailed
from clawdbot.knowledge.extract import Block, Extract
from clawdbot.knowledge.loaders.limits import LoadLimits

_TRANSCRIBER = "clawdbot.knowledge.speech.transcriber"
"""Imported for the first recording, for its libraries are an optional extra."""


def load(data: bytes, limits: LoadLimits, *, models: Path | None = None) -> Extract:
    """A paragraph for what is said between two pauses, its time ('00:01:30') as its part.

    ``models`` is the folder of models, by default that of the default [app] home.  Raises LoadFailed when the
    recording is damaged, or when the extra 'speech' or its model is missing.
    """
    try:
        transcriber = importlib.import_module(_TRANSCRIBER)
    except ImportError as error:
        raise LoadFailed(
            f"Recordings need an optional dependency that is not installed ({error.name}).",
            hint="Install it with: pip install 'clawdbot[speech]'",
        ) from error
    heard = transcriber.Transcriber(models or AppConfig().home / "models").transcribe(io.BytesIO(data))
    return Extract(
        blocks=tuple(
            Block(kind="paragraph", text=paragraph.text, part=paragraph.clock) for paragraph in heard.paragraphs
        ),
        notes=heard.notes,
        metadata={"language": heard.language, "seconds": round(heard.seconds, 1)},
    )
