"""``python -m tests.knowledge.vectors.owning FOLDER COUNT``: build so many chunks, own the folder until input ends."""

from __future__ import annotations

import sys
from pathlib import Path

from clawdbot.knowledge.vectors.shared import SharedIndex
from tests.knowledge.feed import MemoryFeed
from tests.knowledge.vectors.clouds import DIMENSION, fill


def main(folder: str, count: str) -> None:
    """Tell when the folder is owned and complete."""
    feed = MemoryFeed()
    fill(feed, int(count))
    index = SharedIndex(Path(folder), feed, collection="test-model-16", dimension=DIMENSION, exact_up_to=0)
    index.sync()
    assert index.owns, "the folder is free in these tests"
    print("owns", flush=True)
    sys.stdin.read()
    index.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
