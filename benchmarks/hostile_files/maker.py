"""Making the files in another process: some need a lot of memory, and that of the one that loads them is measured."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path

from benchmarks.hostile_files.corpus import corpus
from benchmarks.hostile_files.hostile import Hostile, Scale, Setting
from benchmarks.hostile_files.trial import Make


@contextmanager
def made_elsewhere(setting: Setting, files: list[Hostile]) -> Iterator[Make]:
    """A maker for ``files``, some of the corpus of this setting."""
    places = {(hostile.group, hostile.title): number for number, hostile in enumerate(corpus(setting))}
    wanted = [places[hostile.group, hostile.title] for hostile in files]
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        yield lambda number, folder: pool.submit(_make, setting.scale, setting.server, wanted[number], folder).result()


@lru_cache
def _corpus(scale: Scale, server: str) -> list[Hostile]:
    return list(corpus(Setting(scale=scale, server=server)))


def _make(scale: Scale, server: str, number: int, folder: Path) -> Path:
    return _corpus(scale, server)[number].make(folder)
