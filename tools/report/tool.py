"""The tool ``report``: the run's charts and tables as a typeset PDF, with a summary whose numbers are checked."""

from __future__ import annotations

import copy
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, tzinfo
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import Field

from clawdbot.config import AppConfig
from clawdbot.errors import RetryableToolError
from clawdbot.text.language import Language
from clawdbot.tools.contract import RunView, Schema, ToolContext, ToolResult
from clawdbot.tools.decorator import tool
from clawdbot.tools.numbers import unsupported_numbers
from clawdbot.tools.report.document import Content, template_values
from clawdbot.tools.report.engine import find_engine
from clawdbot.tools.report.escape import escape
from clawdbot.tools.report.latex import JOB, Typeset, typeset
from clawdbot.tools.report.lettering import Lettering
from clawdbot.tools.report.template import render
from clawdbot.tools.workspace import Artifact, TableInfo, Workspace

KIND = "report"
CHART = "chart"
CHART_TWIN = "chart-pdf"
_MAX_TABLES = 20
_MAX_CHARTS = 20
_SHOWN: dict[Language, str] = {
    "zh": "将在任务文件夹中写入一份 PDF 报告\n标题：{title}\n作者：{author}\n"
    "表（行数）：{tables}\n图：{charts}\n\n{summary}",
    "en": "A PDF report will be written into the run's folder\nTitle: {title}\nAuthor: {author}\n"
    "Tables (rows): {tables}\nCharts: {charts}\n\n{summary}",
}


@tool(effect="artifact", provides="report")
def report(
    context: ToolContext,
    title: Annotated[str, Field(min_length=1, max_length=80)],
    summary: Annotated[str, Field(min_length=1, max_length=600)],
    tables: Annotated[list[str], Field(max_length=_MAX_TABLES)] | None = None,
    charts: Annotated[list[str], Field(max_length=_MAX_CHARTS)] | None = None,
) -> ToolResult:
    """Write a PDF report: title, summary, all charts, tables and sources of this run.

    title: title of the report
    summary: 2 to 5 sentences; use only numbers from the tables
    tables: tables to print; leave out for all
    charts: charts to print; leave out for all
    """
    infos = _chosen_tables(context.workspace, tables)
    figures = _chosen_charts(context.workspace, charts)
    if not infos and not figures:
        raise RetryableToolError("There is nothing to report yet.", hint="Query a table first.")
    frames = [context.workspace.load_table(info.name) for info in infos]
    _check_numbers(context, title, summary, infos)
    content = Content(
        title=title,
        summary=summary,
        goal=context.goal,
        author=context.config.report.author,
        day=_today(context.config.app),
        language=context.language,
        charts=figures,
        tables=tuple(zip(infos, frames, strict=True)),
    )
    engine, result, artifact = _produce(context, content)
    counts = f"{result.pages} pages, {len(infos)} tables, {len(figures)} charts"
    return ToolResult(
        observation=f"Saved report {artifact.name} ({counts}).",
        summary=f"Report {artifact.name}: {counts}",
        artifacts=(artifact,),
        receipt={
            "title": title,
            "pages": result.pages,
            "tables": [info.name for info in infos],
            "charts": [chart.name for chart in figures],
            "engine": engine,
            "artifact": artifact.name,
            "sha256": artifact.sha256,
        },
    )


@report.shown_by
def _shown(context: ToolContext, arguments: Mapping[str, Any]) -> str:
    tables = _chosen_tables(context.workspace, arguments.get("tables"))
    charts = _chosen_charts(context.workspace, arguments.get("charts"))
    return _SHOWN[context.language].format(
        title=arguments["title"],
        summary=arguments["summary"],
        author=context.config.report.author or "-",
        tables=", ".join(f"{t.name} ({t.rows:,})" for t in tables) or "-",
        charts=", ".join(c.name for c in charts) or "-",
    )


@report.when
def _ready(view: RunView) -> bool:
    return bool(view.workspace.tables() or view.workspace.artifacts(CHART))


@report.narrows
def _narrow(view: RunView, schema: Schema) -> Schema:
    """Enums of what exists; an argument with nothing to choose is taken away."""
    narrowed = copy.deepcopy(schema)
    choices = {
        "tables": [info.name for info in view.workspace.tables()],
        "charts": [chart.name for chart in view.workspace.artifacts(CHART)],
    }
    for name, names in choices.items():
        if len(names) < 2:
            del narrowed["properties"][name]
        else:
            items = {"type": "string", "enum": names}
            narrowed["properties"][name] |= {"items": items, "uniqueItems": True, "minItems": 1}
    return narrowed


def _chosen_tables(workspace: Workspace, names: Sequence[str] | None) -> tuple[TableInfo, ...]:
    if names is None:
        return workspace.tables()[-_MAX_TABLES:]
    return tuple(workspace.table(name) for name in dict.fromkeys(names))


def _chosen_charts(workspace: Workspace, names: Sequence[str] | None) -> tuple[Artifact, ...]:
    known = workspace.artifacts(CHART)
    if names is None:
        return known[-_MAX_CHARTS:]
    wanted = [workspace.artifact(name) for name in dict.fromkeys(names)]
    for artifact in wanted:
        if artifact.kind != CHART:
            hint = f"Charts: {', '.join(c.name for c in known) or 'none yet'}."
            raise RetryableToolError(f"{artifact.name!r} is no chart.", hint=hint)
    return tuple(wanted)


def _check_numbers(context: ToolContext, title: str, summary: str, infos: Sequence[TableInfo]) -> None:
    # All tables of the run count, for a summary may compare with one that is not printed.
    saved = context.workspace.tables()
    frames = [context.workspace.load_table(info.name) for info in saved]
    quotable = [context.goal, *(text for info in saved for text in (info.title, info.sql))]
    quotable += [str(receipt.get("summary", "")) for receipt in context.done if receipt.get("effect") == "read"]
    wrong = unsupported_numbers(f"{title}\n{summary}", frames, context=quotable)
    if wrong:
        names = ", ".join(info.name for info in infos) or "the saved tables"
        raise RetryableToolError(
            f"These numbers are in no saved table: {', '.join(wrong[:8])}.",
            hint=f"Copy numbers from {names} exactly, or leave them out of title and summary.",
        )


def _produce(context: ToolContext, content: Content) -> tuple[str, Typeset, Artifact]:
    """Typeset in a fresh folder of the run; source and log stay there, the PDF becomes an artifact."""
    config = context.config.report
    engine = find_engine(config.engine)
    lettering = Lettering(engine=engine.name, language=content.language)
    base = context.workspace.root / "latex"
    base.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="report-", dir=base))

    def plain(text: str) -> str:
        return escape(text, drawable=lettering.drawable)

    figures = _copy_figures(context.workspace, content.charts, folder)
    values = template_values(content, lettering, figures)
    source = render(config.template, values, escape=plain, folder=config.templates)
    (folder / f"{JOB}.tex").write_text(source, "utf-8")
    lettering.write(source, folder)
    seen = int(datetime(content.day.year, content.day.month, content.day.day, tzinfo=UTC).timestamp())
    result = typeset(folder, engine, timeout_s=min(config.timeout_s, context.remaining_s()), epoch=seen)
    path = context.workspace.artifact_path(content.title, suffix=".pdf")
    shutil.move(result.pdf, path)
    _keep_source_and_log(folder)
    return engine.name, result, context.workspace.add_artifact(path, kind=KIND, title=content.title)


def _copy_figures(workspace: Workspace, charts: Sequence[Artifact], folder: Path) -> list[Path]:
    """Charts under names without special characters; the vector twin where there is one."""
    twins = {Path(a.name).stem: a for a in workspace.artifacts(CHART_TWIN)}
    copied = []
    for number, chart in enumerate(charts, 1):
        original = Path(twins.get(Path(chart.name).stem, chart).path)
        copied.append(Path(shutil.copyfile(original, folder / f"figure{number}{original.suffix.lower()}")))
    return copied


def _keep_source_and_log(folder: Path) -> None:
    for path in folder.iterdir():
        if path.name not in (f"{JOB}.tex", f"{JOB}.log"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def _today(app: AppConfig) -> date:
    if app.today:
        return date.fromisoformat(app.today)
    zone: tzinfo | None = None if app.timezone == "local" else ZoneInfo(app.timezone)
    return datetime.now(zone).date()
