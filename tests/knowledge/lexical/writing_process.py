"""``python -m tests.knowledge.lexical.writing_process FOLDER``: write the index step by step until killed."""

from __future__ import annotations

import sys
from pathlib import Path

from clawdbot.knowledge.lexical.index import LexicalIndex
from tests.knowledge.feed import MemoryFeed

_STEP = 20


def history(steps: int) -> MemoryFeed:
    """A library whose log has ``steps`` lines, the same in every process; every third chunk goes again."""
    feed = MemoryFeed()
    while feed.head() < steps:
        chunk = feed.add(scope=feed.head() % 5, passage=f"common word{feed.head()} 额度")
        if chunk % 3 == 0 and feed.head() < steps:
            feed.remove(chunk)
    return feed


def main() -> None:
    """Say each ``seq`` once it is committed."""
    folder = Path(sys.argv[1])
    print("started", flush=True)
    at = max(0, LexicalIndex(folder, MemoryFeed()).applied)
    while True:
        at += _STEP
        index = LexicalIndex(folder, history(at))
        if at % (5 * _STEP) == 0:
            index.rebuild()
        else:
            index.sync()
        print(at, flush=True)


if __name__ == "__main__":
    main()
