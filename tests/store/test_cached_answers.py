"""Kept answers on both databases: the last one under a key stays, and there are never too many."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from clawdbot.store.cached_answers import CachedRow
from clawdbot.store.ledger import RunLedger


def row(key: str, *, day: int = 1, answer: str = "42") -> CachedRow:
    return CachedRow(
        key=key,
        kind="sql",
        user="ana",
        label="internal",
        model="small",
        answer={"收入": answer},
        made_at=f"2026-11-{day:02d}T00:00:00.000000+00:00",
    )


def test_the_last_answer_under_a_key_stays(ledger: RunLedger) -> None:
    answers = ledger.cached_answers
    assert answers.get("k") is None
    answers.put(row("k"))
    answers.put(row("k", day=2, answer="43"))
    assert answers.get("k") == row("k", day=2, answer="43")
    answers.forget("k")
    answers.forget("k")
    assert answers.get("k") is None


def test_one_key_from_many_threads(ledger: RunLedger) -> None:
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda n: ledger.cached_answers.put(row("k", answer=str(n))), range(16)))
    found = ledger.cached_answers.get("k")
    assert found is not None and found.answer["收入"] in map(str, range(16))


def test_old_ones_go_first(ledger: RunLedger) -> None:
    answers = ledger.cached_answers
    for day in range(1, 8):
        answers.put(row(f"k{day}", day=day))
    assert answers.prune(before="2026-11-03", rows=3) == 4
    assert [day for day in range(1, 8) if answers.get(f"k{day}")] == [5, 6, 7]
    assert answers.prune(before="2026-11-03", rows=3) == 0
