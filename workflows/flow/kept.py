"""What is kept of a step: its output in the ledger, and its record among the steps of the run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from clawdbot.agents.steps import Outcome
from clawdbot.agents.steps import Step as Record
from clawdbot.store.workflow_steps import StepRow
from clawdbot.tools.effects import plain
from clawdbot.tools.workspace import Workspace
from clawdbot.workflows.flow.calls import Frame, Performed
from clawdbot.workflows.flow.rooms import Published, Things
from clawdbot.workflows.flow.views import table_rows

_FIRST_ROWS = 5
_TEXT = 4_000


def output_of(performed: Performed, published: Published, workspace: Workspace) -> dict[str, Any]:
    """The JSON of a step's output; ``StepView`` reads it."""
    receipt = _renamed(performed.receipt, published)
    return {
        "text": performed.text[:_TEXT],
        **({"answer": performed.answer} if performed.answer else {}),
        **({"output": performed.value} if performed.value is not None else {}),
        "tables": {name: _table(workspace, name) for name in published.things.tables},
        "files": list(published.things.files),
        "receipt": receipt,
        "receipts": [_renamed(one, published) for one in performed.receipts],
        "citations": [dict(one) for one in performed.citations],
        "usage": {
            "prompt_tokens": performed.usage.prompt_tokens,
            "completion_tokens": performed.usage.completion_tokens,
            "cost_usd": str(performed.usage.cost_usd),
        },
    }


def record_of(
    frame: Frame,
    row: StepRow,
    performed: Performed,
    *,
    tool: str,
    thought: str,
    outcome: Outcome,
    published: Published,
    ms: int,
) -> dict[str, Any]:
    """The step as ``show`` and ``run --json`` have it, with its position and the run that did it."""
    usage = performed.usage
    record = Record(
        n=row.n, thought=thought, tool=tool, args=plain(performed.args), observation=performed.text, outcome=outcome,
        receipt=_renamed(performed.receipt, published), notes=performed.notes, model=usage.model,
        label=frame.definition.label or "", prompt_tokens=usage.prompt_tokens, cached_tokens=usage.cached_tokens,
        completion_tokens=usage.completion_tokens, cost_usd=str(usage.cost_usd), attempts=usage.attempts, ms=ms,
        model_ms=usage.ms,
    )  # fmt: skip
    return {**record.as_json(), "position": row.position, "child": performed.child}


def spent(rows: Iterable[StepRow]) -> Decimal:
    """What models took for those steps, US dollars."""
    return sum((Decimal(row.output["usage"]["cost_usd"]) for row in rows if row.output and "usage" in row.output),
               Decimal(0))  # fmt: skip


def receipts_of(row: StepRow) -> tuple[Mapping[str, Any], ...]:
    """The receipts of a step that ended."""
    return tuple((row.output or {}).get("receipts", ()))


def things_of(rows: Iterable[StepRow]) -> Things:
    """Tables and files that those steps gave."""
    outputs = [row.output or {} for row in rows]
    return Things(
        tables=tuple(name for output in outputs for name in output.get("tables", ())),
        files=tuple(name for output in outputs for name in output.get("files", ())),
    )


def _table(workspace: Workspace, name: str) -> dict[str, Any]:
    info = workspace.table(name)
    return {
        "rows": info.rows,
        "columns": [column.name for column in info.columns],
        "first": table_rows(workspace.load_table(name), most=_FIRST_ROWS),
    }


def _renamed(receipt: Mapping[str, Any] | None, published: Published) -> dict[str, Any] | None:
    """A receipt names its table as it is called in the run's folder."""
    if receipt is None:
        return None
    table = receipt.get("table")
    return {**receipt, "table": published.renamed[table]} if table in published.renamed else dict(receipt)
