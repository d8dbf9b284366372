"""How likely a model is to give a usable answer: a Beta posterior that begins with the fitness card and learns.

The figure for one (kind of step, model, size of prompt) is a chain of four, each the prior of the next and worth a few
attempts (docs/adr/0023): the model's card, what it did at other kinds of steps, what it did at this kind with prompts
of other sizes, and what it did at exactly this.  So a model that is new here begins with what else is known of it, and
its own record soon counts most.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from clawdbot.config import StepKind
from clawdbot.models.fitness_card import FitnessCard, load_card
from clawdbot.models.routing.snapshot import Odds as Beta
from clawdbot.store.odds import Cell, Evidence
from clawdbot.store.odds import Odds as OddsKept

Bucket = str
"""A size of prompt, named after its upper limit."""

_LIMITS = (1_000, 2_000, 4_000, 8_000)
BUCKETS: tuple[Bucket, ...] = (*(f"to_{limit // 1000}k" for limit in _LIMITS), "over_8k")

NEUTRAL = 0.8
"""Of a model that nothing is known of.  Hopeful on purpose: a hope is tested and corrected, while a model that is
thought bad is never asked, so that nothing ever corrects it."""
_NEUTRAL_WORTH = 2.0
_CARD_WORTH = 8.0
"""A card's tasks are small ones of ours, so all together they count as so many real attempts."""
_LOST = 0.5
"""Left of the card's share for prompts in which the model did not find a fact any more."""
_PRIOR_WORTH = 4.0
"""Attempts that each step of the chain counts for in the next."""
_OTHER_KIND_WORTH = 4.0
"""Most attempts that each other kind of step counts for: many mails say little about SQL."""
_NEIGHBOUR = 0.5
"""What an attempt counts for each size that lies between."""

_EXPECTED_TOKENS = 150.0
_REFRESH_S = 60.0
_LONGEST_NAME = 200

_Known = dict[str, dict[str, dict[Bucket, Evidence]]]
"""Evidence by model, kind and size."""


def bucket(prompt_tokens: int) -> Bucket:
    """The size that a prompt of so many tokens has."""
    for limit, name in zip(_LIMITS, BUCKETS, strict=False):
        if prompt_tokens <= limit:
            return name
    return BUCKETS[-1]


class Learned:
    """Odds and lengths of answers, learned by all runs; safe to share between threads.

    What is known is held in memory: reading asks the database at most once a minute, when what other processes learned
    is fetched, and recording writes through.  ``home`` is where fitness cards are; None uses no card.  ``served`` says
    what stands behind the name of a model (``provider:model``), so that a name which is given to another model begins
    anew.  Raises StoreError when the database cannot be used.
    """

    def __init__(
        self,
        kept: OddsKept,
        *,
        home: Path | None = None,
        served: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._kept = kept
        self._home = home
        self._served = dict(served or {})
        self._clock = clock
        self._lock = threading.Lock()
        self._fetched_at: float | None = None
        self._known: _Known = {}
        self._cards: dict[str, FitnessCard | None] = {}
        self._odds: dict[Cell, Beta] = {}
        self._lengths: dict[tuple[StepKind, str], float] = {}

    def odds(self, kind: StepKind, model: str, bucket: Bucket) -> Beta:
        """How likely a usable answer is; ``model`` is its name in [models]."""
        self._refresh()
        known, cell = self._odds, (kind, model, bucket)
        found = known.get(cell)
        if found is None:
            found = known[cell] = self._posterior(kind, model, bucket)
        return found

    def expected_tokens(self, kind: StepKind, model: str) -> float:
        """The mean length of the model's answers at this kind of step; of all models' while it has given few."""
        self._refresh()
        known, cell = self._lengths, (kind, model)
        found = known.get(cell)
        if found is None:
            found = known[cell] = self._length(kind, self._identity(model))
        return found

    def record(
        self,
        kind: StepKind,
        model: str,
        bucket: Bucket,
        ok: bool,
        *,
        tokens: int | None = None,
        was: bool | None = None,
    ) -> None:
        """What checks by code said of one attempt, and how many tokens its answer had.

        One attempt counts once.  When a later check contradicts the first, ``was`` is what was recorded before and
        ``ok`` takes its place.  Never for calls that failed on their way: they say nothing of the model's ability.
        """
        identity = self._identity(model)
        with self._lock:
            now_known = self._kept.add((kind, identity, bucket), ok=ok, was=was, tokens=tokens)
            # New dictionaries, so that whoever reads the old ones meanwhile is not disturbed.
            kinds = self._known.get(identity, {})
            changed = {**kinds, kind: {**kinds.get(kind, {}), bucket: now_known}}
            self._known = {**self._known, identity: changed}
            self._odds, self._lengths = {}, {}

    def _refresh(self) -> None:
        at = self._clock()
        if self._fetched_at is not None and at - self._fetched_at < _REFRESH_S:
            return
        with self._lock:
            if self._fetched_at is not None and at - self._fetched_at < _REFRESH_S:
                return  # another thread was first
            known: _Known = {}
            for (kind, model, size), evidence in self._kept.get_all().items():
                known.setdefault(model, {}).setdefault(kind, {})[size] = evidence
            self._known, self._cards = known, {}
            self._odds, self._lengths = {}, {}
            self._fetched_at = at

    def _identity(self, model: str) -> str:
        return self._served.get(model, model)[-_LONGEST_NAME:]

    def _length(self, kind: StepKind, mine: str) -> float:
        mean = _EXPECTED_TOKENS
        for served in ({name for name in self._known if name != mine}, {mine}):
            cells = [cell for name in served for cell in self._known.get(name, {}).get(kind, {}).values()]
            answers, tokens = sum(cell.answers for cell in cells), sum(cell.tokens for cell in cells)
            mean = (mean * _PRIOR_WORTH + tokens) / (_PRIOR_WORTH + answers)
        return mean

    def _posterior(self, kind: StepKind, model: str, bucket: Bucket) -> Beta:
        kinds = self._known.get(self._identity(model), {})
        mean = _from_other_kinds(self._from_card(model, bucket), kind, kinds)
        sizes = kinds.get(kind, {})
        mean = _from_other_sizes(mean, bucket, sizes)
        own = sizes.get(bucket)
        return Beta(
            successes=_PRIOR_WORTH * mean + (own.successes if own else 0.0),
            failures=_PRIOR_WORTH * (1 - mean) + (own.failures if own else 0.0),
        )

    def _from_card(self, model: str, bucket: Bucket) -> tuple[float, float]:
        """The share of usable answers that the card lets expect, and the attempts that it is worth."""
        card = self._card(model)
        if card is None or not card.tasks:
            return NEUTRAL, _NEUTRAL_WORTH
        passed = 1 - min(1.0, len(card.failures) / card.tasks)
        worth = _NEUTRAL_WORTH + _CARD_WORTH
        mean = (NEUTRAL * _NEUTRAL_WORTH + passed * _CARD_WORTH) / worth
        smallest = 0 if bucket == BUCKETS[0] else _LIMITS[BUCKETS.index(bucket) - 1]
        lost = card.effective_context < card.tested_context and card.effective_context <= smallest
        return (mean * _LOST if lost else mean), worth

    def _card(self, model: str) -> FitnessCard | None:
        if self._home is None:
            return None
        if model not in self._cards:
            card = load_card(self._home, model)
            served = self._served.get(model)
            fits = card is not None and served in (None, f"{card.provider}:{card.model}")
            self._cards[model] = card if fits else None
        return self._cards[model]


def _from_other_kinds(
    prior: tuple[float, float], kind: StepKind, kinds: Mapping[str, Mapping[Bucket, Evidence]]
) -> float:
    mean, worth = prior
    yes = mean * worth
    for other, sizes in kinds.items():
        successes, failures = _sums(sizes)
        if other != kind and successes + failures:
            share = min(1.0, _OTHER_KIND_WORTH / (successes + failures))
            yes, worth = yes + share * successes, worth + share * (successes + failures)
    return yes / worth


def _from_other_sizes(mean: float, bucket: Bucket, sizes: Mapping[Bucket, Evidence]) -> float:
    yes, worth = mean * _PRIOR_WORTH, _PRIOR_WORTH
    here = BUCKETS.index(bucket)
    for place, other in enumerate(BUCKETS):
        if other != bucket and other in sizes:
            share = _NEIGHBOUR ** abs(place - here)
            yes += share * sizes[other].successes
            worth += share * (sizes[other].successes + sizes[other].failures)
    return yes / worth


def _sums(sizes: Mapping[Bucket, Evidence]) -> tuple[float, float]:
    return sum(one.successes for one in sizes.values()), sum(one.failures for one in sizes.values())
