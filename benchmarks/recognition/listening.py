"""Speech: texts read out by espeak-ng, and recordings with their texts (NAME.wav or .mp3 beside NAME.txt)."""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean

from benchmarks.figures import table
from benchmarks.machine import as_lines, describe
from benchmarks.recognition.score import character_error, word_error
from clawdbot.config import AppConfig
from clawdbot.knowledge.speech.model import fetch
from clawdbot.knowledge.speech.transcriber import Transcriber
from clawdbot.text.language import detect

_TEXTS = Path(__file__).with_name("paragraphs.json")
_PACKAGES = ("clawdbot", "faster-whisper", "ctranslate2", "av", "opencc", "numpy")
_SOUNDS = (".wav", ".mp3", ".m4a", ".ogg", ".flac")
_PUNCTUATION = str.maketrans("", "", "，。、；：？！,.;:?! ")


@dataclass(frozen=True, kw_only=True)
class Heard:
    """One recording; ``error`` is of words, of characters without punctuation in Chinese."""

    voice: str
    name: str
    language: str
    seconds: float
    error: float
    factor: float
    """Time spent for each second of sound."""


def main(arguments: Sequence[str]) -> int:
    """Listen and print; 2 when there is nothing to listen to."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recognition speech", description=__doc__)
    parser.add_argument("--recordings", type=Path, default=None, help="folder of recordings, each with its text")
    parser.add_argument("--models", type=Path, default=AppConfig().home / "models", help="where the model is kept")
    parser.add_argument("--json", type=Path, default=None, help="write every figure to this file")
    chosen = parser.parse_args(arguments)
    transcriber = Transcriber(fetch(chosen.models).parent)
    facts = describe(_PACKAGES)
    print(as_lines(facts) + "\n", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        sounds = [*_read_out(Path(folder)), *_recorded(chosen.recordings)]
        if not sounds:
            print("espeak-ng is not installed and --recordings names nothing.", file=sys.stderr)
            return 2
        heard = [_heard(transcriber, *sound) for sound in sounds]
    head = ("voice", "language", "recordings", "seconds", "words wrong (en), characters wrong (zh)", "real-time factor")
    print(table(head, [_row(group) for group in _groups(heard)]))
    if chosen.json is not None:
        chosen.json.write_text(json.dumps({"machine": facts, "heard": [asdict(h) for h in heard]}, indent=1), "utf-8")
    return 0


def _read_out(folder: Path) -> Iterator[tuple[str, Path, str]]:
    """English only: the Mandarin voice of espeak-ng names letters and tones instead of speaking."""
    if shutil.which("espeak-ng") is None:
        return
    for number, text in enumerate(json.loads(_TEXTS.read_text("utf-8"))["en"]):
        path = folder / f"{number}.wav"
        subprocess.run(["espeak-ng", "-v", "en-us", "-s", "150", "-w", str(path), text], check=True)
        yield "espeak-ng", path, text


def _recorded(folder: Path | None) -> Iterator[tuple[str, Path, str]]:
    for path in sorted(folder.iterdir()) if folder is not None else ():
        text = path.with_suffix(".txt")
        if path.suffix in _SOUNDS and text.is_file():
            yield str(folder), path, text.read_text("utf-8")


def _heard(transcriber: Transcriber, voice: str, path: Path, text: str) -> Heard:
    start = time.perf_counter()
    with path.open("rb") as file:
        transcript = transcriber.transcribe(file)
    spent = time.perf_counter() - start
    said = " ".join(paragraph.text for paragraph in transcript.paragraphs)
    if detect(text) == "zh":
        error = character_error(text.translate(_PUNCTUATION), said.translate(_PUNCTUATION))
    else:
        error = word_error(text, said)
    print(f"{path.name}: {error:.1%}, {spent / transcript.seconds:.2f} x real time", file=sys.stderr)
    return Heard(
        voice=voice,
        name=path.name,
        language=transcript.language,
        seconds=transcript.seconds,
        error=error,
        factor=spent / transcript.seconds,
    )


def _groups(heard: Sequence[Heard]) -> list[list[Heard]]:
    kinds = dict.fromkeys((h.voice, h.language) for h in heard)
    return [[h for h in heard if (h.voice, h.language) == kind] for kind in kinds]


def _row(group: Sequence[Heard]) -> tuple[str, ...]:
    seconds = f"{sum(h.seconds for h in group):.0f}"
    figures = f"{mean(h.error for h in group):.1%}", f"{mean(h.factor for h in group):.2f}"
    return (group[0].voice, group[0].language, str(len(group)), seconds, *figures)
