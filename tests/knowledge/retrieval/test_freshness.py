"""Indexes that lag behind are brought up to date: at once when that is quick, else beside the answer."""

from __future__ import annotations

import threading

import pytest

from clawdbot.knowledge.retrieval import freshness
from tests.knowledge.retrieval.desk import Desk, documents


def wait_for_threads() -> None:
    """Until no index is being brought up to date any more."""
    for thread in threading.enumerate():
        if thread.name == "index sync":
            thread.join()


def test_few_changes_are_in_the_answer(company: Desk) -> None:
    company.ask("warm up")
    company.put("new.md", "Zebras may park in the yard.")
    found = company.ask("zebras")
    assert documents(found)[0] == "new.md" and found.notes == ()


def test_many_changes_are_applied_beside_the_answer(company: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    company.ask("warm up")
    monkeypatch.setattr(freshness, "_QUICK", 1)
    for n in range(3):
        company.put(f"new{n}.md", f"Zebra number {n} parks here.")
    first = company.ask("zebra adm-003")
    assert any("still being indexed" in note for note in first.notes)
    assert "badge.md" in documents(first)
    wait_for_threads()
    later = company.ask("zebra number")
    assert later.notes == () and set(documents(later)[:3]) == {"new0.md", "new1.md", "new2.md"}


def test_an_index_that_cannot_be_written_still_answers(company: Desk) -> None:
    company.ask("warm up")
    lock = company.config.app.home / "knowledge" / "lexical" / "writing.lock"
    lock.unlink(missing_ok=True)
    lock.mkdir()
    company.put("new.md", "Zebras may park in the yard.")
    found = company.ask("adm-003")
    assert documents(found)[0] == "badge.md"
    assert any("cannot be written" in note for note in found.notes)
