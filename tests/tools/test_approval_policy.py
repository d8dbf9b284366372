"""What the configuration wants approved, and exactly what a person then reads."""

from __future__ import annotations

import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import pytest

from clawdbot.access.envelope import Envelope
from clawdbot.config import Config
from clawdbot.errors import ApprovalNeeded, ConfigError, PolicyRefused, UsageError
from clawdbot.store.database import sqlite_url
from clawdbot.store.ledger import RunLedger
from clawdbot.tools.approval_policy import ApprovalPolicy
from clawdbot.tools.database.databases import Databases
from clawdbot.tools.executor import Executor, Outcome, RunFrame
from clawdbot.tools.question import Question
from clawdbot.tools.registry import Registry
from clawdbot.tools.workspace import Workspace
from tests.office import BY_REGION, office_config, write_shop


@pytest.mark.parametrize(
    ("tool", "effect", "asks", "spent", "cause"),
    [
        ("query", "read", None, "9", None),
        ("mail", "external", True, "0", "tool"),
        ("mail", "external", False, "0.99", None),
        ("mail", "external", False, "1", "cost"),
        ("post", "external", None, "0", "external"),
        ("known", "external", None, "0", None),
        ("known", "external", None, "1.5", "cost"),
        ("sql", "read", None, "0", "required"),
        ("sql", "read", False, "0", "required"),
        ("chart", "artifact", None, "5", None),
    ],
)
def test_the_first_reason_that_holds(tool: str, effect: Any, asks: bool | None, spent: str, cause: str | None) -> None:
    policy = ApprovalPolicy(require=frozenset({"sql"}), trusted=frozenset({"known"}), over_usd=Decimal(1))
    assert policy.cause(tool, effect, asks=asks, spent_usd=Decimal(spent)) == cause


def test_without_a_limit_no_cost_is_asked_about() -> None:
    assert ApprovalPolicy().cause("mail", "external", asks=False, spent_usd=Decimal(10**6)) is None


def test_a_name_that_no_tool_has_is_an_error_with_the_nearest(desk: Desk) -> None:
    with pytest.raises(ConfigError, match=r"require names 'maill'.*The nearest is 'mail'"):
        desk.executor({"require": ["query", "maill"]})
    desk.executor({"require": ["export", "knowledge_changes"]})


class Desk:
    """The office's tools in one run, on a real ledger and database."""

    def __init__(self, home: Path) -> None:
        self.home = home
        write_shop(home / "shop.sqlite")
        self.ledger = RunLedger(sqlite_url(home / "ledger.db"))
        self.ledger.create_run(goal="g", language="en", run_id="r1")
        self.room = Workspace(home / "run")
        self.room.save_table(pd.DataFrame({"region": ["North"], "sales": [5500.25]}), name="sales", source="shop")

    def executor(self, rules: dict[str, Any]) -> Executor:
        config = office_config(self.home, port=9, approvals=rules)
        return Executor(Registry.load(config), config, self.ledger, {Databases: Databases(config)})

    def frame(self, *, language: Literal["zh", "en"] = "en", spent: str = "0") -> RunFrame:
        fence = Envelope(
            tools=frozenset({"sql", "query", "mail", "chart", "report", "export"}), databases=frozenset({"shop"}),
            recipients=frozenset({"finance@example.com"}), allow_recipients=("*@example.com",),
        )  # fmt: skip
        return RunFrame(
            run_id="r1", goal="Sales by region for Q3 2026", language=language, workspace=self.room, envelope=fence,
            deadline=time.monotonic() + 600, hints={"question": "Sales by region"}, spent_usd=Decimal(spent),
        )  # fmt: skip

    def call(self, rules: dict[str, Any], tool: str, frame: RunFrame | None = None, /, **args: Any) -> Outcome:
        return self.executor(rules).call(tool, args, run=frame or self.frame(), step=1)

    def asked(self, tool: str, frame: RunFrame | None = None, /, **args: Any) -> ApprovalNeeded:
        with pytest.raises(ApprovalNeeded) as needed:
            self.call({"require": [tool]}, tool, frame, **args)
        return needed.value

    def question(self, tool: str, **args: Any) -> Question:
        return self.executor({}).question(tool, args, run=self.frame(), step=1)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.ledger.close()


def test_of_a_query_the_sql_that_will_run_is_shown(desk: Desk) -> None:
    written = desk.asked("sql", sql=BY_REGION, title="sales").payload
    assert written.startswith("Run: r1; cost so far: 0.00 USD\nAsked because [approvals] require names sql.\n\n")
    assert "Database: shop (label: internal)" in written and "GROUP BY" in written
    typed = desk.asked("query", measures=["sales"], by=["orders.region"])
    assert "SUM(" in typed.payload and "Database: shop" in typed.payload, "compiled as it will run"
    assert typed.arguments == {"measures": ["sales"], "by": ["orders.region"]}
    chinese = desk.asked("sql", desk.frame(language="zh"), sql=BY_REGION, title="sales").payload
    assert chinese.startswith("任务：r1；目前费用：0.00 USD\n原因：[approvals] require 列出了 sql。")
    assert "将执行的 SQL" in chinese and "密级：internal" in chinese


def test_what_the_guard_refuses_is_not_even_asked(desk: Desk) -> None:
    refused = desk.call({"require": ["sql"]}, "sql", sql="DELETE FROM orders", title="x")
    assert refused.error_kind == "retryable"


def test_of_files_what_would_be_written_is_shown(desk: Desk) -> None:
    exported = desk.asked("export", table="sales", format="csv").payload
    assert "A csv file will be written" in exported and "Columns: region, sales" in exported
    drawn = desk.asked("chart", table="sales", kind="bar", x="region", y=["sales"], title="Sales").payload
    assert "Table: sales (1 rows)" in drawn and "y: sales" in drawn and "title: Sales" in drawn
    report = desk.asked("report", title="Q3", summary="North leads.").payload
    assert "Title: Q3" in report and "Tables (rows): sales (1)" in report and "North leads." in report


def test_once_a_run_has_cost_enough_allowed_receivers_are_asked_about_too(desk: Desk) -> None:
    text = {"subject": "Sales", "body": "See the table."}
    with pytest.raises(ApprovalNeeded) as asked:
        desk.call({"over_usd": "0.5"}, "mail", desk.frame(spent="0.5"), **text)
    assert "cost so far: 0.5000 USD" in asked.value.payload
    assert "the run has cost [approvals] over_usd (0.5000 USD)" in asked.value.payload
    assert "<finance@example.com>" in asked.value.payload and "See the table." in asked.value.payload


def test_what_it_has_cost_is_shown_and_not_what_is_approved(desk: Desk) -> None:
    text = {"subject": "Sales", "body": "See the table."}
    dear, dearer = (desk.asked("mail", desk.frame(spent=spent), **text) for spent in ("0.5", "0.6"))
    assert dear.payload != dearer.payload and dear.payload_hash == dearer.payload_hash


def test_a_question_is_checked_as_the_call_is(desk: Desk) -> None:
    good = desk.question("mail", subject="Hello", body="See the table.", to=["finance@example.com"])
    assert "Subject: Hello" in good.payload and good.args["subject"] == "Hello"
    with pytest.raises(PolicyRefused, match=r"'eve@evil\.example' is not a recipient"):
        desk.question("mail", subject="Hello", body="See the table.", to=["eve@evil.example"])
    with pytest.raises(UsageError, match="Wrong arguments for mail: subject is missing"):
        desk.question("mail", body="See the table.")
    with pytest.raises(UsageError, match="occur in no result: 9,999"):
        desk.question("mail", subject="Hello", body="North sold 9,999.")
    assert desk.ledger.effects.of_run("r1") == ()


def test_the_configuration_is_read(tmp_path: Path) -> None:
    config = Config.model_validate({"approvals": {"require": ["sql"], "over_usd": "2.5"}, "tools": {"trusted": ["x"]}})
    policy = ApprovalPolicy.of(config, ["sql"])
    assert policy == ApprovalPolicy(require=frozenset({"sql"}), trusted=frozenset({"x"}), over_usd=Decimal("2.5"))
