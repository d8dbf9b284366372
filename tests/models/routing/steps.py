"""Steps, models and policies to decide about: plain ones by name, and any that there can be."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any, get_args

from hypothesis import strategies as st

from clawdbot.config import LABELS, Config, Intent, RouterConfig, RouterRule, RuleWhen, StepKind, WeightsConfig
from clawdbot.models.routing.policy import Policy
from clawdbot.models.routing.snapshot import BreakerState, Odds, RungState, Scope, Snapshot
from clawdbot.models.routing.step_context import FAILURE_KINDS, Failure, StepContext
from clawdbot.models.spending.price import FREE, Price

NAMES = ("a", "b", "c", "d")
SCOPES: tuple[Scope, ...] = get_args(Scope)


def context(**changes: Any) -> StepContext:
    """A first attempt at a step with public data and much time."""
    known: dict[str, Any] = {
        "run_id": "r", "step": 3, "user": "amy", "kind": "sql", "intent": "data", "prompt_tokens": 2000,
        "max_tokens": 400, "label": "public", "masked_label": "public", "deadline_s": 900.0,
    }  # fmt: skip
    if "label" in changes:
        known["masked_label"] = changes["label"]
    return StepContext(**{**known, **changes})


def local(name: str, **changes: Any) -> RungState:
    """A free model of this machine, right nine times in ten, 2 s for a typical step."""
    known: dict[str, Any] = {
        "name": name, "cloud": False, "context": 8192, "price": FREE, "prompt_tokens_s": 2000.0,
        "completion_tokens_s": 150.0, "odds": Odds(successes=9, failures=1),
    }  # fmt: skip
    return RungState(**{**known, **changes})


def cloud(name: str, price: str = "2", **changes: Any) -> RungState:
    """A model that costs ``price`` dollars for a million tokens read and four times as much for those written."""
    usd = Decimal(price)
    known = {"cloud": True, "context": 100_000, "price": Price(input_usd=usd, output_usd=4 * usd)}
    return local(name, **{**known, **changes})


def snapshot(*rungs: RungState, **left: str) -> Snapshot:
    """These models, and the money left by scope."""
    money: dict[Scope, Decimal | None] = {scope: Decimal(left[scope]) for scope in SCOPES if scope in left}
    return Snapshot(rungs=rungs, budget_left=money)


def policy(*rules: RouterRule, groups: dict[str, tuple[str, ...]] | None = None, **router: Any) -> Policy:
    """The policy of these rules and keys of [router]."""
    return Policy.of(Config(router=RouterConfig(rule=rules, **router), groups=groups or {}))


def failed(model: str, *kinds: str) -> tuple[Failure, ...]:
    """The model's failures at the step."""
    return tuple(Failure(model=model, kind=kind) for kind in kinds)  # type: ignore[arg-type]  # names in a test's table


def raised(price: Price, component: str, factor: Decimal) -> Price:
    """The price with one of its parts, or all of them, raised; nothing becomes cheaper."""
    parts = ("input_usd", "output_usd", "cached_input_usd", "request_usd")
    new = {
        part: getattr(price, part) * factor + Decimal("0.01")
        for part in parts
        if component in (part, "all") and getattr(price, part) is not None
    }
    return replace(price, **new)


_money = st.decimals(min_value=0, max_value=20, places=2)
prices = st.builds(
    Price, input_usd=_money, output_usd=_money, cached_input_usd=st.none() | _money,
    request_usd=st.sampled_from([Decimal(0), Decimal("0.002")]),
)  # fmt: skip
odds = st.builds(Odds, successes=st.floats(0, 60), failures=st.floats(0, 60))


@st.composite
def rungs(draw: st.DrawFn, name: str) -> RungState:
    """Any model in any state."""
    in_cloud = draw(st.booleans())
    return RungState(
        name=name,
        cloud=in_cloud,
        context=draw(st.sampled_from([2048, 8192, 100_000])),
        price=draw(st.none() | prices) if in_cloud else draw(st.sampled_from([None, FREE]) | prices),
        available=draw(st.sampled_from([True, True, True, False])),
        breaker=draw(st.sampled_from(("closed", "closed", *get_args(BreakerState)))),
        concurrency=draw(st.integers(1, 4)),
        running=draw(st.integers(0, 6)),
        waiting=draw(st.integers(0, 6)),
        loaded=draw(st.booleans()),
        load_s=draw(st.sampled_from([0.0, 4.0])),
        prompt_tokens_s=draw(st.floats(0, 5000)),
        completion_tokens_s=draw(st.floats(0, 200)),
        cached_tokens=draw(st.sampled_from([0, 500, 3000])),
        expected_tokens=draw(st.floats(0, 600)),
        odds=draw(odds),
    )


snapshots = st.builds(
    Snapshot,
    rungs=st.integers(0, len(NAMES)).flatmap(lambda n: st.tuples(*(rungs(name) for name in NAMES[:n]))),
    budget_left=st.dictionaries(st.sampled_from(SCOPES), st.none() | st.decimals(0, 1, places=4), max_size=4),
)


@st.composite
def contexts(draw: st.DrawFn) -> StepContext:
    """Any step; what masking leaves is never more sensitive than the whole."""
    label = draw(st.integers(0, len(LABELS) - 1))
    return context(
        kind=draw(st.sampled_from(get_args(StepKind))),
        intent=draw(st.sampled_from(get_args(Intent))),
        user=draw(st.sampled_from(["amy", "bo"])),
        prompt_tokens=draw(st.sampled_from([1, 700, 2000, 30_000])),
        max_tokens=draw(st.sampled_from([1, 400])),
        label=LABELS[label],
        masked_label=LABELS[draw(st.integers(0, label))],
        deadline_s=draw(st.sampled_from([0.0, 3.0, 60.0, 900.0])),
        failures=tuple(
            draw(
                st.lists(
                    st.builds(Failure, model=st.sampled_from(NAMES), kind=st.sampled_from(FAILURE_KINDS)), max_size=3
                )
            )
        ),
        previous=draw(st.sampled_from(["", *NAMES])),
        pinned=draw(st.sampled_from(["", "", "", *NAMES])),
    )


_weight = st.sampled_from([0.0, 0.3, 1.0, 5.0])
weights = st.builds(WeightsConfig, price=_weight, latency=_weight, quality=_weight)
_models = st.lists(st.sampled_from(NAMES), max_size=3, unique=True).map(tuple)


@st.composite
def rules(draw: st.DrawFn) -> RouterRule:
    """Any rule that can be followed."""
    allow = draw(_models)
    deny = tuple(name for name in draw(_models) if name not in allow)
    choice = [name for name in allow or NAMES if name not in deny]
    when = RuleWhen(
        kind=draw(st.sampled_from([(), ("sql",), ("sql", "final")])),
        user=draw(st.sampled_from([(), ("amy",), ("group:nobody",), ("group:all",)])),
        label_from=draw(st.sampled_from([None, "internal"])),
        tokens_to=draw(st.sampled_from([None, 1000])),
    )
    start = draw(st.sampled_from(["", *choice])) or ("" if allow or deny else choice[0])
    return RouterRule(name=draw(st.sampled_from(["", "r"])), when=when, allow=allow, deny=deny, start=start)


policies = st.builds(
    lambda rules, **router: policy(*rules, groups={"nobody": (), "all": ("amy", "bo")}, **router),
    st.lists(rules(), max_size=3),
    cloud_max_label=st.sampled_from(LABELS),
    escalate_after=st.integers(0, 2),
    second_usd=st.sampled_from([0.0, 0.0002, 0.01]),
    failure_usd=st.sampled_from([0.0, 0.05, 2.0]),
    weights=weights,
    intents=st.dictionaries(st.just("data"), weights),
)
