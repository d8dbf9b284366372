"""How far a Chroma index got, on disk beside it: written after each batch is in Chroma, whole or not at all."""

from __future__ import annotations

import io
import json
import os
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from clawdbot.knowledge.vectors.census import Census

_FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class State:
    """``generation`` names the folder that holds the collection; ``lacking`` are live chunks without a vector."""

    generation: str
    applied: int
    chroma: str
    dimension: int
    lacking: tuple[int, ...]
    census: Census

    def save(self, path: Path) -> None:
        """Replace the file; it survives a power cut once this returns."""
        head = {
            "format": _FORMAT,
            "generation": self.generation,
            "applied": self.applied,
            "chroma": self.chroma,
            "dimension": self.dimension,
        }
        buffer = io.BytesIO()
        np.savez(
            buffer,
            head=np.frombuffer(json.dumps(head).encode(), np.uint8),
            lacking=np.array(self.lacking, np.int64),
            chunks=self.census.chunks,
            scopes=self.census.scopes,
            days=self.census.days,
        )
        replace_durably(path, buffer.getvalue())


def load_state(path: Path) -> State | None:
    """What was saved; None when there is nothing, or nothing that can be read."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            head = json.loads(stored["head"].tobytes())
            census = Census(chunks=stored["chunks"], scopes=stored["scopes"], days=stored["days"])
            lacking = tuple(int(chunk) for chunk in stored["lacking"])
        if head["format"] != _FORMAT:
            return None
        return State(
            generation=str(head["generation"]),
            applied=int(head["applied"]),
            chroma=str(head["chroma"]),
            dimension=int(head["dimension"]),
            lacking=lacking,
            census=census,
        )
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile):
        return None


def load_progress(path: Path) -> tuple[int, int]:
    """``(applied, how many chunks lack a vector)`` without the census, for processes that do not own the index."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            return int(json.loads(stored["head"].tobytes())["applied"]), len(stored["lacking"])
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile):
        return 0, 0


def replace_durably(path: Path, content: bytes) -> None:
    """Write a file so that after a crash either the old or the new content is there."""
    beside = path.with_name(path.name + ".new")
    with beside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    _flush(path.parent)


def flush_folder(folder: Path) -> None:
    """Have everything in a folder on the disk: Chroma writes its segments without waiting for that."""
    for path in (*folder.rglob("*"), folder):
        with suppress(FileNotFoundError):  # SQLite's journal goes when its transaction ends
            _flush(path)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
