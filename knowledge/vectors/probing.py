"""``python -m clawdbot.knowledge.vectors.probing FOLDER NAME``: does a Chroma folder still open and answer?

A process that was killed while Chroma wrote can leave segments that make Chroma's loader crash the process that opens
them (chroma-core/chroma issue 7238), so a folder in doubt is first opened here, in a process that may crash.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from clawdbot.knowledge.vectors.collection import Collection
from clawdbot.knowledge.vectors.unavailable import ChromaFailed

_LIMIT_S = 120.0


def answers(folder: Path, name: str, dimension: int) -> bool:
    """The collection opens, counts and searches, tried in a process of its own; within two minutes."""
    command = [sys.executable, "-m", "clawdbot.knowledge.vectors.probing", str(folder), name, str(dimension)]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_LIMIT_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def main(arguments: Sequence[str]) -> int:
    """0 when the collection answers."""
    folder, name, dimension = arguments
    try:
        collection = Collection(Path(folder), name)
        count = collection.count()
        found, _ = collection.nearest(np.ones(int(dimension), np.float32), 1)
        read = collection.vectors(found)
        collection.close()
    except ChromaFailed as error:
        print(error, file=sys.stderr)
        return 1
    return 0 if bool(read) == bool(count) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
