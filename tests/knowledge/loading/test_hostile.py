"""Hostile and broken files of all kinds: each is loaded or refused with a reason, and nothing else happens.

The larger forms of the same files are loaded by ``python -m benchmarks.hostile_files``.
"""

from __future__ import annotations

import pytest

from benchmarks.hostile_files.corpus import corpus
from benchmarks.hostile_files.hostile import MIB, SMALL, Setting
from benchmarks.hostile_files.listener import Listener
from benchmarks.hostile_files.trial import Trial, made_here, run
from clawdbot.knowledge.loaders.limits import LoadLimits
from clawdbot.knowledge.loading import Loading, ProcessBounds

LIMITS = LoadLimits(max_file_bytes=16 * MIB, max_unpacked_bytes=8 * MIB, max_pages=50, max_text_chars=500_000)
BOUNDS = ProcessBounds(timeout_s=20.0, memory_bytes=450_000_000)


@pytest.fixture(scope="module")
def trials() -> list[Trial]:
    """What became of each file."""
    with Listener() as listener, Loading(limits=LIMITS, bounds=BOUNDS, ocr=False) as loading:
        files = list(corpus(Setting(scale=SMALL, server=listener.address)))
        return list(run(files, made_here(files), loading, BOUNDS, listener))


def test_nothing_hangs_escapes_or_ends_the_work(trials: list[Trial]) -> None:
    assert {f"{t.hostile.group}/{t.hostile.title}": (t.faults, t.reason) for t in trials if t.faults} == {}
