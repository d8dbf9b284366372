"""What all tests share: a machine that looks the same everywhere, and the data that stands beside the checkout."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent

settings.register_profile("clawdbot", deadline=None, max_examples=60, print_blob=True)
settings.load_profile("clawdbot")

_FROM_THE_PERSON = ("CLAWDBOT_", "OLLAMA_", "OPENAI_", "LANGSMITH_", "LANGCHAIN_")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Settings of the person who runs the tests change nothing; nothing is reported to a tracing service."""
    for name in list(os.environ):
        if name.startswith(_FROM_THE_PERSON) and name != "CLAWDBOT_TEX":
            monkeypatch.delenv(name)
    monkeypatch.setenv("LANGSMITH_TRACING", "false")
    monkeypatch.setenv("MPLBACKEND", "Agg")
    yield


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def northwind() -> Path:
    """The sample database that may stand beside the checkout; its tests are skipped where it does not."""
    path = ROOT.parent / "shared" / "data" / "northwind.sqlite"
    if not path.exists():
        pytest.skip(f"{path} is not on this machine")
    return path
