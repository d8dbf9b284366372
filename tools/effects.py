"""Keys of effects, hashes of what is approved, and receipts of what was done."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from pydantic_core import to_jsonable_python

from clawdbot.tools.contract import Tool, ToolResult
from clawdbot.tools.results import first_line


def effect_key(run_id: str, step: int | str, tool: str) -> str:
    """The name of an effect, from its position in the run and never from text that a model wrote."""
    return _digest("effect", run_id, str(step), tool)[:32]


def payload_hash(run_id: str, tool: str, payload: str, args: Mapping[str, Any]) -> str:
    """What an approval is bound to: this run, this tool, the text that was shown and the arguments in full."""
    return _digest("payload", run_id, tool, payload, json.dumps(plain(args), sort_keys=True))


def approval_hash(payload: str, times_spent: int) -> str:
    """The hash to approve: one approval covers one effect, so the same payload again is another question."""
    return payload if times_spent == 0 else _digest("again", payload, str(times_spent))


def make_receipt(
    tool: Tool[..., Any],
    result: ToolResult,
    *,
    step: int,
    key: str,
    payload: str = "",
    signed: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The JSON record of a call that succeeded; ``signed`` says who approved and changed it.

    The tool's own facts cannot replace those of the executor.
    """
    receipt: dict[str, Any] = {
        "step": step,
        "tool": tool.name,
        "effect": tool.effect,
        "key": key,
        "summary": result.summary or first_line(result.observation, limit=120),
    }
    if tool.provides is not None:
        receipt["provides"] = tool.provides
    if payload:
        receipt["payload_hash"] = payload
    receipt |= signed or {}
    if result.table is not None:
        receipt["table"] = result.table
    if result.artifacts:
        receipt["artifacts"] = [{"name": made.name, "sha256": made.sha256} for made in result.artifacts]
    return {**receipt, **{name: fact for name, fact in plain(result.receipt).items() if name not in receipt}}


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """JSON values of a mapping; NaN becomes None, what is not JSON becomes its text."""
    made: dict[str, Any] = to_jsonable_python(dict(values), inf_nan_mode="null", fallback=str)
    return made


def _digest(*parts: str) -> str:
    joined = json.dumps(parts)  # unambiguous, and defined for lone surrogates too
    return hashlib.sha256(joined.encode()).hexdigest()
