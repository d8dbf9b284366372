"""Ingestion is killed at random moments; nothing that was told is lost, and the indexes answer without a person.

``python -m benchmarks.ingestion kill`` does the same 200 times, with loading in a process of its own.
"""

from __future__ import annotations

import random
from contextlib import closing
from pathlib import Path

import pytest

from benchmarks.ingestion.kill import Office, faults_of, kill, place_in
from benchmarks.ingestion.mortal import SOURCE
from clawdbot.store.database import sqlite_url


@pytest.mark.parametrize("ledger_url", ["postgresql"], indirect=True)
def test_killed_while_it_writes_to_a_server(tmp_path: Path, ledger_url: str) -> None:
    *_, outcome = kill(place_in(tmp_path, url=ledger_url, chroma=False), 5, seed=5)
    assert outcome.faults == [] and outcome.kills == 5 and outcome.finished >= 1


def test_killed_while_it_writes_to_a_file_and_both_indexes(tmp_path: Path) -> None:
    place = place_in(tmp_path, url=sqlite_url(tmp_path / "own.db"))
    *_, outcome = kill(place, 7, seed=2, changes=6)
    assert outcome.faults == [] and outcome.kills == 7 and outcome.finished >= 1


def test_whoever_looks_after_a_kill_notices_a_loss(tmp_path: Path) -> None:
    place = place_in(tmp_path, chroma=False)
    assert [outcome.faults for outcome in kill(place, 0)] == [[]], "an empty folder is an empty library"
    office = Office(place, random.Random(1))
    office.work(2)
    office.acknowledged = {name: office.hash_of(name) for name in office.marks}
    assert [fault for fault in faults_of(office) if fault.endswith("was ready and is gone")]
    with closing(place.library()) as library:
        assert library.known(SOURCE) == {}
