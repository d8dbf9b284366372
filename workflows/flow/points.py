"""Points at which a person must say yes before a step: one question for the whole step, bound to all that it does."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clawdbot.errors import PolicyRefused, UsageError
from clawdbot.store.answers import Answer
from clawdbot.tools.question import Question, visible
from clawdbot.workflows.flow.calls import Frame, StepCall, StepFailed, StepWaits
from clawdbot.workflows.flow.tool_step import question
from clawdbot.workflows.flow.wording import words
from clawdbot.workflows.templates import render


@dataclass(frozen=True, kw_only=True)
class Granted:
    """What was approved: payload hashes of calls, by whom, and arguments when the person changed them."""

    hashes: frozenset[str] = frozenset()
    by: str = ""
    args: Mapping[str, Any] | None = None


def approved(calls: Sequence[StepCall]) -> Granted:
    """The approval of a step's calls; StepWaits until there is an answer, StepFailed when it is no."""
    first = calls[0]
    asked = [_asked(call) for call in calls]
    say = words(first.frame.language)
    head = say["asked"].format(step=first.step.id)
    if isinstance(first.step.approval, str):
        head = f"{render(first.step.approval, first.frame_names)}\n{head}"
    one_call = asked[0] if len(asked) == 1 and first.step.kind == "tool" else None
    bound_to = one_call.payload_hash if one_call else _together(first.frame, first.step.id, asked)
    request = {
        "tool": first.step.tool or first.step.kind,
        "payload": "\n\n".join([visible(head), *(one.payload for one in asked)]),
        "payload_hash": bound_to,
        "args": one_call.args if one_call else None,
    }
    answer = first.frame.asking.answer(request)
    if answer is None:
        raise StepWaits([(first.frame.run_id, bound_to)])
    if not answer.approved:
        raise StepFailed(_refusal(answer, say), outcome="policy", again=False)
    if answer.edited is not None:
        return Granted(hashes=frozenset({answer.edited.payload_hash}), by=answer.by, args=answer.edited.args)
    return Granted(hashes=frozenset(one.payload_hash for one in asked), by=answer.by)


def _asked(call: StepCall) -> Question:
    """What one call of the step is, as a person reads it."""
    if call.step.kind == "tool":
        try:
            return question(call)
        except PolicyRefused as error:
            raise StepFailed(str(error), outcome="policy", again=False) from error
        except UsageError as error:
            raise StepFailed(str(error), outcome="retryable", again=False) from error
    say = words(call.frame.language)
    if call.step.write is not None:
        text = say["write"].format(names=", ".join(call.step.write.texts))
    else:
        text = say["goal"].format(goal=render(call.step.goal, call.names))
    return Question(tool=call.step.kind, args={}, payload=visible(text), payload_hash=_digest(call.position, text))


def _together(frame: Frame, step_id: str, asked: Sequence[Question]) -> str:
    return _digest("step", frame.run_id, step_id, *(one.payload_hash for one in asked))


def _digest(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _refusal(answer: Answer, say: Mapping[str, str]) -> str:
    if answer.decision == "expired":
        return say["expired"]
    return say["refused"].format(by=answer.by, reason=answer.reason).strip()
