"""One reasoning step on its way: decided, asked, mended or given to the next model, until it has its answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from clawdbot.errors import (
    BudgetExceeded,
    ClawdbotError,
    ContextOverflow,
    InvalidStep,
    ModelError,
    Spent,
)
from clawdbot.models import interruption
from clawdbot.models.answer_cache import CachedAnswer, family_of
from clawdbot.models.attempting import Limits, Tried, attempt, made, record_given_again
from clawdbot.models.calls.failures import failure_kind
from clawdbot.models.egress import Reply, plain
from clawdbot.models.over_budget import Choice, within_budget
from clawdbot.models.parts import Parts
from clawdbot.models.refusals import over_budget, refusal
from clawdbot.models.routing.attempt import ServedFrom
from clawdbot.models.routing.decide import decide
from clawdbot.models.routing.filters import MENDABLE
from clawdbot.models.routing.step_context import Failure, FailureKind, StepContext
from clawdbot.models.step_request import Question, StepRequest
from clawdbot.models.tokens import estimate_tokens

_SHOWN = 2_000
"""Characters of a wrong answer that are shown to the model that must mend it."""
_SHARE = 0.6
"""Of the step's time that one call may take while another model stands by."""
_PATIENCE_S = 2.0
"""Most seconds between two calls of one model while another stands by."""
_TOLD = 160
"""Characters of an error in a note."""


@dataclass(frozen=True, kw_only=True)
class Done:
    """A usable answer by ``model``: a new one, or one that was kept."""

    model: str
    spent: Spent
    reply: Reply | None = None
    kept: CachedAnswer | None = None
    notes: tuple[str, ...] = ()


class Dispatch:
    """A step until it has its answer, or none can be had.  For one thread."""

    def __init__(self, parts: Parts, step: StepRequest, question: Question) -> None:
        self._parts = parts
        self._step = step
        self._question = question
        self._until = time.monotonic() + step.deadline_s
        self._exposure = parts.sight.of(question, step.label)
        self._key = self._cache_key()
        self._failures: list[Failure] = []
        self._wrong: tuple[str, InvalidStep] | None = None
        """The last answer that can be mended, and whose it is."""
        self._error: ModelError | None = None
        self._no_money: set[str] = set()
        self._waited = False
        self._spent = Spent()

    def run(self) -> Done | None:
        """The answer; None when the question is a judgement and the chosen model cannot judge.

        Raises ModelError, PolicyRefused, BudgetExceeded or ApprovalNeeded, with ``spent``.
        """
        try:
            return self._run()
        except ClawdbotError as error:
            error.spent = self._spent
            raise

    def _run(self) -> Done | None:
        while True:
            mending = self._mending()
            context = self._context(mending)
            choice = self._choose(context, mending)
            if not self._failures and (kept := self._kept(self._parts.config.cache.fresh_s)) is not None:
                return self._given_again(kept, "cache", choice, context)
            chosen = choice.decision.chosen
            if not chosen and self._waited_for(choice):
                continue
            if choice.way in ("cache", "stop") or not chosen or self._has_had_its_chances(chosen):
                return self._without_model(choice, context)
            question = mending if self._wrong and self._wrong[0] == chosen else self._question
            try:
                tried = attempt(self._parts, choice.decision, context, question, self._limits(choice), key=self._key)
            except BudgetExceeded as error:  # others took it since the look
                self._no_money.add(error.scope)
                continue
            if tried.error is None:
                return self._succeeded(tried)
            self._failed(tried, tried.error)

    # --- before a call ----------------------------------------------------------------------------------------

    def _mending(self) -> Question:
        """The question, with the wrong answer and what is wrong with it when there is one to mend."""
        if self._wrong is None:
            return self._question
        error = self._wrong[1]
        told = HumanMessage(f"Not valid: {error} Answer again, shorter.")
        return replace(self._question, prompts=((*self._question.prompts[0], AIMessage(error.raw[:_SHOWN]), told),))

    def _context(self, question: Question) -> StepContext:
        step = self._step
        return StepContext(
            run_id=step.run_id,
            step=step.step,
            user=step.user,
            kind=step.kind,
            intent=step.intent,
            prompt_tokens=max(self._tokens(prompt) for prompt in question.prompts),
            max_tokens=question.max_tokens,
            label=self._exposure.label,
            masked_label=self._exposure.masked_label,
            deadline_s=self._until - time.monotonic(),
            attempt=1 + len(step.failures) + len(self._failures),
            failures=(*step.failures, *self._failures),
            previous=step.previous,
            pinned=self._step.pinned or self._parts.ladder.pinned,
        )

    def _tokens(self, prompt: Sequence[BaseMessage]) -> int:
        first = self._parts.ladder.first(self._step.pinned)
        if first is not None:
            # A tokenizer that cannot be had is no reason to fail here; asking the model will say why.
            with suppress(ModelError):
                return first.estimate_prompt(prompt)
        return sum(estimate_tokens(message.text) + 8 for message in prompt)

    def _choose(self, context: StepContext, question: Question) -> Choice:
        parts = self._parts
        snapshot = parts.standing.snapshot(self._step, question, context.prompt_tokens)
        left = {scope: Decimal(0) if scope in self._no_money else usd for scope, usd in snapshot.budget_left.items()}
        snapshot = replace(snapshot, budget_left=left)
        decision = decide(context, parts.policy, snapshot)
        return within_budget(
            decision,
            context,
            parts.policy,
            snapshot,
            parts.config.budget,
            self._step,
            spent_usd=self._spent.cost_usd,
            usable=bool(decision.chosen) and not self._has_had_its_chances(decision.chosen),
            kept=lambda: self._kept(parts.config.cache.stale_s) is not None,
        )

    def _has_had_its_chances(self, name: str) -> bool:
        """Another answer of this model at this step would be like its last."""
        mine = [failure.kind for failure in self._failures if failure.model == name]
        mendable = sum(kind in MENDABLE for kind in mine)
        return mendable < len(mine) or mendable > self._parts.policy.escalate_after

    def _limits(self, choice: Choice) -> Limits:
        left = self._until - time.monotonic()
        budgets = self._parts.budgets.capped(self._step.budget_usd)
        if choice.way == "beyond":
            budgets = self._parts.beyond
        if not choice.decision.standby:
            return Limits(deadline_s=left, patience_s=None, budgets=budgets)
        return Limits(deadline_s=left * _SHARE, patience_s=_PATIENCE_S, budgets=budgets)

    def _waited_for(self, choice: Choice) -> bool:
        """Nobody may serve, and a model that failed too often will be tried again within the step's time: wait for it.

        Once for a step; what is wrong for longer (a key) is not waited for.
        """
        if self._waited or self._kept(self._parts.config.cache.stale_s) is not None:
            return False
        alone = [c.name for c in choice.decision.candidates if c.reason == "breaker_open"]
        wait_s = self._parts.standing.opens_again_s(alone)
        longest_s = min(self._parts.config.router.health.open_s, (self._until - time.monotonic()) / 2)
        if wait_s is None or wait_s > longest_s:
            return False
        self._waited = True
        interruption.wait(threading.Event(), wait_s)
        return True

    # --- after a call -----------------------------------------------------------------------------------------

    def _count(self, tried: Tried) -> None:
        before = self._spent
        self._spent = Spent(
            model=tried.model,
            attempts=before.attempts + 1,
            prompt_tokens=before.prompt_tokens + tried.prompt_tokens,
            cached_tokens=before.cached_tokens + tried.cached_tokens,
            completion_tokens=before.completion_tokens + tried.completion_tokens,
            cost_usd=before.cost_usd + tried.cost_usd,
        )

    def _succeeded(self, tried: Tried) -> Done | None:
        if tried.reply is None:
            return None
        self._count(tried)
        if self._key:
            self._parts.cache.put(
                self._key,
                kind=self._step.kind,
                user=self._step.user,
                label=self._exposure.label,
                model=tried.model,
                answer=tried.reply.answer,
                now=datetime.now(UTC),
            )
        return Done(model=tried.model, spent=self._spent, reply=tried.reply, notes=self._notes(tried.model))

    def _failed(self, tried: Tried, error: ModelError) -> None:
        self._count(tried)
        # A prompt that a server cut comes out the same again: that is final for it.
        kind: FailureKind = "context_overflow" if isinstance(error, ContextOverflow) else failure_kind(error)
        self._failures.append(Failure(model=tried.model, kind=kind, detail=str(error)[:_TOLD]))
        if isinstance(error, InvalidStep):
            self._wrong = (tried.model, error)
        if isinstance(error, InvalidStep) or not isinstance(self._error, InvalidStep):
            self._error = error

    def _notes(self, model: str) -> tuple[str, ...]:
        return tuple(
            f"repaired: {one.detail}" if one.model == model else f"{one.model} failed: {one.detail}"
            for one in self._failures
        )

    def _without_model(self, choice: Choice, context: StepContext) -> Done:
        """An answer that was kept, else the error that says why there is none."""
        decision = choice.decision
        nobody = choice.way == "go" and decision.outcome in ("chosen", "nothing_available")
        if (nobody or choice.way == "cache") and (kept := self._kept(self._parts.config.cache.stale_s)) is not None:
            return self._given_again(kept, "stale_cache", choice, context)
        if decision.outcome != "chosen" or choice.way == "stop":
            self._parts.log.write(made(self._parts, decision, context, None), None)
        if isinstance(self._error, InvalidStep) or (self._error is not None and choice.way != "stop"):
            raise self._error
        if choice.way == "stop":
            raise over_budget(decision)
        raise refusal(decision, context, self._parts.prices, limit=self._parts.config.router.cloud_max_label)

    # --- answers that were kept -------------------------------------------------------------------------------

    def _cache_key(self) -> str:
        if self._question.schema is None or self._step.kind not in self._parts.config.cache.kinds:
            return ""
        ladder = self._parts.ladder
        first = (ladder.place(self._step.pinned) if self._step.pinned else ladder.places()[0]).settings
        return self._parts.cache.key(
            kind=self._step.kind,
            user=self._step.user,
            label=self._exposure.label,
            family=family_of(first.provider, first.model),
            messages=plain(self._question.prompts[0]),
            schema=self._question.schema,
            versions=self._step.versions,
        )

    def _kept(self, max_age_s: float) -> CachedAnswer | None:
        if not self._key:
            return None
        kept = self._parts.cache.get(self._key, max_age_s=max_age_s, now=datetime.now(UTC))
        if kept is None or (self._question.check is not None and self._question.check(kept.value)):
            return None
        return kept

    def _given_again(self, kept: CachedAnswer, served: ServedFrom, choice: Choice, context: StepContext) -> Done:
        record_given_again(self._parts, choice.decision, context, kept, served, key=self._key)
        note = f"an answer of {kept.model} that is {kept.age_s:.0f} s old was given again"
        return Done(model=kept.model, spent=self._spent, kept=kept, notes=(*self._notes(""), note))
