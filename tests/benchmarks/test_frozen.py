"""The measuring of frozen runs: all four runs are made, their numbers are right, and the table says what was found."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.frozen.__main__ import as_table, main
from benchmarks.frozen.measuring import OpenApp, measure
from clawdbot.app import App
from clawdbot.config import Config
from clawdbot.errors import UsageError
from clawdbot.knowledge.embedding.fake import HashEmbedder
from clawdbot.models.fake import Scripted, ScriptedChatModel
from clawdbot.models.interface import Rung
from clawdbot.models.ladder import Ladder
from tests.office import step
from tests.workflows.demo import planner_of


def opens(script: list[Scripted]) -> OpenApp:
    """A function that opens an App whose model plays the script."""

    def open_app(config: Config) -> App:
        chat = ScriptedChatModel(script=script)
        rung = Rung(name="scripted", provider="fake", model="scripted", chat=chat, context=16_384)
        return App(config, ladder=Ladder.of(rung), embedder=HashEmbedder())

    return open_app


def test_four_runs_with_the_right_numbers(tmp_path: Path) -> None:
    found = list(measure(tmp_path, "en", opens([planner_of("en")] * 8)))
    assert [f.what for f in found] == [
        "planner, 2026-Q3", "frozen, 2026-Q3", "frozen, 2025-Q4", "frozen without a model, 2025-Q4",
    ]  # fmt: skip
    assert all(f.right and f.verdict == "verified" for f in found)
    assert [f.asked for f in found] == [4, 1, 1, 0]
    lines = as_table(found).splitlines()
    assert len(lines) == 6 and "100 %" in lines[2]


def test_a_run_that_is_not_verified_is_not_measured(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="planner's run is"):
        list(measure(tmp_path, "en", opens([step("finish", answer="no")] * 8)))


def test_without_the_model_it_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--home", str(tmp_path), "--model", "nobody"]) == 2
    assert "nobody" in capsys.readouterr().err
