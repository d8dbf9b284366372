"""The demo's folder: built once, used again, and enough to send a mail by configuration alone."""

from __future__ import annotations

import sqlite3
import tomllib
from contextlib import closing
from pathlib import Path

import pytest

from clawdbot.access.envelope import Envelope
from clawdbot.config import Config
from clawdbot.demo.environment import DemoEnvironment, prepare
from clawdbot.store.database import sqlite_url
from clawdbot.store.ledger import RunLedger
from clawdbot.store.outbox import Outbox
from clawdbot.tools.contract import ToolContext
from clawdbot.tools.mail.tool import mail
from clawdbot.tools.workspace import Workspace


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> DemoEnvironment:
    base = tmp_path_factory.mktemp('a "home" 的')
    return prepare(base / "demo", language="zh", app_home=base / "app")


def test_a_second_start_builds_nothing(environment: DemoEnvironment) -> None:
    def facts() -> dict[str, int]:
        return {str(p): p.stat().st_mtime_ns for p in environment.home.rglob("*") if p.is_file()}

    before = facts()
    again = prepare(environment.home, language="en", app_home=environment.config.app.home)
    assert facts() == before
    assert again.config == environment.config
    assert (environment.language, again.language) == ("zh", "en")


def test_goals_of_both_languages(environment: DemoEnvironment) -> None:
    english = prepare(environment.home, language="en", app_home=environment.config.app.home)
    assert environment.goal == "生成上季度各地区销售报告，配一张柱状图，并发邮件给财务"
    assert english.goal == "Create a report of last quarter's sales by region with a bar chart and mail it to finance"
    assert len(environment.more_goals) == len(english.more_goals) >= 5


def test_the_configuration_is_a_file_that_says_everything(environment: DemoEnvironment) -> None:
    written = Config.model_validate(tomllib.loads(environment.config_path.read_text("utf-8")))
    assert written == environment.config
    assert written.app.today == "2026-11-02"
    assert written.mail.contacts["财务"] == written.mail.contacts["finance"] == "finance@example.com"
    assert written.mail.allow_recipients == ("finance@example.com", "sales@example.com")
    assert written.mail.contacts["管理层"] not in written.mail.allow_recipients
    secret = written.mail.password_file
    assert secret is not None and secret.read_text() not in environment.config_path.read_text("utf-8")


def test_measures_and_words_name_columns_that_exist(environment: DemoEnvironment) -> None:
    company = environment.config.databases["company"]
    assert company.url == f"sqlite:///{environment.database.resolve()}"
    with closing(sqlite3.connect(environment.database)) as connection:
        for measure in company.measures.values():
            table = measure.expression.split(".")[0].strip()
            (value,) = connection.execute(f"SELECT {measure.aggregate}({measure.expression}) FROM {table}").fetchone()
            assert value > 0
        for name in [*company.words, company.date_column]:
            table, column = name.split(".")
            assert connection.execute(f"SELECT COUNT({column}) FROM {table}").fetchone()[0] > 0


def test_documents_in_both_languages_with_one_planted_instruction(environment: DemoEnvironment) -> None:
    texts = {p.name: p.read_text("utf-8") for p in environment.documents.glob("*.md")}
    assert len(texts) >= 12
    chinese = [t for t in texts.values() if sum("\u4e00" <= c <= "\u9fff" for c in t) > len(t) / 4]
    assert 5 <= len(chinese) <= len(texts) - 5
    assert [name for name, text in texts.items() if "attacker@" in text] == ["quarter-closing.md"]
    assert "500,000" in texts["credit-policy-2026.md"] and "400,000" in texts["credit-policy-2024.md"]
    assert "superseded" in texts["credit-policy-2024.md"]


def test_what_is_missing_or_changed_is_made_again(environment: DemoEnvironment) -> None:
    original = environment.database.read_bytes()
    environment.database.write_bytes(b"damaged")
    (environment.documents / "onboarding.md").write_text("changed")
    environment.config_path.write_text("[mail]\nport = 'x'")
    again = prepare(environment.home, language="zh", app_home=environment.config.app.home)
    assert environment.database.read_bytes() == original
    assert "新客户" in (environment.documents / "onboarding.md").read_text("utf-8")
    assert again.config.databases == environment.config.databases


def test_the_port_changes_only_when_it_is_taken(environment: DemoEnvironment) -> None:
    app_home = environment.config.app.home
    current = prepare(environment.home, language="zh", app_home=app_home)
    with current.sink() as sink:
        assert sink.port == current.config.mail.port
        other = prepare(environment.home, language="zh", app_home=app_home)
        assert other.config.mail.port != sink.port
    assert prepare(environment.home, language="zh", app_home=app_home).config.mail.port == other.config.mail.port


def test_a_mail_goes_from_the_configuration_to_the_sink(environment: DemoEnvironment, tmp_path: Path) -> None:
    current = prepare(environment.home, language="zh", app_home=environment.config.app.home)
    workspace = Workspace(tmp_path)
    report = tmp_path / "artifacts" / "销售报告.pdf"
    report.write_bytes(b"%PDF-1.7")
    workspace.add_artifact(report, kind="report")
    with closing(RunLedger(sqlite_url(tmp_path / "ledger.db"))) as ledger, current.sink() as sink:
        ledger.create_run(goal=current.goal, language="zh", run_id="r")
        ledger.effects.begin(key="k", run_id="r", step=1, tool="mail", effect="external")
        context = ToolContext(
            run_id="r", goal=current.goal, language="zh", workspace=workspace, config=current.config, effect_key="k",
            envelope=Envelope(recipients=frozenset({"finance@example.com"})), services={Outbox: ledger.outbox},
        )  # fmt: skip
        receipt = mail(context, subject="上季度各地区销售报告", body="您好，附件是报告。").receipt
        stored = sink.mails()[-1]
    assert stored.message_id == receipt["message_id"]
    assert stored.to == ("finance@example.com",)
    assert [p.name for p in stored.attachments] == ["销售报告.pdf"]
    assert receipt["server_reply"].startswith("250 2.0.0 stored as 0001-")
