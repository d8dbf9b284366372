"""What holds for every decision, whatever the step, the models, the operator's rules, weights and prices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from clawdbot.config import LABELS, RouterRule, WeightsConfig
from clawdbot.models.routing.decide import decide
from clawdbot.models.routing.decision import Decision
from clawdbot.models.routing.policy import Policy
from clawdbot.models.routing.snapshot import RungState, Scope, Snapshot
from clawdbot.models.routing.step_context import StepContext
from clawdbot.models.spending.price import FREE, Price
from tests.models.routing.steps import (
    cloud,
    context,
    contexts,
    local,
    policies,
    policy,
    prices,
    raised,
    rungs,
    snapshot,
    snapshots,
    weights,
)

PARTS = ("all", "input_usd", "output_usd", "cached_input_usd", "request_usd")


def may_serve(rung: RungState, step: StepContext, rule: Policy, left: Mapping[Scope, Decimal | None]) -> bool:
    """The hard limits, said a second time and in another way."""
    fired = rule.fired(step)
    price = rung.price or FREE
    dearest = max(price.input_usd, price.cached_input_usd or Decimal(0))
    worst = (dearest * step.prompt_tokens + price.output_usd * step.max_tokens) / 1_000_000 + price.request_usd
    limits = (
        not rung.cloud or LABELS.index(step.masked_label) <= LABELS.index(rule.cloud_max_label),
        rung.price is not None or not rung.cloud,
        rung.available and rung.breaker != "open",
        step.prompt_tokens + step.max_tokens <= rung.context,
        step.pinned in ("", rung.name),
        all(rung.name not in one.deny and (not one.allow or rung.name in one.allow) for one in fired),
        worst == 0 or all(sum_left is None or worst <= sum_left for sum_left in left.values()),
        step.deadline_s > 0,
        all(f.kind not in ("auth", "context_overflow", "policy") for f in step.failures if f.model == rung.name),
    )
    return all(limits)


@settings(max_examples=150)
@given(contexts(), policies, snapshots)
def test_a_model_that_may_not_serve_is_never_chosen(step: StepContext, rule: Policy, state: Snapshot) -> None:
    found = decide(step, rule, state)
    able = [rung.name for rung in state.rungs if may_serve(rung, step, rule, state.budget_left)]
    assert set(found.standby) <= set(able)
    assert (found.outcome == "chosen") == bool(able)
    verdicts = {one.name: one.verdict for one in found.candidates}
    assert list(verdicts) == [rung.name for rung in state.rungs]
    for one in found.candidates:
        assert (one.verdict == "filtered") == bool(one.reason)
        assert one.worst_usd >= one.price_usd >= 0
        assert 0 <= one.success <= 1 and one.seconds >= 0
    if found.outcome == "chosen":
        assert found.chosen in able and verdicts[found.chosen] == "chosen"
        assert found.chosen not in found.standby
        assert {name for name, verdict in verdicts.items() if verdict in ("standby", "dearer")} == set(found.standby)
    else:
        assert found.chosen == "" and set(verdicts.values()) <= {"filtered"} and found.why == "none"


@given(contexts(), policies, snapshots)
def test_the_same_question_has_the_same_answer_and_is_kept_whole(
    step: StepContext, rule: Policy, state: Snapshot
) -> None:
    found = decide(step, rule, state)
    turned = Snapshot(rungs=state.rungs, budget_left=dict(reversed(list(state.budget_left.items()))))
    assert decide(step, rule, turned) == found
    assert Decision.from_json(found.as_json()) == found


@given(
    label=st.sampled_from(LABELS), limit=st.sampled_from(LABELS), weights=weights,
    dear=st.floats(0, 1), price=st.sampled_from(["0", "0.01", "90"]), pinned=st.sampled_from(["", "cloud"]),
)  # fmt: skip
def test_a_label_above_the_limit_reaches_no_cloud_however_good_it_is(
    label: str, limit: str, weights: WeightsConfig, dear: float, price: str, pinned: str
) -> None:
    rule = RouterRule(name="all to the cloud", allow=("cloud",), start="cloud")
    step = context(label=label, pinned=pinned, previous="cloud")
    state = snapshot(local("slow", prompt_tokens_s=1.0), cloud("cloud", price, cached_tokens=2000))
    found = decide(step, policy(rule, cloud_max_label=limit, weights=weights, second_usd=dear), state)
    if LABELS.index(label) > LABELS.index(limit):
        assert found.outcome == "refused" and found.candidates[1].reason == "label"
    else:
        assert found.chosen == "cloud" and not found.masked


@settings(max_examples=150)
@given(
    contexts(), policies, snapshots, st.sampled_from(PARTS), st.sampled_from([Decimal(1), Decimal("1.5"), Decimal(40)]),
)  # fmt: skip
def test_a_model_that_gets_dearer_is_not_chosen_for_it(
    step: StepContext, rule: Policy, state: Snapshot, part: str, factor: Decimal
) -> None:
    before = decide(step, rule, state)
    for at, rung in enumerate(state.rungs):
        price = FREE if rung.price is None and not rung.cloud else rung.price
        if price is not None and rung.name != before.chosen:
            dearer = replace(rung, price=raised(price, part, factor))
            after = decide(step, rule, replace(state, rungs=(*state.rungs[:at], dearer, *state.rungs[at + 1 :])))
            assert after.chosen != rung.name


@given(
    st.lists(st.booleans(), min_size=1, max_size=4),
    rungs("x"),
    contexts(),
    weights,
)
def test_alike_local_models_serve_in_the_operators_order(
    up: list[bool], state: RungState, step: StepContext, weights: WeightsConfig
) -> None:
    alike = replace(state, cloud=False, price=None, context=100_000, breaker="closed")
    ladder = [replace(alike, name=str(i), available=one) for i, one in enumerate(up)]
    fresh = replace(step, failures=(), previous="", pinned="", deadline_s=900.0)
    found = decide(fresh, policy(weights=weights), snapshot(*ladder))
    assert found.chosen == (str(up.index(True)) if any(up) else "")


@given(contexts(), policies, snapshots)
def test_without_weights_the_order_decides(step: StepContext, rule: Policy, state: Snapshot) -> None:
    nothing = WeightsConfig(price=0, latency=0, quality=0)
    found = decide(step, replace(rule, rules=(), weights=nothing, intents={}), state)
    able = [one.name for one in found.candidates if one.verdict != "filtered"]
    failed = {failure.model for failure in step.failures}
    stays = step.previous if step.previous in able and step.previous not in failed else ""
    assert found.chosen == (stays or next(iter(able), ""))
    assert all(one.expected_usd == 0 for one in found.candidates)


@given(prices, st.sampled_from(["step", "task", "user_day", "day"]))
def test_without_money_free_local_models_go_on(price: Price, scope: str) -> None:
    state = snapshot(cloud("cloud", price=str(price.input_usd + 1)), local("free"), **{scope: "0"})
    found = decide(context(), policy(), state)
    assert (found.chosen, found.reserve_usd) == ("free", Decimal(0))
    assert found.candidates[0].reason == f"budget_{scope}"
