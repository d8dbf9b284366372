"""A process that is killed while it writes leaves an index that the next one uses, or mends, by itself."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

from clawdbot.knowledge.index import Where
from clawdbot.knowledge.lexical.index import LexicalIndex
from tests.knowledge.lexical.writing_process import history

_ROOT = Path(__file__).resolve().parents[3]
_KILLS = 6
_EVERYTHING = Where(scopes=frozenset(range(5)))


def test_killed_while_writing(tmp_path: Path) -> None:
    chance = random.Random(7)
    folder = tmp_path / "lexical"
    applied = -1
    for _ in range(_KILLS):
        command = [sys.executable, "-m", "tests.knowledge.lexical.writing_process", str(folder)]
        writer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=_ROOT)
        assert writer.stdout is not None
        assert writer.stdout.readline() == "started\n"
        time.sleep(chance.uniform(0.0, 0.6))  # the moment of the kill is what varies
        writer.kill()
        said = writer.stdout.read().split()
        writer.wait()
        writer.stdout.close()
        seen = LexicalIndex(folder, history(10_000))
        committed = max([applied, *(int(line) for line in said if line.isdigit())])
        assert seen.applied >= committed, "what was said to be committed is there"
        applied = seen.applied
        mended = LexicalIndex(folder, history(max(applied, 60)))
        mended.sync()
        assert mended.verify() == ()
        assert mended.search("common", _EVERYTHING, 5)
        applied = mended.applied
