"""Hostile texts take linear time: counted in steps of the search where it can be, and by size otherwise."""

from __future__ import annotations

import subprocess
import sys

import pytest

HOSTILE = (
    "1", "1 ", "2 ", "13812345678 ", "a@", "a.@a.", "eyJ", "eyJaaaaaaaa-", "sk-", "\\", "password=", "://a:", "key ",
    "-----BEGIN PRIVATE KEY-----", "138\n12345678\n", "QTEL", "6222 0212 ", "passport E1234567 ", "1\u200b", "+1",
    "(010) ", "4000 ", "张 ", "bearer ", "\u200b", "AKIA", "SG.", "1-", "E1 ", "://", "@", "[[", "{", "token: ", "0.",
)  # fmt: skip
SEARCH = """
import sys
from clawdbot.access.masking.masker import Masker
from clawdbot.config import MaskingConfig
masker = Masker(MaskingConfig(words=("张三", "tel")))
for unit in {units!r}:
    masker.find((unit * {length})[:{length}] + "x")
"""


@pytest.mark.parametrize("length", [20_000])
def test_hostile_texts_end(length: int) -> None:
    """Quadratic search of one of these would take minutes; processor time is limited, not the clock."""
    limit = "import resource; resource.setrlimit(resource.RLIMIT_CPU, (60, 60))\n"
    program = limit + SEARCH.format(units=HOSTILE, length=length)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
