"""A finished or waiting run for people: answer, files, receipts, verdict and what is missing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from clawdbot.cli.streams import clean
from clawdbot.cli.wording import Words

_RULE = re.compile(r"^\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?$")
_NUMBER = re.compile(r"^[¥$€£]?-?[\d,]+(\.\d+)?\s*%?$")
_COLOURS = {"verified": "bold green", "partial": "bold yellow", "failed": "bold red"}


def print_result(console: Console, result: Mapping[str, Any], words: Words) -> None:
    """Print the object of ``run --json`` for a person."""
    if result["answer"]:
        print_answer(console, result["answer"])
        console.print()
    if result["artifacts"]:
        console.print(Text(words("result.artifacts"), style="bold"))
        for artifact in result["artifacts"]:
            # A path that is broken over lines cannot be copied.
            console.print(Text(f"  {clean(artifact['path'])}"), soft_wrap=True)
    if result["citations"]:
        console.print(Text(words("result.citations"), style="bold"))
        for cited in result["citations"]:
            place = f"{cited['document']} · {cited['locator']}" + (f" · {cited['dated']}" if cited["dated"] else "")
            console.print(Text(clean(f"  [{cited['n']}] {place}")))
            console.print(Text(clean(f"      {' '.join(cited['quote'].split())}"), style="dim"))
    if result["receipts"]:
        console.print(Text(words("result.receipts"), style="bold"))
        for receipt in result["receipts"]:
            console.print(Text(clean(f"  {receipt['step']} {receipt['tool']}: {receipt['summary']}")))
    if result["verdict"]:
        verdict = words(f"verdict.{result['verdict']}")
        console.print(Text.assemble((words("result.verdict"), "bold"), (verdict, _COLOURS[result["verdict"]])))
    for what in result["missing"]:
        console.print(Text(clean(f"  - {what}")))
    usage = result["usage"]
    line = words(
        "result.usage", run=result["run_id"], steps=usage["steps"], seconds=usage["seconds"],
        tokens=usage["prompt_tokens"] + usage["completion_tokens"],
    )  # fmt: skip
    console.print(Text(line, style="dim"))


def print_answer(console: Console, answer: str) -> None:
    """The answer with its Markdown tables drawn; as it is when the output is no terminal."""
    if not console.is_terminal:
        console.print(Text(clean(answer)), soft_wrap=True)
        return
    for block in _blocks(clean(answer)):
        console.print(block)


def _blocks(answer: str) -> Iterator[RenderableType]:
    lines = answer.splitlines()
    text: list[str] = []
    at = 0
    while at < len(lines):
        if "|" in lines[at] and at + 1 < len(lines) and _RULE.match(lines[at + 1].strip()):
            end = at + 2
            while end < len(lines) and "|" in lines[end]:
                end += 1
            if text:
                yield Text("\n".join(text))
            yield _table(lines[at], lines[at + 2 : end])
            text, at = [], end
        else:
            text.append(lines[at])
            at += 1
    if text:
        yield Text("\n".join(text))


def _cells(line: str) -> list[str]:
    return [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]


def _table(head: str, rows: list[str]) -> Table:
    body = [_cells(row) for row in rows]
    table = Table(box=None, pad_edge=False, header_style="bold")
    for number, name in enumerate(_cells(head)):
        column = [row[number] for row in body if number < len(row) and row[number]]
        numeric = bool(column) and all(_NUMBER.match(cell) for cell in column)
        table.add_column(Text(name), justify="right" if numeric else "left", overflow="fold")
    width = len(table.columns)
    for row in body:
        table.add_row(*(Text(cell) for cell in (row + [""] * width)[:width]))
    return table
