"""What a report says: the run's charts, tables and sources as the values that a template prints."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from clawdbot.tools.report.cells import format_columns
from clawdbot.tools.report.escape import CELL_LIMIT, escape, escape_code, escape_paragraphs
from clawdbot.tools.report.layout import MAX_ROWS, lay_out
from clawdbot.tools.report.lettering import FILE, Lettering
from clawdbot.tools.report.table_tex import table_source
from clawdbot.tools.report.template import Tex
from clawdbot.tools.report.words import WORDS, Language, written_date, written_period
from clawdbot.tools.workspace import Artifact, TableInfo

SQL_LIMIT = 4000
_CLAUSES = re.compile(
    r"\s+(?=(?:FROM|(?:LEFT |RIGHT |FULL |INNER |CROSS )?JOIN|WHERE|GROUP BY|HAVING|ORDER BY|LIMIT)\b)"
)


@dataclass(frozen=True, kw_only=True)
class Content:
    """The text and the parts of one report, before typesetting."""

    title: str
    summary: str
    goal: str
    author: str
    day: date
    language: Language
    charts: tuple[Artifact, ...]
    """PNG artifacts, each perhaps with a PDF twin."""
    tables: tuple[tuple[TableInfo, pd.DataFrame], ...]


def template_values(content: Content, lettering: Lettering, figures: Sequence[Path]) -> dict[str, Any]:
    """The values of a template; ``figures`` are the charts' files inside the document's folder."""
    drawable, language = lettering.drawable, content.language
    charts = [
        {"number": i, "title": chart.title or Path(chart.name).stem, "file": Tex(figure.name)}
        for i, (chart, figure) in enumerate(zip(content.charts, figures, strict=True), 1)
    ]
    tables = [_table(i, info, frame, lettering) for i, (info, frame) in enumerate(content.tables, 1)]
    return {
        "title": content.title,
        "summary": Tex(escape_paragraphs(content.summary, drawable=drawable)),
        "goal": content.goal,
        "author": content.author,
        "date": written_date(content.day, language),
        "period": data_period([frame for _, frame in content.tables], language),
        "language": language,
        "words": WORDS[language],
        "lettering": Tex(f"\\input{{{FILE}}}"),
        "metadata": Tex(_metadata(content, lettering)),
        "charts": charts,
        "tables": tables,
        "sources": [_source(i, info, lettering) for i, (info, _) in enumerate(content.tables, 1)],
    }


def data_period(frames: Sequence[pd.DataFrame], language: Language) -> str:
    """From the earliest to the latest date in the first date column of each table; empty when there is none."""
    days: list[date] = []
    for frame in frames:
        for column in frame.columns:
            if pd.api.types.is_datetime64_any_dtype(frame[column]) and frame[column].notna().any():
                days += [frame[column].min().date(), frame[column].max().date()]
                break
    return written_period(min(days), max(days), language) if days else ""


def _table(number: int, info: TableInfo, frame: pd.DataFrame, lettering: Lettering) -> dict[str, Any]:
    language = lettering.language
    words = WORDS[language]
    columns = format_columns(info, frame.head(MAX_ROWS), language)
    blocks = lay_out(columns)

    def cell(text: str) -> str:
        return escape(text, drawable=lettering.drawable, limit=CELL_LIMIT)

    notes = []
    if info.rows > MAX_ROWS:
        notes.append(words["cut"].format(shown=MAX_ROWS, rows=f"{info.rows:,}"))
    if info.truncated:
        notes.append(words["truncated"].format(rows=f"{info.rows:,}"))
    if not info.rows:
        notes.append(words["empty"])
    parts = []
    for i, block in enumerate(blocks, 1):
        part = words["part"].format(number=i, count=len(blocks)) if len(blocks) > 1 else ""
        source = table_source(
            columns,
            block,
            cell,
            label=f"{words['table']} {number}",
            title=f"{_title(info)} {part}".strip(),
            continued=words["continued"],
        )
        # Parts that are turned share pages, so the first turns the page and the last one turns it back.
        turns, returns = block.landscape and i == 1, block.landscape and i == len(blocks)
        parts.append({"source": Tex(source), "landscape": block.landscape, "turns": turns, "returns": returns})
    return {"number": number, "title": _title(info), "rows": info.rows, "notes": notes, "parts": parts}


def _source(number: int, info: TableInfo, lettering: Lettering) -> dict[str, Any]:
    words = WORDS[lettering.language]
    return {
        "number": number,
        "title": _title(info),
        "database": info.source,
        "rows": f"{info.rows:,}",
        "sha256": info.sha256,
        "query": Tex(escape_code(_wrapped(info.sql), drawable=lettering.drawable, limit=SQL_LIMIT)),
        "note": words["truncated"].format(rows=f"{info.rows:,}") if info.truncated else "",
    }


def _title(info: TableInfo) -> str:
    return info.title or info.name


def _wrapped(sql: str) -> str:
    """A statement of one line with its clauses on lines of their own; quoted text stays as it is."""
    if "\n" in sql.strip():
        return sql.strip()
    parts = re.split(r"('(?:[^']|'')*'|\"[^\"]*\")", sql.strip())
    return "".join(part if i % 2 else _CLAUSES.sub("\n", part) for i, part in enumerate(parts))


def _metadata(content: Content, lettering: Lettering) -> str:
    """Title and author of the file as UTF-16 in hexadecimal: nothing in it can be TeX or PDF."""
    fields = {"Title": content.title, "Author": content.author, "Creator": "Clawdbot"}
    body = " ".join(
        f"/{key} <FEFF{value.encode('utf-16-be', 'replace').hex().upper()}>" for key, value in fields.items() if value
    )
    if lettering.engine == "pdflatex":
        return f"\\pdfinfo{{{body}}}"
    # A special must stand on a page, or XeTeX drops it.
    return f"\\AtBeginDocument{{\\special{{pdf:docinfo <<{body}>>}}}}"
