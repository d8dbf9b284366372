"""The tool end to end: real TeX in both languages, numbers that must be true, hostile values that stay text."""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pypdf import PdfReader

from clawdbot.access.envelope import Envelope
from clawdbot.config import Config
from clawdbot.errors import ConfigError, RetryableToolError, TerminalToolError
from clawdbot.tools.contract import RunView, ToolResult
from clawdbot.tools.report.engine import EngineName
from clawdbot.tools.report.tool import report
from clawdbot.tools.workspace import Workspace

MakeReport = Callable[..., ToolResult]


def text_of(result: ToolResult) -> str:
    """The document's text without white space, in which lines end anywhere."""
    pages = [page.extract_text() for page in PdfReader(result.artifacts[0].path).pages]
    return re.sub(r"\s+", "", "".join(pages))


def view(workspace: Workspace) -> RunView:
    return RunView(
        goal="g", language="en", deliverables=frozenset({"report"}), workspace=workspace, envelope=Envelope(),
        config=Config(),
    )  # fmt: skip


def test_an_english_report(
    make_report: MakeReport, sales: pd.DataFrame, picture: Callable[..., None], engine: EngineName
) -> None:
    picture("revenue")
    summary = "East leads with 1,234,567.89, ahead of North (987,654.30).\n\nWest is at -123,456: “returns” of 100 %."
    result = make_report(title="Sales & results, Q3 2024", summary=summary.replace(" of 100 %", ""),
                         settings={"engine": engine})  # fmt: skip
    text = text_of(result)
    for part in (
        "Sales&results,Q32024", "AuthorFinance", "Date5October2024", "Summary", "987,654.30", "“returns”",
        "Figure1Chartofrevenue", "Table1Revenuebyregion", "−123,456.00", "1,520", "Databaseshop", "Rows4",
        "note<>'paidFROMcash'", "RequestRevenuebyregioninQ32024", "Page1of",
    ):  # fmt: skip
        assert part in text
    artifact = result.artifacts[0]
    assert artifact.kind == "report"
    assert result.observation == f"Saved report {artifact.name} ({result.receipt['pages']} pages, 1 tables, 1 charts)."
    assert result.receipt == {
        "title": "Sales & results, Q3 2024", "pages": len(PdfReader(artifact.path).pages), "tables": ["by_region"],
        "charts": ["revenue.png"], "engine": engine, "artifact": artifact.name,
        "sha256": hashlib.sha256(Path(artifact.path).read_bytes()).hexdigest(),
    }  # fmt: skip


def test_a_chinese_report_can_be_searched(make_report: MakeReport, workspace: Workspace, engine: EngineName) -> None:
    frame = pd.DataFrame(
        {
            "地区": ["华东", "华北"],
            "销售额": [1234567.891, 987654.3],
            "月份": pd.to_datetime(["2024-07-01", "2024-09-01"]),
        }
    )
    workspace.save_table(
        frame, name="各地区", source="门店", sql="SELECT '华东' AS 地区", title="各地区销售额", truncated=True
    )
    summary = "第三季度华东销售额为1,234,567.89元（占55.6%），比华北高“25%”。"
    result = make_report(language="zh", title="2024年第三季度销售报告", summary=summary, settings={"engine": engine})
    text = text_of(result)
    for part in (
        "2024年第三季度销售报告", "摘要", summary, "数据期间2024年7月至2024年9月", "表1各地区销售额", "华北",
        "数据来源", "SELECT'华东'AS地区", "查询结果超过行数上限", "第1页，共",
    ):  # fmt: skip
        assert part in text
    assert result.artifacts[0].name == "2024年第三季度销售报告.pdf"
    assert PdfReader(result.artifacts[0].path).metadata.title == "2024年第三季度销售报告"  # type: ignore[union-attr]  # has one


def test_the_same_run_gives_the_same_bytes(make_report: MakeReport, sales: pd.DataFrame, engine: EngineName) -> None:
    first, second = (make_report(settings={"engine": engine}, title="报告 same") for _ in range(2))
    assert first.artifacts[0].sha256 == second.artifacts[0].sha256
    assert second.artifacts[0].name == "报告_same-2.pdf"


def test_long_and_wide_tables(make_report: MakeReport, workspace: Workspace, engine: EngineName) -> None:
    rows = 230
    long = pd.DataFrame({"HEADER": [f"row{i} " + "word " * (i % 23) for i in range(rows)], "amount": range(rows)})
    workspace.save_table(long, name="long")
    wide = pd.DataFrame({f"measure_{i}": [1234567.25, 7654321.5] for i in range(30)})
    workspace.save_table(wide, name="wide")
    workspace.save_table(pd.DataFrame({"a": []}), name="empty")
    workspace.save_table(pd.DataFrame(), name="nothing")
    reader = PdfReader(make_report(settings={"engine": engine}, goal="g").artifacts[0].path)
    pages = [page.extract_text() for page in reader.pages]
    for page in pages:
        row = re.search(r"\brow\d+", page)
        assert row is None or "HEADER" in page[: row.start()]
    everything = "".join(pages)
    assert "row199" in everything
    assert "row200" not in everything
    assert "The first 200 of 230 rows are shown." in everything
    assert "There are no rows." in everything
    assert "(part 2 of" in everything
    assert {page.rotation for page in reader.pages} == {0, 90}


TOKENS = [
    *"\\{}%#$&^~_|[*@aZ/ ",
    *(
        "^^5c",
        "\\input{/etc/passwd}",
        "\\write18{id}",
        "\\end{document}",
        "\\catcode`\\%=11",
        "\\\\[5cm]",
        "Z9",
        "季度",
        "é",
    ),
    *(
        "\\csname x\\endcsname",
        "\\def\\par{",
        "--",
        "''",
        "``",
        "?`",
        "<<",
        ">>",
        "&&",
        '"',
        ",,",
        "\\loop\\iftrue\\repeat",
    ),
    *("\\tabularnewline", "\\end{longtable}", "-5"),
]
UNPRINTABLE = ["\x00", "\x07", "\u202e", "\u200b", "\U0001f600", "\u0378", "\x1b[31m", "\ufeff", "\u0301", "עברית"]


def test_hostile_values_are_printed_and_change_nothing(
    make_report: MakeReport, workspace: Workspace, engine: EngineName, tmp_path: Path
) -> None:
    rng = random.Random(5)
    clean = ["".join(rng.choices(TOKENS, k=rng.randint(1, 6))) for _ in range(180)]
    odd = ["".join(rng.choices([*TOKENS, *UNPRINTABLE], k=8)) for _ in range(20)]
    values = [f"<{i}:{text}:{i}>" for i, text in enumerate([*clean, *odd])]
    frame = pd.DataFrame({"\\x{%": values})
    workspace.save_table(frame, name="t", title="\\end{longtable} %", source="$&#", sql="SELECT '\\input{x}' -- %^_")
    before = {p for p in tmp_path.rglob("*") if p.is_file()}
    hostile = "\\input{|id} ^^5cwrite %~ $x_{}$ \x00 \u202e"
    result = make_report(
        title=hostile, summary=hostile * 5, goal=hostile, settings={"engine": engine, "author": "}{\\"}
    )
    text = text_of(result)
    for value in values[:180]:
        assert re.sub(r"\s", "", value) in text
    assert "SELECT'\\input{x}'--%^_" in text
    made = {p.name for p in tmp_path.rglob("*") if p.is_file()} - {p.name for p in before}
    name = result.artifacts[0].name
    assert made == {name, f".{name}.json", "report.tex", "report.log"}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_memo_is_one_page(
    make_report: MakeReport, sales: pd.DataFrame, picture: Callable[..., None], language: str
) -> None:
    picture("a")
    picture("b", twin=False)
    result = make_report(
        language=language, settings={"template": "memo"}, tables=["by_region"], charts=["b.png", "a.png"]
    )
    assert result.receipt["pages"] == 1
    assert result.receipt["charts"] == ["b.png", "a.png"]


def test_a_template_of_ones_own(make_report: MakeReport, sales: pd.DataFrame, tmp_path: Path) -> None:
    folder = tmp_path / "templates"
    folder.mkdir()
    start = "\\documentclass{article}\n\\BLOCK{include '_base.tex.j2'}\n"
    page = start + "\\begin{document}\nOWN \\VAR{title}\n\\end{document}"
    (folder / "report.tex.j2").write_text(page)
    settings = {"templates": str(folder), "engine": "pdflatex"}
    assert "OWNSales_1" in text_of(make_report(settings=settings, title="Sales_1"))
    (folder / "report.tex.j2").write_text(page.replace("OWN", "\\nosuch"))
    with pytest.raises(TerminalToolError, match=r"line \d+ of report.tex: Undefined control sequence"):
        make_report(settings=settings)
    with pytest.raises(ConfigError, match="no report template 'gone'"):
        make_report(settings={"template": "gone"})


def test_invented_numbers_are_sent_back(make_report: MakeReport, sales: pd.DataFrame) -> None:
    with pytest.raises(RetryableToolError) as caught:
        make_report(title="Sales of 7,654,321", summary="East made 1,234,567.89, up 37.5%.")
    assert caught.value.message == "These numbers are in no saved table: 7,654,321, 37.5%."
    assert "by_region" in caught.value.hint


def test_nothing_to_report(make_report: MakeReport, sales: pd.DataFrame, picture: Callable[..., None]) -> None:
    with pytest.raises(RetryableToolError, match="nothing to report"):
        make_report(tables=[])
    with pytest.raises(RetryableToolError, match="by_region"):
        make_report(tables=["nosuch"])
    picture("a")
    with pytest.raises(RetryableToolError, match=r"'a\.pdf' is no chart"):
        make_report(charts=["a.pdf"])


def test_a_run_out_of_time_says_so(make_report: MakeReport, sales: pd.DataFrame) -> None:
    with pytest.raises(TerminalToolError, match="took too long"):
        make_report(settings={"timeout_s": 0.01})


def test_offered_when_there_is_something_and_narrowed_to_what_exists(
    workspace: Workspace, picture: Callable[..., None]
) -> None:
    assert not report.ready(view(workspace))
    picture("a")
    assert report.ready(view(workspace))
    narrowed = report.narrow(view(workspace), report.schema)
    assert set(narrowed["properties"]) == {"title", "summary"}
    for name in ("t", "u"):
        workspace.save_table(pd.DataFrame({"a": [1]}), name=name)
    narrowed = report.narrow(view(workspace), report.schema)
    items: dict[str, Any] = narrowed["properties"]["tables"]
    assert items["items"] == {"type": "string", "enum": ["t", "u"]}
    assert report.schema["properties"]["title"]["maxLength"] == 80
    assert (report.provides, report.effect) == ("report", "artifact")
