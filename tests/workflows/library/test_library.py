"""The workflows that ship with Clawdbot, each run for real on the demo company, in both languages."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pypdf
import pytest

from clawdbot.demo.checks import expected_sales
from clawdbot.demo.environment import DemoEnvironment, prepare
from clawdbot.workflows.catalogue import Workflows
from clawdbot.workflows.definition import Definition
from tests.workflows.demo import Demo, Language, demo, texts

NAMES = ("data_quality_check", "overdue_invoices_reminder", "quarterly_report", "weekly_knowledge_digest")
Open = Callable[..., Any]


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Language], DemoEnvironment]:
    folder = tmp_path_factory.mktemp("company")
    return lambda language: prepare(folder / "demo", language=language, app_home=folder / "home")


@pytest.fixture
def opened(company: Callable[[Language], DemoEnvironment], tmp_path: Path) -> Open:
    """``opened(language)``: the demo, and its workflows by name."""

    @contextmanager
    def made(language: Language = "en") -> Iterator[tuple[Demo, Mapping[str, Definition]]]:
        with demo(tmp_path, language, [texts] * 4, environment=company(language)) as at:
            shipped = Workflows(at.app.config, at.app.registry, at.app.ledger)
            found = {one.name: one.definition for one in shipped.all() if one.origin == "library"}
            assert tuple(found) == NAMES
            yield at, {name: d for name, d in found.items() if d is not None}

    return made


def test_the_quarterly_report_runs_out_of_the_box(opened: Open) -> None:
    with opened("en") as (at, library):
        before = len(at.sink.mails())
        result = at.run(library["quarterly_report"], recipients=["finance"], period="2025-Q4")
        assert (result.status, result.verdict, result.missing) == ("done", "verified", ())
        expected = expected_sales(at.environment.database, date(2025, 10, 1), date(2026, 1, 1))
        workspace = at.app.planner.workspace(result.run_id)
        groups = workspace.load_table(result.receipts[0]["table"] if result.receipts[0]["rows"] == 6 else "")
        assert {str(r[0]): round(float(r[1]), 2) for r in groups.itertuples(index=False)} == {
            s.name: round(s.revenue, 2) for s in expected.values()
        }
        (mail,) = at.sink.mails()[before:]
        assert mail.to == ("finance@example.com",) and mail.subject == "Quarterly report 2025-Q4"
        printed = "".join(page.extract_text() for page in pypdf.PdfReader(mail.attachments[0]).pages)
        assert all(f"{s.revenue:,.2f}" in printed for s in expected.values())
        assert len([a for a in result.artifacts if a["kind"] == "chart"]) == 2
        assert len(at.model.calls) == 1


def test_the_quarterly_report_in_chinese_without_a_model_and_without_rows(opened: Open) -> None:
    with opened("zh") as (at, library):
        before = len(at.sink.mails())
        result = at.run(library["quarterly_report"], language="zh", model=False, period="2031年第一季度")
        assert result.verdict == "verified" and not at.model.calls
        assert "没有符合条件的数据" in result.answer
        assert [a["name"] for a in result.artifacts] == ["季度报告_2031-Q1.pdf"]
        assert len(at.sink.mails()) == before


def test_another_measure_and_another_group(opened: Open) -> None:
    with opened("en") as (at, library):
        result = at.run(
            library["quarterly_report"],
            measure="units_sold",
            dimension="categories.name",
            model=False,
            period="2026-08",
        )
        assert result.verdict == "verified"
        with closing(sqlite3.connect(at.environment.database)) as connection:
            expected = connection.execute(
                "SELECT SUM(quantity) FROM order_lines JOIN orders ON orders.id = order_id"
                " WHERE order_date >= '2026-08-01' AND order_date < '2026-09-01'"
            ).fetchone()[0]
        assert f"{expected:,}" in result.answer


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_digest_lists_what_changed_in_the_documents(opened: Open, language: Language) -> None:
    with opened(language) as (at, library):
        at.app.knowledge.ingest()
        policy = at.environment.documents / "discount-policy.md"
        whole = policy.read_text("utf-8")
        before = len(at.sink.mails())
        try:
            policy.write_text(whole + "\nDiscounts on Mondays need no approval at all.\n", "utf-8")
            at.app.knowledge.ingest()
            (at.environment.documents / "travel-policy.md").unlink()
            at.app.knowledge.ingest()
            result = at.run(library["weekly_knowledge_digest"], language=language, recipients=["finance"], quotes=3)
        finally:
            policy.write_text(whole, "utf-8")
        assert result.verdict == "verified" and not at.model.calls
        (mail,) = at.sink.mails()[before:]
        changes = ("新增", "删除") if language == "zh" else ("new", "removed")
        assert all(f": {change}" in mail.text for change in changes)
        assert "discount-policy.md" in mail.text and "travel-policy.md" in mail.text
        assert mail.subject == ("知识库周报" if language == "zh" else "Knowledge digest")


def test_no_change_no_mail_unless_it_is_wanted(opened: Open) -> None:
    with opened("en") as (at, library):
        before = len(at.sink.mails())
        quiet = at.run(library["weekly_knowledge_digest"], days=0, recipients=["finance"])
        assert quiet.verdict == "verified" and len(at.sink.mails()) == before
        at.run(library["weekly_knowledge_digest"], days=0, recipients=["finance"], always=True)
        assert "0 documents are new" in at.sink.mails()[-1].text and len(at.sink.mails()) == before + 1


def test_the_data_check_reports_what_is_wrong_and_only_then(opened: Open) -> None:
    with opened("en") as (at, library):
        before = len(at.sink.mails())
        result = at.run(library["data_quality_check"], recipients=["finance"], tables="customers, orders")
        assert result.verdict == "verified"
        (mail,) = at.sink.mails()[before:]
        printed = "".join(page.extract_text() for page in pypdf.PdfReader(mail.attachments[0]).pages)
        assert "missing values" in printed and "shipped_date" in printed
        assert "findings" in result.answer
        fine = at.run(library["data_quality_check"], language="zh", recipients=["finance"], tables="regions")
        assert fine.verdict == "verified" and "没有发现问题" in fine.answer
        assert len(at.sink.mails()) == before + 1
        ignored = at.run(
            library["data_quality_check"], tables="customers", ignore="customers.email:missing", always=True,
            recipients=["finance"],
        )  # fmt: skip
        assert ignored.verdict == "verified" and at.sink.mails()[-1].text.strip() == "Nothing is wrong."


@pytest.mark.parametrize("language", ["zh", "en"])
def test_each_customer_is_reminded_of_their_own_invoices_after_a_yes(opened: Open, language: Language) -> None:
    with opened(language) as (at, library):
        before = len(at.sink.mails())
        asked: list[Mapping[str, Any]] = []

        def approver(request: Mapping[str, Any]) -> bool:
            asked.append(request)
            return True

        reminder = library["overdue_invoices_reminder"]
        inputs = {"language": language, "most": 3, "as_of": "2026-10-31", "contact": "ar@example.com"}
        waiting = at.run(reminder, **inputs)
        assert waiting.status == "waiting" and len(at.sink.mails()) == before
        result = at.run(reminder, approver=approver, **inputs)
        assert (result.status, result.verdict) == ("done", "verified")
        assert len(asked) == 1
        mails = at.sink.mails()[before:]
        assert len(mails) == 3
        owed = _owed(at.environment.database)
        for mail in mails:
            assert mail.to[0] in asked[0]["payload"] and "ar@example.com" in mail.text
            own, others = owed[mail.to[0]], [i for to, i in owed.items() if to != mail.to[0]]
            lines = [line for line in mail.text.splitlines() if line.startswith("- ")]
            said = {int(line.split("invoice: ")[1].split(",")[0]) for line in lines}
            assert said == own and not said & set().union(*others)


def _owed(database: Path) -> dict[str, set[int]]:
    """Invoices that are overdue by 30 days, by the address of who owes them."""
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute(
            "SELECT customers.email, invoices.id FROM invoices JOIN orders ON orders.id = order_id"
            " JOIN customers ON customers.id = customer_id"
            " WHERE invoices.status <> 'paid' AND due_on <= '2026-10-01' AND email IS NOT NULL"
        ).fetchall()
    found: dict[str, set[int]] = {}
    for email, invoice in rows:
        found.setdefault(email.lower(), set()).add(invoice)
    return found
