"""Packages that only this benchmark needs, installed beside the environment so that it stays as it is locked."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from clawdbot.errors import UsageError

PACKAGES = Path(__file__).resolve().parents[2] / ".cache" / "benchmarks" / "durability-packages"
REQUIREMENTS = Path(__file__).resolve().with_name("requirements.txt")


def install() -> Path:
    """The folder with the packages, for PYTHONPATH; UsageError when they cannot be installed."""
    mark = PACKAGES / REQUIREMENTS.name
    if not mark.exists() or mark.read_bytes() != REQUIREMENTS.read_bytes():
        command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--upgrade"]
        command += ["--target", str(PACKAGES), "-r", str(REQUIREMENTS)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise UsageError(f"The other systems cannot be installed: {done.stderr.strip()[-400:]}")
        mark.write_bytes(REQUIREMENTS.read_bytes())
    return PACKAGES
