"""The main job with the real embedded model: the quarterly report of the demo company, mailed to finance."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Literal

import pypdf
import pytest

from clawdbot.app import App
from clawdbot.demo.checks import expected_sales
from clawdbot.demo.environment import prepare
from clawdbot.models.catalog import DEFAULT_MODEL

pytestmark = pytest.mark.acceptance


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_report_is_made_and_mailed_and_its_numbers_are_those_of_direct_sql(
    home: Path, language: Literal["zh", "en"]
) -> None:
    demo = prepare(home / "demo", language=language, app_home=home)
    with demo.sink() as sink, App.open(demo.config, model=DEFAULT_MODEL) as app:
        before = len(sink.mails())
        result = app.engine.start(demo.goal, user="acceptance")
        mails = sink.mails()[before:]
        tables = [app.planner.workspace(result.run_id).load_table(str(r["table"])) for r in result.receipts[:1]]

    assert (result.verdict, result.missing) == ("verified", ())
    files = {a["kind"]: Path(a["path"]) for a in result.artifacts}
    assert files["chart"].read_bytes().startswith(b"\x89PNG")
    (mail,) = mails
    assert mail.to == ("finance@example.com",)
    assert [p.read_bytes() for p in mail.attachments if p.suffix == ".pdf"] == [files["report"].read_bytes()]

    expected = expected_sales(demo.database, date(2026, 7, 1), date(2026, 10, 1))
    revenue = tables[0].select_dtypes("number").iloc[:, 0]
    assert sorted(revenue.round(2)) == sorted(round(s.revenue, 2) for s in expected.values())
    names = set(tables[0].select_dtypes(exclude="number").iloc[:, 0])
    assert names in ({s.name for s in expected.values()}, {s.name_zh for s in expected.values()})
    printed = "".join(page.extract_text() for page in pypdf.PdfReader(files["report"]).pages)
    for sales in expected.values():
        assert f"{sales.revenue:,.2f}" in printed
