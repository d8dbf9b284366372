"""The demo's quarterly report, made by a planner, frozen, and run again: the same numbers, and no planner."""

from __future__ import annotations

import shutil
import sqlite3
import tomllib
from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pypdf
import pytest

from clawdbot.demo.checks import RegionSales, expected_sales
from clawdbot.demo.environment import DemoEnvironment
from clawdbot.workflows.definition import Definition
from clawdbot.workflows.definition_checks import check
from clawdbot.workflows.freezing.layout import laid_out
from tests.workflows.demo import Demo, demo, frozen_run, planner_of

Company = Callable[[str], DemoEnvironment]


def figures(at: Demo, result: Any) -> dict[str, float]:
    """Revenue by region in a run's first table."""
    (table, *_) = at.app.planner.workspace(result.run_id).tables()
    frame = at.app.planner.workspace(result.run_id).load_table(table.name)
    return {str(row[0]): round(float(row[1]), 2) for row in frame.itertuples(index=False)}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_frozen_report_gives_the_same_numbers_and_those_of_another_quarter_without_a_planner(
    company: Company, tmp_path: Path, language: Any
) -> None:
    with demo(tmp_path, language, [planner_of(language)] * 12, environment=company(language)) as at:
        planned = at.app.engine.start(at.environment.goal, user="ann")
        assert (planned.verdict, planned.missing) == ("verified", ())
        frozen = frozen_run(at.app, planned.run_id)
        text = laid_out(frozen.definition, comments=frozen.remarks)
        definition = Definition.model_validate(tomllib.loads(text))
        assert definition == frozen.definition
        assert check(definition, at.app.registry, contacts=at.app.config.mail.contacts) == ()

        asked, mailed = len(at.model.calls), len(at.sink.mails())
        again = at.run(definition)
        assert (again.status, again.verdict) == ("done", "verified")
        assert again.receipts[0]["sha256"] == planned.receipts[0]["sha256"]
        assert _asked_only_for_texts(at, asked)

        other = at.run(definition, period="2025-Q4")
        assert other.verdict == "verified"
        names = {"zh": "name_zh", "en": "name"}[language]
        expected = expected_sales(at.environment.database, date(2025, 10, 1), date(2026, 1, 1))
        assert figures(at, other) == {getattr(s, names): round(s.revenue, 2) for s in expected.values()}
        assert _asked_only_for_texts(at, asked)

        mails = at.sink.mails()[mailed:]
        assert [mail.to for mail in mails] == [("finance@example.com",)] * 2
        for run, mail, label in ((again, mails[0], "2026-Q3"), (other, mails[1], "2025-Q4")):
            files = {a["kind"]: Path(a["path"]) for a in run.artifacts}
            assert files["chart"].read_bytes().startswith(b"\x89PNG")
            assert [p.read_bytes() for p in mail.attachments] == [files["report"].read_bytes()]
            assert label in mail.subject
        printed = "".join(page.extract_text() for page in pypdf.PdfReader(files["report"]).pages)
        assert "2025-Q4" in printed and "2026" not in printed.split("2025-Q4")[0]
        for sales in expected.values():
            assert f"{sales.revenue:,.2f}" in printed


def _asked_only_for_texts(at: Demo, before: int) -> bool:
    """Since then the model was asked for texts alone: a planner's schema names tools."""
    return all("tool" not in str(call.schema) for call in at.model.calls[before:]) and len(at.model.calls) > before


def test_a_quarter_without_rows_is_told_and_nothing_is_invented(company: Company, tmp_path: Path) -> None:
    with demo(tmp_path, "en", [planner_of("en")] * 4, environment=company("en")) as at:
        frozen = frozen_run(at.app, at.app.engine.start(at.environment.goal, user="ann").run_id)
        asked = len(at.model.calls)
        result = at.run(frozen.definition, period="2031-Q1")
        assert (result.status, len(at.model.calls)) == ("done", asked)
        assert "No rows match." in result.answer and not any(c.isdigit() for c in result.answer.replace("2031-Q1", ""))
        assert "No rows match." in at.sink.mails()[-1].text
        assert not [a for a in result.artifacts if a["kind"] == "chart"]


def test_a_renamed_table_is_told_and_planned_anew_or_fails(company: Company, tmp_path: Path) -> None:
    source = company("en")
    moved = tmp_path / "moved.sqlite"
    shutil.copy(source.database, moved)
    databases = source.config.model_dump(mode="json", by_alias=True, exclude_unset=True)["databases"]
    databases["company"]["url"] = f"sqlite:///{moved}"
    with demo(tmp_path, "en", [planner_of("en")] * 20, environment=source, config={"databases": databases}) as at:
        frozen = frozen_run(at.app, at.app.engine.start(at.environment.goal, user="ann").run_id)
        with closing(sqlite3.connect(moved)) as connection:
            connection.execute("ALTER TABLE regions RENAME TO territories")
            connection.execute("ALTER TABLE territories RENAME COLUMN name TO region")
            connection.commit()
        strict = Definition.model_validate(_with_step(frozen.definition, on_drift="fail"))
        failed = at.run(strict)
        assert failed.verdict != "verified"
        assert "there is no table regions any more" in " ".join(s["observation"] for s in failed.steps)
        asked = len(at.model.calls)
        replanned = at.run(frozen.definition)
        assert replanned.verdict == "verified"
        assert any("tool" in str(call.schema) for call in at.model.calls[asked:])
        assert sorted(figures(at, replanned).values()) == sorted(round(s.revenue, 2) for s in _third_quarter(at))
        assert "there is no table regions any more" in str([s["notes"] for s in replanned.steps])


def _with_step(definition: Definition, **keys: Any) -> dict[str, Any]:
    body = definition.as_json()
    body["step"] = [{**step, **keys} if "stands_on" in step else step for step in body["step"]]
    return body


def _third_quarter(at: Demo) -> list[RegionSales]:
    return list(expected_sales(at.environment.database, date(2026, 7, 1), date(2026, 10, 1)).values())
