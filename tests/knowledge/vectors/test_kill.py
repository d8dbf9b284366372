"""A process that syncs the index is killed at random moments: each time the index answers, and mends itself.

``python -m benchmarks.index_scale kill --times 200`` is the long form.
"""

from __future__ import annotations

from pathlib import Path

from benchmarks.index_scale.kills import series

TIMES = 20


def test_killed_at_any_moment_the_index_answers_and_mends_itself(tmp_path: Path) -> None:
    looks = list(series(TIMES, tmp_path, seed=11, steps=400))
    assert sum(look.kills for look in looks) >= TIMES
    assert [look.wrong for look in looks if look.wrong] == []
    assert all(look.answered for look in looks)
