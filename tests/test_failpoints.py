"""Failpoints: nothing happens unless it is ordered, then exactly there; and each name is reached somewhere."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from clawdbot.errors import ConfigError
from clawdbot.failpoints import FAILPOINTS, VARIABLE, reach

_PRODUCT = ("agents", "tools", "workflows", "knowledge", "src/clawdbot")


def test_each_name_is_reached_in_the_product(root: Path) -> None:
    text = "\n".join(path.read_text("utf-8") for folder in _PRODUCT for path in (root / folder).rglob("*.py"))
    reached = set(re.findall(r"\breach(?:ed)?\b[=(]\s*\"([a-z_.]+)\"", text))
    assert set(FAILPOINTS) <= reached, f"named, but reached nowhere: {sorted(set(FAILPOINTS) - reached)}"


def test_nothing_happens_without_an_order() -> None:
    for name in FAILPOINTS:
        reach(name)


@pytest.mark.parametrize(
    ("order", "code", "printed"),
    [
        ("run.claimed:2", -signal.SIGKILL, "1\n"),
        ("run.claimed", -signal.SIGKILL, ""),
        ("run.claimed:1:TERM", -signal.SIGTERM, ""),
        ("run.accepted:1", 0, "1\n2\n"),
    ],
)
def test_a_process_ends_at_the_place_and_the_time(order: str, code: int, printed: str) -> None:
    program = (
        "from clawdbot.failpoints import reach\n"
        "for n in (1, 2):\n    reach('run.claimed')\n    print(n, flush=True)\n"
    )  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", program], env={VARIABLE: order}, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (code, printed), done.stderr


@pytest.mark.parametrize("order", ["nowhere:1", "run.claimed:0", "run.claimed:x", "run.claimed:1:HELLO"])
def test_an_order_that_means_nothing_says_what_one_looks_like(order: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, order)
    with pytest.raises(ConfigError, match="NAME:COUNT"):
        reach("run.claimed")
