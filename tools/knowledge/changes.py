"""The tool ``knowledge_changes``: which documents came, changed or went lately, with words of theirs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pandas as pd

from clawdbot.config import LABELS, AppConfig
from clawdbot.errors import RetryableToolError
from clawdbot.knowledge.library.history import ChangeKind, DocumentChange
from clawdbot.knowledge.service import Knowledge
from clawdbot.text.language import Language
from clawdbot.tools.contract import NOBODY, RunView, ToolContext, ToolResult
from clawdbot.tools.database.preview import preview
from clawdbot.tools.decorator import tool

_WORDS: dict[Language, dict[ChangeKind, str]] = {
    "zh": {"new": "新增", "changed": "修改", "removed": "删除"},
    "en": {"new": "new", "changed": "changed", "removed": "removed"},
}
_COLUMNS: dict[Language, tuple[str, ...]] = {
    "zh": ("变化", "标题", "文档", "日期", "新内容"),
    "en": ("change", "title", "document", "day", "new_words"),
}
_SHORTEST = 12
"""Characters: headings and page numbers say little."""
_LONGEST = 200


@tool(effect="read", provides="table")
def knowledge_changes(
    context: ToolContext,
    since: str = "",
    until: str = "",
    days: int = 7,
    quotes: int = 2,
    for_everybody: bool = True,
    title: str = "",
) -> ToolResult:
    """List the documents that are new, changed or removed, with the first sentences that are new in them.

    since: first day, as 2026-01-31; left out: so many days before until
    until: the day after the last; left out: tomorrow
    days: days to look back when since is left out
    quotes: sentences to quote from each document
    for_everybody: only documents that everybody may see; else all that the asker may see
    title: name of the result
    """
    zone = _zone(context.config.app)
    # Documents are taken in by the real clock, whatever day [app] today says.
    end = _day(until) if until else datetime.now(zone).date() + timedelta(days=1)
    start = _day(since) if since else end - timedelta(days=days)
    knowledge = context.service(Knowledge)
    reader = NOBODY if for_everybody else context.identity
    found = knowledge.library.history(_moment(start, zone), _moment(end, zone), reader)
    frame = _frame(found, context.language, quotes, zone)
    name = title or ("知识库变化" if context.language == "zh" else "knowledge_changes")
    info = context.workspace.save_table(frame, name=name, source="knowledge", title=name)
    counts = {kind: sum(change.kind == kind for change in found) for kind in ("new", "changed", "removed")}
    return ToolResult(
        observation=preview(frame, name=info.name),
        summary=f"{counts['new']} new, {counts['changed']} changed, {counts['removed']} removed documents",
        table=info.name,
        receipt={
            "table": info.name,
            "rows": info.rows,
            "empty": not found,
            "columns": [c.name for c in info.columns],
            "sha256": info.sha256,
            "since": start.isoformat(),
            "until": end.isoformat(),
            "label": max((c.label for c in found), key=LABELS.index, default=LABELS[0]),
            **counts,
        },
    )


@knowledge_changes.when
def _ready(view: RunView) -> bool:
    return Knowledge in view.services


def _frame(found: Sequence[DocumentChange], language: Language, quotes: int, zone: tzinfo | None) -> pd.DataFrame:
    rows = []
    for change in found:
        plain = [s for s in (s.lstrip("# ") for s in change.sentences) if s and s != change.title]
        said = [s for s in plain if len(s) >= _SHORTEST] or plain
        quoted = " … ".join(s[:_LONGEST] for s in said[: max(0, quotes)])
        day = datetime.fromisoformat(change.at).astimezone(zone).date().isoformat()
        rows.append((_WORDS[language][change.kind], change.title or change.name, change.name, day, quoted))
    return pd.DataFrame(rows, columns=list(_COLUMNS[language]))


def _zone(app: AppConfig) -> tzinfo | None:
    return None if app.timezone == "local" else ZoneInfo(app.timezone)


def _moment(day: date, zone: tzinfo | None) -> str:
    """Midnight at the beginning of the day, as the library writes times."""
    local = datetime.combine(day, time(), tzinfo=zone) if zone else datetime.combine(day, time()).astimezone()
    return local.astimezone(UTC).isoformat(timespec="microseconds")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(str(text)[:10])
    except ValueError:
        raise RetryableToolError(f"{text!r} is no day.", hint="Write it as 2026-01-31.") from None
