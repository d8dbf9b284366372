"""The words that a report says by itself, in its language."""

from __future__ import annotations

from datetime import date
from typing import Literal

Language = Literal["zh", "en"]

WORDS: dict[Language, dict[str, str]] = {
    "zh": {
        "summary": "摘要",
        "charts": "图表",
        "tables": "数据",
        "sources": "数据来源",
        "figure": "图",
        "table": "表",
        "page": "第",
        "of": "页，共",
        "pages": "页",
        "author": "撰写",
        "date": "日期",
        "period": "数据期间",
        "request": "任务",
        "database": "数据库",
        "rows": "行数",
        "hash": "SHA-256",
        "query": "查询",
        "continued": "（续）",
        "part": "（第 {number} 部分，共 {count} 部分）",
        "cut": "此处列出前 {shown} 行，共 {rows} 行。",
        "truncated": "查询结果超过行数上限，仅保留了前 {rows} 行。",
        "empty": "没有数据行。",
        "yes": "是",
        "no": "否",
        "sources_note": "报告中的每个数字都出自下列查询结果。",
    },
    "en": {
        "summary": "Summary",
        "charts": "Charts",
        "tables": "Data",
        "sources": "Sources",
        "figure": "Figure",
        "table": "Table",
        "page": "Page",
        "of": "of",
        "pages": "",
        "author": "Author",
        "date": "Date",
        "period": "Period of the data",
        "request": "Request",
        "database": "Database",
        "rows": "Rows",
        "hash": "SHA-256",
        "query": "Query",
        "continued": "(continued)",
        "part": "(part {number} of {count})",
        "cut": "The first {shown} of {rows} rows are shown.",
        "truncated": "The query gave more rows than are kept; these are the first {rows}.",
        "empty": "There are no rows.",
        "yes": "Yes",
        "no": "No",
        "sources_note": "Every figure in this report comes from the results of these queries.",
    },
}

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


def written_date(day: date, language: Language, *, short: bool = False) -> str:
    """2026年7月1日, or 1 July 2026; short: 2026-07-01, or 1 Jul 2026."""
    if language == "zh":
        return f"{day:%Y-%m-%d}" if short else f"{day.year}年{day.month}月{day.day}日"
    month = _MONTHS[day.month - 1]
    return f"{day.day} {month[:3] if short else month} {day.year}"


def written_month(day: date, language: Language) -> str:
    """2026-07, or Jul 2026."""
    return f"{day:%Y-%m}" if language == "zh" else f"{_MONTHS[day.month - 1][:3]} {day.year}"


def written_period(first: date, last: date, language: Language) -> str:
    """From one day to another; months alone when both are the first of a month (data by month)."""
    if first.day == last.day == 1 and first != last:
        if language == "zh":
            names = [f"{d.year}年{d.month}月" for d in (first, last)]
        else:
            names = [f"{_MONTHS[d.month - 1]} {d.year}" for d in (first, last)]
    else:
        names = [written_date(d, language) for d in (first, last)]
    return names[0] if first == last else (" 至 " if language == "zh" else " to ").join(names)
