"""``ModelService``: the one place where anything in the product asks a model.

What leaves this machine leaves here: decided by the policy, paid for from the budgets, masked, and recorded.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import date
from functools import lru_cache

from langchain_core.messages import BaseMessage

from clawdbot.access.masking.masker import Masker
from clawdbot.config import BudgetConfig, Config
from clawdbot.models.answer_cache import AnswerCache
from clawdbot.models.attempt_log import AttemptLog
from clawdbot.models.calls.caller import Caller
from clawdbot.models.chat import Schema
from clawdbot.models.dispatch import Dispatch, Done
from clawdbot.models.egress import Egress
from clawdbot.models.exposure import Sight
from clawdbot.models.ladder import Ladder
from clawdbot.models.parts import Parts
from clawdbot.models.prompt_memory import PromptMemory
from clawdbot.models.routing.attempt import Validation
from clawdbot.models.routing.learning import Learned
from clawdbot.models.routing.policy import Policy
from clawdbot.models.spending.budget import Budgets
from clawdbot.models.spending.day import day_in
from clawdbot.models.spending.money import dollars
from clawdbot.models.standing import Prices, Standing
from clawdbot.models.step_request import Check, Question, StepAnswer, StepJudgements, StepRequest
from clawdbot.store.cached_answers import CachedAnswerStore
from clawdbot.store.database import Database, ledger_url
from clawdbot.store.installation_key import installation_key
from clawdbot.store.odds import OddsStore
from clawdbot.store.spending import SpendingLedger

log = logging.getLogger(__name__)

_CLOUD_PROMPTS = 8
"""Prompts that a provider's cache is taken to hold for us."""


class ModelService:
    """Asks the models of a ladder; thread-safe.  Raises StoreError when the ledger cannot be used."""

    def __init__(self, ladder: Ladder, config: Config, database: Database) -> None:
        """``database`` is the ledger's; its owner closes it."""
        self.ladder = ladder
        self._parts = _parts(ladder, config, database)

    @classmethod
    @contextmanager
    def opened(cls, config: Config, ladder: Ladder) -> Iterator[ModelService]:
        """A service with the ledger of the configuration opened for it; for work outside of runs."""
        with closing(Database(ledger_url(config))) as database:
            models = cls(ladder, config, database)
            yield models
            models.flush()

    def complete(
        self,
        step: StepRequest,
        messages: Sequence[BaseMessage],
        schema: Schema,
        *,
        max_tokens: int,
        check: Check | None = None,
    ) -> StepAnswer:
        """One JSON object under ``schema`` that ``check`` accepts, by the model that the policy chooses.

        A wrong answer is mended once by its model, then the next one is asked.  When none can answer: InvalidStep (the
        last wrong answer), ContextOverflow, ModelUnavailable or another ModelError; PolicyRefused when labels or rules
        leave no model, BudgetExceeded when money does, ApprovalNeeded when a person may allow more.  All carry
        ``spent``.
        """
        question = Question(prompts=(tuple(messages),), schema=schema, max_tokens=max_tokens, check=check)
        done = Dispatch(self._parts, step, question).run()
        assert done is not None, "every model can answer under a schema"
        return _answer(done)

    def judge(self, step: StepRequest, prompts: Sequence[Sequence[BaseMessage]]) -> StepJudgements | None:
        """The share of 'yes' for each yes-no question; one decision for all of them.

        None when the chosen model cannot judge.  Raises what :meth:`complete` raises.
        """
        done = Dispatch(self._parts, step, Question.yes_or_no(prompts)).run()
        if done is None or done.reply is None or done.reply.yes is None:
            return None
        return StepJudgements(
            yes=done.reply.yes,
            model=done.model,
            prompt_tokens=done.spent.prompt_tokens,
            cost_usd=done.spent.cost_usd,
            ms=done.reply.answer.ms,
            attempts=done.spent.attempts,
        )

    def report(self, run_id: str, step: int, validation: Validation) -> None:
        """What a check by code said of the answer that a step got: kept with its attempt, and learned from."""
        self._parts.log.validated(run_id, step, validation)

    def flush(self) -> None:
        """Write what waits for the next attempt to be written with it: a run has ended, or the process does."""
        self._parts.log.flush()

    def describe(self) -> tuple[str, ...]:
        """The names of the models that can serve now, in the ladder's order."""
        return tuple(place.name for place in self.ladder.places() if not place.unavailable)


def _answer(done: Done) -> StepAnswer:
    spent = done.spent
    value = done.kept.value if done.kept is not None else done.reply.answer.value if done.reply is not None else {}
    return StepAnswer(
        value=value,
        model=done.model,
        prompt_tokens=spent.prompt_tokens,
        cached_tokens=spent.cached_tokens,
        completion_tokens=spent.completion_tokens,
        cost_usd=spent.cost_usd,
        ms=done.reply.answer.ms if done.reply is not None else 0,
        attempts=spent.attempts,
        notes=done.notes,
        age_s=done.kept.age_s if done.kept is not None else None,
    )


def _parts(ladder: Ladder, config: Config, database: Database) -> Parts:
    places = ladder.everyone()
    caller = Caller(config.router, ladder.settings)
    day = day_in(config.app.timezone)
    served = {place.name: f"{place.settings.provider}:{place.settings.model or place.name}" for place in places}
    learned = Learned(OddsStore(database), home=config.app.home, served=served)
    prices = Prices.of(ladder, date.fromisoformat(day()))
    ledger = SpendingLedger(database)
    budgets = Budgets(ledger, config.budget, day=day)
    if prices.known():
        _recover(budgets)
    kept = {p.name: _CLOUD_PROMPTS if p.cloud else caller.health(p.name).concurrency for p in places}
    memory = PromptMemory(kept)
    masker = Masker(config.masking)
    cache = AnswerCache(config.cache, CachedAnswerStore(database))
    secret = lru_cache(maxsize=1)(lambda: installation_key(database))
    return Parts(
        config=config,
        ladder=ladder,
        policy=Policy.of(config),
        prices=prices,
        standing=Standing(ladder, caller=caller, learned=learned, memory=memory, prices=prices, budgets=budgets),
        budgets=budgets,
        beyond=Budgets(ledger, BudgetConfig(), day=day),
        sight=Sight(config.masking, masker, looks=any(place.cloud for place in places) or _asks_labels(config)),
        egress=Egress(
            caller,
            config.masking,
            masker,
            key_of=lambda run_id: hmac.digest(secret(), run_id.encode(), hashlib.sha256),
        ),
        memory=memory,
        log=AttemptLog(database, learned, cache),
        cache=cache,
    )


def _asks_labels(config: Config) -> bool:
    """A rule goes by the step's label, so it must be known whoever serves."""
    return any(rule.when.label_from is not None or rule.when.label_to is not None for rule in config.router.rule)


def _recover(budgets: Budgets) -> None:
    for left in budgets.recover():
        log.warning(
            "A call of %s in run %s was cut off; the %s that were reserved for it count as spent.",
            left.model, left.run_id, dollars(left.reserved_usd),
        )  # fmt: skip
