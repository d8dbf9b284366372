"""One attempt: money reserved, the model asked, what it took settled, and all of it recorded."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from clawdbot.errors import InvalidStep, ModelError
from clawdbot.models.answer_cache import CachedAnswer
from clawdbot.models.calls.failures import failure_kind
from clawdbot.models.egress import Reply, Sent, plain
from clawdbot.models.interface import Rung
from clawdbot.models.parts import Parts
from clawdbot.models.routing.attempt import Attempt, Call, ServedFrom, Validation
from clawdbot.models.routing.decision import Decision
from clawdbot.models.routing.step_context import StepContext
from clawdbot.models.spending.budget import Budgets
from clawdbot.models.step_request import Question
from clawdbot.models.unavailable import BUSY, NOT_BEGUN, PROMPT_CUT, STALLED, TIMEOUT
from clawdbot.store.database import now

_TOLD = 300
"""Characters of an error that are kept."""
_PERHAPS_PAID = frozenset({TIMEOUT, NOT_BEGUN, STALLED, BUSY, PROMPT_CUT})
"""Unless the server said no by a status, it may have worked for us although no answer came."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Seconds for the call and between two tries of it, and whose money it spends."""

    deadline_s: float
    patience_s: float | None
    budgets: Budgets


@dataclass(frozen=True, kw_only=True)
class Tried:
    """What came of an attempt: a reply, an error, or neither when the model cannot judge."""

    model: str
    reply: Reply | None = None
    error: ModelError | None = None
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: Decimal = Decimal(0)


def attempt(
    parts: Parts, decision: Decision, context: StepContext, question: Question, limits: Limits, *, key: str
) -> Tried:
    """Ask the chosen model; ``key`` names the answer in the cache.  BudgetExceeded when others took the money since."""
    rung = parts.ladder.rung(decision.chosen)
    usd = decision.reserve_usd * len(question.prompts)
    sent = parts.egress.prepare(rung, question, run_id=context.run_id)
    money = limits.budgets.reserve(
        run_id=context.run_id, step=context.step, user=context.user, model=rung.name, usd=usd
    )
    try:
        tried = _ask(parts, rung, sent, question, limits, context.run_id, usd)
    except BaseException:
        limits.budgets.settle(money, spent=usd)  # cut off in the middle: it may have been spent
        raise
    if tried.cost_usd:
        limits.budgets.settle(money, spent=tried.cost_usd)
    else:
        limits.budgets.release(money)
    if tried.reply is not None or tried.error is not None:
        _record(parts, decision, context, tried, sent, usd, key)
    return tried


def _ask(
    parts: Parts, rung: Rung, sent: Sent, question: Question, limits: Limits, run_id: str, worst: Decimal
) -> Tried:
    try:
        reply = parts.egress.ask(
            rung, sent, question, run_id=run_id, deadline_s=limits.deadline_s, patience_s=limits.patience_s
        )
        if reply is None:
            return Tried(model=rung.name)
        _check(question, reply)
    except ModelError as error:
        return _failed(parts, rung, error, question, worst)
    answer = reply.answer
    parts.memory.saw(rung.name, question.prompts[-1])
    return Tried(
        model=rung.name,
        reply=reply,
        prompt_tokens=answer.prompt_tokens,
        cached_tokens=answer.cached_tokens,
        completion_tokens=answer.completion_tokens,
        cost_usd=parts.prices.of_call(rung.name).of(
            prompt_tokens=answer.prompt_tokens,
            completion_tokens=answer.completion_tokens,
            cached_tokens=answer.cached_tokens,
        ),
    )


def _failed(parts: Parts, rung: Rung, error: ModelError, question: Question, worst: Decimal) -> Tried:
    if isinstance(error, InvalidStep):
        parts.memory.saw(rung.name, question.prompts[-1])
        prompt, completion = error.prompt_tokens, error.completion_tokens
        cost = parts.prices.of_call(rung.name).of(prompt_tokens=prompt, completion_tokens=completion)
        return Tried(model=rung.name, error=error, prompt_tokens=prompt, completion_tokens=completion, cost_usd=cost)
    perhaps = error.status is None and error.code in _PERHAPS_PAID
    return Tried(model=rung.name, error=error, cost_usd=worst if perhaps else Decimal(0))


def _check(question: Question, reply: Reply) -> None:
    """The asker's own check; raises InvalidStep with what it says."""
    wrong = question.check(reply.answer.value) if question.check is not None else None
    if wrong:
        answer = reply.answer
        raise InvalidStep(
            wrong,
            raw=answer.text,
            prompt_tokens=answer.prompt_tokens,
            completion_tokens=answer.completion_tokens,
        )


def _record(
    parts: Parts,
    decision: Decision,
    context: StepContext,
    tried: Tried,
    sent: Sent,
    reserved: Decimal,
    key: str,
) -> None:
    error, reply = tried.error, tried.reply
    call = Call(
        model=tried.model,
        tries=reply.tries if reply is not None else error.tries if error is not None else 1,
        prompt_tokens=tried.prompt_tokens,
        cached_tokens=tried.cached_tokens,
        completion_tokens=tried.completion_tokens,
        ms=reply.answer.ms if reply is not None else 0,
        error=failure_kind(error) if error is not None else None,
        error_text=str(error)[:_TOLD] if error is not None else "",
        masked=dict(sent.masked) if sent.masked is not None else None,
    )
    invalid = isinstance(error, InvalidStep)
    checked = invalid or (reply is not None and reply.yes is None)
    record = made(
        parts,
        decision,
        context,
        call,
        reserved=reserved,
        spent=tried.cost_usd,
        validations=(Validation(name="schema", ok=not invalid, detail=call.error_text),) if checked else (),
    )
    parts.log.write(record, None if sent.schema is None else _request(sent), key=key, learns=checked)


def _request(sent: Sent) -> dict[str, object]:
    return {"messages": plain(sent.prompts[0]), "schema": sent.schema, "max_tokens": sent.max_tokens}


def record_given_again(
    parts: Parts, decision: Decision, context: StepContext, kept: CachedAnswer, served_from: ServedFrom, *, key: str
) -> None:
    """Record that no model was asked, since an answer was kept under ``key``."""
    call = Call(model=kept.model, served_from=served_from, age_s=kept.age_s, tries=0)
    parts.log.write(made(parts, decision, context, call), None, key=key)


def made(
    parts: Parts,
    decision: Decision,
    context: StepContext,
    call: Call | None,
    *,
    reserved: Decimal = Decimal(0),
    spent: Decimal = Decimal(0),
    validations: tuple[Validation, ...] = (),
) -> Attempt:
    """The record of an attempt that ends now; ``call`` None: no model could be asked."""
    tokens = {} if call is None else {
        "prompt_tokens": call.prompt_tokens,
        "completion_tokens": call.completion_tokens,
        "cached_tokens": call.cached_tokens,
    }  # fmt: skip
    dearest = [price.of(**tokens) for price in parts.prices.known().values()] if tokens else []
    return Attempt(
        id=parts.log.new_id(),
        at=now(),
        context=context,
        decision=decision,
        call=call,
        reserved_usd=reserved,
        spent_usd=spent,
        all_cloud_usd=max(dearest, default=Decimal(0)),
        prices=parts.prices.as_json(),
        validations=validations,
    )
