"""A person's folder: the shop's database, a configuration whose model plays a script, and the command line on it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from clawdbot.cli.__main__ import main
from tests.models.conftest import ollama
from tests.office import chart_step, query_step, step, write_shop

__all__ = ["ollama"]  # the fixture of the model tests: a server that speaks Ollama's API

GOAL = "Sales by region for Q3 2026 as a bar chart."
GOAL_ZH = "统计2026年第三季度各地区的销售额，画一张柱状图。"
MAIL_GOAL = "Sales by region for Q3 2026, mail it to boss@other.example."
CHART = [query_step(), chart_step(), step("finish", answer="North sold most.")]
ROWS_GOAL = "Sales by region for Q3 2026."
ROWS_GOAL_ZH = "2026年第三季度各地区的销售额是多少？"
ROWS = [query_step(), step("finish", answer="North sold most.")]
MAIL = [
    query_step(),
    step("mail", subject="Sales", body="Here are the sales by region."),
    step("finish", answer="North sold most."),
]

_CONFIG = """
[app]
home = "home"
today = "2026-11-02"
timezone = "UTC"
[models.script]
provider = "langchain"
model = "{model}"
context = 16384
cloud = false
options = {{ script = "{script}" }}
[planner]
free_sql = "choice"
[databases.shop]
url = "sqlite:///shop.sqlite"
date_column = "orders.ordered_on"
[databases.shop.measures.sales]
expression = "orders.amount"
words = ["sales", "销售额"]
[databases.shop.words]
"orders.region" = ["region", "地区"]
[mail]
host = "127.0.0.1"
port = {port}
security = "none"
from = "Clawdbot <bot@example.com>"
timeout_s = 5
"""


@dataclass
class Desk:
    """The folder, and the command line in this process or in one of its own."""

    folder: Path
    capture: pytest.CaptureFixture[str]
    port: int = 9
    model: str = "clawdbot.models.fake:ScriptedChatModel"

    @property
    def config(self) -> Path:
        return self.folder / "clawdbot.toml"

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def plays(self, script: Sequence[Any], *, more: str = "") -> None:
        """Let the model answer this; ``more`` is added to the configuration."""
        (self.folder / "script.json").write_text(json.dumps(list(script)))
        text = _CONFIG.format(model=self.model, script=self.folder / "script.json", port=self.port)
        self.config.write_text(text + more, "utf-8")

    def call(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, standard output and standard error, in this process."""
        self.capture.readouterr()
        code = main([*arguments, "--config", str(self.config)])
        said = self.capture.readouterr()
        return code, said.out, said.err

    def json(self, *arguments: str) -> tuple[int, Any]:
        """Exit code and the one JSON object."""
        code, out, _ = self.call(*arguments, "--json")
        return code, json.loads(out)

    def start(self, *arguments: str, **settings: Any) -> subprocess.Popen[str]:
        """A process of its own; ``settings`` are Popen's, ``env`` is added to the environment."""
        env = {**os.environ, "PYTHONPATH": str(self.folder), **settings.pop("env", {})}
        settings = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **settings}
        command = [sys.executable, "-m", "clawdbot", *arguments]
        return subprocess.Popen(
            command, cwd=self.folder, env=env, text=True, encoding="utf-8", errors="replace", **settings
        )


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:9")
    write_shop(tmp_path / "shop.sqlite")
    return Desk(folder=tmp_path, capture=capsys)
