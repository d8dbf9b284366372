"""A call with the answers of people: asked where it must be, carried out as it was approved, or refused in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from clawdbot.errors import ApprovalNeeded
from clawdbot.store.answers import Answer
from clawdbot.text.language import Language
from clawdbot.tools.executor import Executor, Outcome, RunFrame
from clawdbot.tools.results import shown

_REFUSED: dict[Language, str] = {
    "zh": "被人工拒绝（{by}）：没有执行。",
    "en": "Rejected by a person ({by}): nothing was done.",
}
_REASON: dict[Language, str] = {"zh": "理由：{reason}", "en": " The reason: {reason}"}
_EXPIRED: dict[Language, str] = {
    "zh": "在期限内无人批准，视为拒绝（已过期）：没有执行。",
    "en": "Nobody approved it in time, so it counts as rejected (expired): nothing was done.",
}
_CHANGED: dict[Language, str] = {
    "zh": "{by} 在批准前修改了参数",
    "en": "{by} changed the arguments before approving",
}


@dataclass(frozen=True, kw_only=True)
class Answered:
    """How a call ended; ``args`` are those that it was carried out with, or was refused with."""

    outcome: Outcome
    args: Mapping[str, Any]
    changed: str = ""
    """Who changed the arguments, in words; empty when nobody did."""


def call_with_answers(
    executor: Executor,
    tool: str,
    args: Mapping[str, Any],
    *,
    run: RunFrame,
    step: int,
    ask: Callable[[ApprovalNeeded], Answer],
) -> Answered:
    """Call a tool; ``ask`` gives the answer to each question, or raises what suspends the run.

    An approval covers exactly the payload that was shown: where the payload has changed meanwhile ``ask`` gets the new
    one.  Raises as :meth:`Executor.call` does, but never ApprovalNeeded.
    """
    approvals: frozenset[str] = frozenset()
    signed: dict[str, str] = {}
    changed = ""
    while True:
        try:
            outcome = executor.call(tool, args, run=run, step=step, approvals=approvals, signed=signed)
        except ApprovalNeeded as needed:
            asked, answer = needed.payload_hash, ask(needed)
        else:
            if outcome.ok and changed:
                outcome = replace(outcome, observation=f"{outcome.observation}\n({changed})")
            return Answered(outcome=outcome, args=args, changed=changed)
        if not answer.approved:
            refused = Outcome(ok=False, observation=_refusal(answer, run.language), error_kind="policy")
            return Answered(outcome=refused, args=args, changed=changed)
        signed |= {"approved_by": answer.by}
        approvals |= {asked}
        if answer.edited is not None:
            args = answer.edited.args
            changed = _CHANGED[run.language].format(by=answer.by)
            signed |= {"edited_by": answer.by}
            approvals |= {answer.edited.payload_hash}


def _refusal(answer: Answer, language: Language) -> str:
    if answer.decision == "expired":
        return _EXPIRED[language]
    reason = _REASON[language].format(reason=answer.reason) if answer.reason else ""
    return shown(_REFUSED[language].format(by=answer.by) + reason)
