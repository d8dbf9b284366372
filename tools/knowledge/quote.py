"""The tool ``quote``: which of the statements that were found answer the question, or that none does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from clawdbot.errors import RetryableToolError
from clawdbot.knowledge.evidence.conflict import separate
from clawdbot.knowledge.evidence.statement import Statement
from clawdbot.tools.contract import RunView, Schema, ToolContext, ToolResult
from clawdbot.tools.decorator import tool

MAX_QUOTES = 5

_WORDS = {
    "zh": {"quoted": "引用 {n} 条：", "none": "找到的内容都没有回答这个问题。", "differs": "（另一份文档的说法不同）"},
    "en": {"quoted": "{n} quoted:", "none": "No statement answers the question.", "differs": " (another one differs)"},
}


@tool(effect="read", provides="passages")
def quote(context: ToolContext, answered: bool, lines: list[int]) -> ToolResult:
    """Choose the statements of the documents that answer the question.

    answered: whether one of the statements says what is asked
    lines: numbers of the statements that say it; empty when none does
    """
    words = _WORDS[context.language]
    search = open_search(context.done)
    if search is None:
        raise RetryableToolError("Nothing was searched yet.", hint="Call search_knowledge first.")
    known = [Statement.from_json(body) for body in search["statements"]]
    wrong = [n for n in lines if not 0 < n <= len(known)]
    if wrong:
        raise RetryableToolError(f"There is no statement {wrong[0]}.", hint=f"Choose from 1 to {len(known)}.")
    chosen, others = separate([known[n - 1] for n in dict.fromkeys(lines)] if answered else [])
    told = [
        f"[{n}] {s.text} ({s.document}, {s.locator}){words['differs'] if n > len(chosen) else ''}"
        for n, s in enumerate((*chosen, *others), 1)
    ]
    if chosen and context.hints.get("quotes_as_table"):
        context.workspace.save_table(_table((*chosen, *others)), name="quotes", source="documents")
    head = words["quoted"].format(n=len(told)) if told else words["none"]
    return ToolResult(
        observation="\n".join([head, *told]),
        summary=f"{head} {'; '.join(dict.fromkeys(f'{s.document} {s.locator}' for s in (*chosen, *others)))}".strip(),
        receipt={
            "query": search["query"],
            "quotes": [s.as_json() for s in chosen],
            "contradicting": [s.as_json() for s in others],
            "documents": search["documents"],
            "hidden": search["hidden"],
        },
    )


def _table(statements: Sequence[Statement]) -> pd.DataFrame:
    """The quotes with their places, for a report or a mail."""
    return pd.DataFrame({"document": [s.document for s in statements], "place": [s.locator for s in statements],
                         "statement": [s.text for s in statements]})  # fmt: skip


@quote.when
def ready(view: RunView) -> bool:
    """Something was found and nothing was chosen from it yet."""
    return open_search(view.done) is not None


@quote.narrows
def narrow(view: RunView, schema: Schema) -> Schema:
    """Only the numbers of statements that were found."""
    search = open_search(view.done)
    count = len(search["statements"]) if search else 0
    answered: Schema = {"type": "boolean"} if count else {"const": False}
    lines: Schema = {"type": "array", "maxItems": min(MAX_QUOTES, count), "uniqueItems": True}
    lines["items"] = {"enum": list(range(1, count + 1))}
    return {**schema, "properties": {"answered": answered, "lines": lines if count else {"const": []}}}


def open_search(done: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """The receipt of the last search that no quote followed; None when there is none."""
    for receipt in reversed(done):
        if receipt["tool"] == "quote":
            return None
        if receipt["tool"] == "search_knowledge":
            return dict(receipt)
    return None
