"""``clawdbot runs --costs``: sums by run and model, of today and the month, in both languages at any width."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from rich.cells import cell_len
from rich.console import Console

from clawdbot.cli.costs import cost_report
from clawdbot.cli.costs_view import print_costs
from clawdbot.cli.wording import Language, Words
from clawdbot.config import BudgetConfig, Config
from clawdbot.config_file import load
from clawdbot.models.spending.budget import Budgets
from clawdbot.models.spending.day import day_in
from clawdbot.store.database import Database, ledger_url
from clawdbot.store.spending import SpendingLedger
from tests.cli.conftest import ROWS, Desk
from tests.cli.routed import CLOUD, CODER, GOAL, GOAL_ZH, RUN, attempt, keep, story

LATER = "20261103-080000-cd34ef"
AT_LATER = "2026-11-03T08:00:00.000000+00:00"


@pytest.fixture
def config(desk: Desk) -> Config:
    """Two runs: one that went up to the cloud, one that stayed here, and money of today."""
    desk.plays(ROWS, more="\n[budget]\nday_usd = 5\n")
    config = load(desk.config)
    records, attempts = story()
    keep(config, records, attempts)
    keep(config, [], [replace(attempt(1), at=AT_LATER)], goal=GOAL_ZH, language="zh", run_id=LATER)
    return config


def spend(config: Config) -> None:
    """A call of today that is paid, one of this month, and one under way."""
    today = day_in("UTC")()
    other = date.fromisoformat(today).replace(day=1 if today[8:] != "01" else 2).isoformat()
    database = Database(ledger_url(config))
    days = iter((today, other, today))
    budgets = Budgets(SpendingLedger(database), BudgetConfig(), day=lambda: next(days))
    paid, earlier, _ = (
        budgets.reserve(run_id=RUN, step=1, user="amy", model=CLOUD, usd=Decimal(usd))
        for usd in ("0.25", "0.5", "0.125")
    )
    budgets.settle(paid, spent=Decimal("0.25"))
    budgets.settle(earlier, spent=Decimal("0.5"))
    database.close()


def test_sums_by_run_and_model(desk: Desk, config: Config) -> None:
    spend(config)
    code, found = desk.json("runs", "--costs")
    assert code == 0
    assert [(run["id"], run["goal"]) for run in found["runs"]] == [(LATER, GOAL_ZH), (RUN, GOAL)]
    stayed, went_up = found["runs"]
    assert (stayed["steps"], stayed["local_share"], stayed["spent_usd"]) == (1, 1.0, "0")
    assert (went_up["steps"], went_up["local_steps"], went_up["cloud_steps"]) == (5, 3, 1)
    assert (went_up["local_share"], went_up["kept_answers"]) == (0.75, 1)
    assert Decimal(went_up["spent_usd"]) == Decimal("0.00041")
    assert Decimal(went_up["all_cloud_usd"]) == Decimal("0.0051") * 5
    assert [model["model"] for model in found["models"]] == [CLOUD, CODER]
    assert found["total"]["steps"] == 6
    for name in ("steps", "attempts", "prompt_tokens", "cached_tokens", "completion_tokens"):
        assert found["total"][name] == sum(run[name] for run in found["runs"])
    assert found["total"]["prompt_tokens"] == sum(model["prompt_tokens"] for model in found["models"])
    today = found["today"]
    assert (Decimal(today["spent_usd"]), Decimal(today["reserved_usd"])) == (Decimal("0.25"), Decimal("0.125"))
    assert today["limit_usd"] == "5"
    assert Decimal(found["month"]["spent_usd"]) == Decimal("0.75") and found["month"]["month"] == today["day"][:7]


def test_only_the_newest_runs(desk: Desk, config: Config) -> None:
    assert [run["id"] for run in desk.json("runs", "--costs", "--limit", "1")[1]["runs"]] == [LATER]


def test_before_any_model_was_asked(desk: Desk) -> None:
    desk.plays(ROWS)
    code, out, _ = desk.call("runs", "--costs")
    assert code == 0 and "No step" in out
    found = desk.json("runs", "--costs")[1]
    assert found["runs"] == found["models"] == [] and found["total"]["local_share"] is None
    assert found["today"]["limit_usd"] is None


def printed(config: Config, language: Language, width: int) -> str:
    stream = io.StringIO()
    print_costs(Console(file=stream, width=width), cost_report(config, limit=20), Words(language))
    return stream.getvalue()


@pytest.mark.parametrize("width", [30, 79, 80, 160])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_it_reads_at_any_width_in_both_languages(config: Config, language: Language, width: int) -> None:
    text = printed(config, language, width)
    assert max(cell_len(line) for line in text.splitlines()) <= width
    flat = "".join(text.split())
    for said in (RUN, LATER, CODER, CLOUD, "75%", "0.0255", "0.0004", "99%"):
        assert said in flat
    assert ("今天" in flat and "上限5.00美元" in flat) if language == "zh" else "limit5.00USD" in flat


def test_the_command_prints_for_people(desk: Desk, config: Config) -> None:
    code, out, _ = desk.call("runs", "--costs")
    assert code == 0 and "All cloud" in out and "Today" in out


def test_without_a_limit_and_with_dear_local_models_nothing_is_promised(desk: Desk) -> None:
    desk.plays(ROWS)
    config = load(desk.config)
    dear = replace(attempt(1), spent_usd=Decimal("0.2"), all_cloud_usd=Decimal("0.1"))
    keep(config, [], [dear])
    text = printed(config, "en", 100)
    assert "saved" not in text and "limit" not in text


def test_a_run_whose_record_is_gone_still_counts(desk: Desk, config: Config) -> None:
    database = Database(ledger_url(config))
    with database.write() as connection:
        connection.exec_driver_sql(f"DELETE FROM steps WHERE run_id = '{RUN}'")
        connection.exec_driver_sql(f"DELETE FROM runs WHERE id = '{RUN}'")
    database.close()
    assert [run["goal"] for run in desk.json("runs", "--costs")[1]["runs"]] == [GOAL_ZH, ""]
