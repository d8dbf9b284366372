"""The demo company once for all tests of this folder, in either language."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from clawdbot.demo.environment import DemoEnvironment, prepare


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], DemoEnvironment]:
    """The demo's environment for a language; the company is built once."""
    folder = tmp_path_factory.mktemp("company")

    def environment(language: str) -> DemoEnvironment:
        return prepare(folder / "demo", language="zh" if language == "zh" else "en", app_home=folder / "home")

    return environment
