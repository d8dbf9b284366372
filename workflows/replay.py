"""The recorded steps of a run put to another model, or through another policy, and compared.

Nothing is done: no tool is called, and the answers go nowhere but into the comparison.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from clawdbot.config import LABELS, Label
from clawdbot.errors import BudgetExceeded, ClawdbotError, InvalidStep, PolicyRefused, UsageError
from clawdbot.models.chat import Schema
from clawdbot.models.routing.attempt import Attempt
from clawdbot.models.step_request import StepAnswer, StepRequest
from clawdbot.workflows.account import StepAccount, served
from clawdbot.workflows.likeness import Likeness, likeness

Ask = Callable[[StepRequest, list[BaseMessage], Schema, int], StepAnswer]
"""Puts (step, messages, schema, most tokens) to the models that may serve."""
Request = Callable[[str], Mapping[str, Any] | None]
"""What was sent at an attempt, by its id; None when it was not kept."""

Skip = Literal["", "no_model", "not_recorded", "masked", "judged", "kept", "label", "refused", "budget", "unavailable"]
"""Why a step was not put to the model; the last four are of today, the others lie in the record."""

_MESSAGES: Mapping[str, type[BaseMessage]] = {"system": SystemMessage, "assistant": AIMessage}


@dataclass(frozen=True, kw_only=True)
class Took:
    """What a step took: by which model, tokens, milliseconds and US dollars."""

    model: str
    tokens: int
    ms: int
    usd: Decimal

    def as_json(self) -> dict[str, Any]:
        """JSON values; money as text."""
        return {"model": self.model, "tokens": self.tokens, "ms": self.ms, "usd": str(self.usd)}


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """One step, then and now."""

    n: int
    tool: str
    skip: Skip = ""
    detail: str = ""
    """The error that kept the model from it, or what was wrong with its answer."""
    then: Took | None = None
    now: Took | None = None
    valid: bool = False
    """The answer of today is valid under the step's schema."""
    like: Likeness | None = None
    """Of the two calls; None when there is none to compare."""

    def as_json(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "n": self.n, "tool": self.tool, "skip": self.skip, "detail": self.detail,
            "then": self.then.as_json() if self.then else None, "now": self.now.as_json() if self.now else None,
            "valid": self.valid, "same_tool": self.like.same_tool if self.like else None,
            "same_arguments": self.like.same_arguments if self.like else None,
            "differs": list(self.like.differs) if self.like else [],
            "differs_in_words_only": self.like.only_words if self.like else None,
        }  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Target:
    """Whom the steps are put to: the model of that name, and what it may see; ``run_id`` is the replay's own."""

    model: str
    cloud: bool
    cloud_max_label: Label
    run_id: str
    user: str
    deadline_s: float


def replay(
    steps: Iterable[StepAccount],
    records: Mapping[int, Mapping[str, Any]],
    request_of: Request,
    ask: Ask,
    target: Target,
) -> Iterator[Replayed]:
    """Each step as it is compared; ``records`` are the ledger's steps by number.  Stop where you like."""
    for step in steps:
        took = then(step)
        skip, attempt, request = _recorded(step, request_of)
        if attempt is None or request is None:
            yield Replayed(n=step.n, tool=step.tool, skip=skip, then=took)
            continue
        context = attempt.context
        if target.cloud and LABELS.index(context.masked_label) > LABELS.index(target.cloud_max_label):
            yield Replayed(n=step.n, tool=step.tool, skip="label", detail=context.masked_label, then=took)
            continue
        yield _asked(step, records.get(step.n, {}), attempt, request, ask, target, took)


def then(step: StepAccount) -> Took | None:
    """What the step took when it was run; None when no model was asked."""
    calls = [(attempt, attempt.call) for attempt in step.attempts if attempt.call is not None]
    if not calls:
        return None
    last = next((call for attempt, call in reversed(calls) if served(attempt)), calls[-1][1])
    return Took(
        model=last.model,
        tokens=sum(call.prompt_tokens + call.completion_tokens for _, call in calls),
        ms=sum(call.ms for _, call in calls),
        usd=step.spent_usd,
    )


def _recorded(step: StepAccount, request_of: Request) -> tuple[Skip, Attempt | None, Mapping[str, Any] | None]:
    """The step's question as it was first put, unmasked where that was kept; else why there is none."""
    if not step.needed_model:
        return "no_model", None, None
    skip: Skip = "not_recorded"
    for attempt in step.questions[-1] if step.questions else ():
        call = attempt.call
        if call is not None and call.served_from in ("cache", "stale_cache"):
            skip = "kept"
        elif served(attempt) and not any(check.name == "schema" for check in attempt.validations):
            skip = "judged"
        elif call is not None and call.masked:
            skip = "masked"
        elif call is not None and (request := request_of(attempt.id)):
            return "", attempt, request
    return skip, None, None


def _asked(
    step: StepAccount,
    record: Mapping[str, Any],
    attempt: Attempt,
    request: Mapping[str, Any],
    ask: Ask,
    target: Target,
    took: Took | None,
) -> Replayed:
    context, schema = attempt.context, dict(request["schema"])
    messages = [_MESSAGES.get(m["role"], HumanMessage)(m["content"]) for m in request["messages"]]
    asked = StepRequest(
        run_id=target.run_id,
        step=step.n,
        user=target.user,
        kind=context.kind,
        intent=context.intent,
        label=context.masked_label,  # what is personal is found anew, and masked again
        deadline_s=target.deadline_s,
        versions={"replay": target.run_id},  # an answer that was kept is not the model's
    )
    began = time.monotonic()
    try:
        answer = ask(asked, messages, schema, int(request["max_tokens"]))
    except InvalidStep as error:
        spent = error.spent
        now = Took(
            model=spent.model or target.model,
            tokens=spent.prompt_tokens + spent.completion_tokens,
            ms=round((time.monotonic() - began) * 1000),
            usd=spent.cost_usd,
        )
        return Replayed(n=step.n, tool=step.tool, detail=error.message, then=took, now=now)
    except UsageError:
        raise
    except ClawdbotError as error:
        skip: Skip = "refused" if isinstance(error, PolicyRefused) else "unavailable"
        skip = "budget" if isinstance(error, BudgetExceeded) else skip
        return Replayed(n=step.n, tool=step.tool, skip=skip, detail=str(error), then=took)
    now = Took(
        model=answer.model, tokens=answer.prompt_tokens + answer.completion_tokens, ms=answer.ms, usd=answer.cost_usd
    )
    like = likeness(schema, record, answer.value) if step.tool else None
    return Replayed(n=step.n, tool=step.tool, then=took, now=now, valid=True, like=like)


@dataclass(frozen=True, kw_only=True)
class Tally:
    """The whole comparison: steps, and over those that were answered what they took then and now."""

    steps: int
    asked: int
    valid: int
    compared: int
    same_tool: int
    same: int
    """The same tool with the same arguments."""
    only_words: int
    """The same tool with arguments that differ in wording alone."""
    then: Took
    now: Took

    @classmethod
    def of(cls, found: Iterable[Replayed]) -> Tally:
        """Count."""
        all_steps = list(found)
        asked = [one for one in all_steps if one.now is not None]
        likes = [one.like for one in asked if one.like is not None]
        return cls(
            steps=len(all_steps),
            asked=len(asked),
            valid=sum(one.valid for one in asked),
            compared=len(likes),
            same_tool=sum(like.same_tool for like in likes),
            same=sum(like.same_arguments for like in likes),
            only_words=sum(like.only_words for like in likes),
            then=_sum(one.then for one in asked),
            now=_sum(one.now for one in asked),
        )

    def as_json(self) -> dict[str, Any]:
        """JSON values."""
        counts = ("steps", "asked", "valid", "compared", "same_tool", "same", "only_words")
        both = {"then": self.then.as_json(), "now": self.now.as_json()}
        return {**{name: getattr(self, name) for name in counts}, **both}


def _sum(parts: Iterable[Took | None]) -> Took:
    known = [part for part in parts if part is not None]
    return Took(
        model="",
        tokens=sum(part.tokens for part in known),
        ms=sum(part.ms for part in known),
        usd=sum((part.usd for part in known), Decimal(0)),
    )
