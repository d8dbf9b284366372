"""What acceptance stands on: the embedded model as it was pulled, and a home that is thrown away."""

from __future__ import annotations

from pathlib import Path

import pytest

from clawdbot.config import AppConfig
from clawdbot.models.catalog import DEFAULT_MODEL, model_file


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "acceptance: the main job with the real embedded model; takes a minute or two")


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh home that shares the pulled models."""
    person = AppConfig().home
    if not model_file(person, DEFAULT_MODEL).is_file():
        pytest.fail(f"There is no {model_file(person, DEFAULT_MODEL)}. run: clawdbot models pull", pytrace=False)
    fresh = tmp_path_factory.mktemp("home")
    (fresh / "models").symlink_to(person / "models", target_is_directory=True)
    return fresh
