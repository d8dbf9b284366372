"""Whole processes: how long they take until they end, and how long an import takes."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from clawdbot.errors import UsageError

_SCRIPT = [{"thought": "nothing to look up", "tool": "finish", "args": {"answer": "Hello."}}]
_CONFIG = """
[app]
home = {home}
[models.script]
provider = "langchain"
model = "clawdbot.models.fake:ScriptedChatModel"
options = {{ script = {script} }}
"""
_ENDED = (0, 3)
"""A run that has nothing to prove ends 'failed', which is not what is measured here."""


def process_ms(command: Sequence[str], *, times: int, ends: Sequence[int] = (0,)) -> list[float]:
    """Milliseconds of wall-clock time of a command, each time; UsageError when it ends with another code."""
    found = []
    for _ in range(times):
        began = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        found.append((time.perf_counter() - began) * 1000)
        if done.returncode not in ends:
            said = (done.stderr or done.stdout).strip()[-400:]
            raise UsageError(f"{' '.join(command)} ended with {done.returncode}: {said}")
    return found


def help_ms(*, times: int) -> list[float]:
    """``clawdbot --help``."""
    return process_ms([*_program(), "--help"], times=times)


def run_ms(*, times: int) -> list[float]:
    """``clawdbot run`` with a model that answers at once."""
    with tempfile.TemporaryDirectory(prefix="startup-") as name:
        folder = Path(name)
        script, config = folder / "script.json", folder / "clawdbot.toml"
        script.write_text(json.dumps(_SCRIPT), "utf-8")
        # JSON's strings are TOML's basic strings.
        config.write_text(_CONFIG.format(home=json.dumps(str(folder)), script=json.dumps(str(script))), "utf-8")
        command = [*_program(), "run", "Say hello.", "--config", str(config), "--model", "script"]
        return process_ms(command, times=times, ends=_ENDED)


def import_ms(module: str, *, times: int) -> list[float]:
    """Milliseconds of ``import module`` in a fresh process."""
    code = f"import time; t = time.perf_counter(); import {module}; print((time.perf_counter() - t) * 1000)"
    command = [sys.executable, "-W", "ignore", "-c", code]
    return [float(subprocess.run(command, capture_output=True, text=True, check=True).stdout) for _ in range(times)]


def _program() -> list[str]:
    """What a person starts; the module where the package is on the path and not installed."""
    path = Path(sys.executable).with_name("clawdbot")
    return [str(path)] if path.exists() else [sys.executable, "-m", "clawdbot"]
