"""Which model takes which step: the filters, the budgets, the expected cost and the choice, case by case."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from clawdbot.config import RouterRule, RuleWhen, WeightsConfig
from clawdbot.models.routing.decide import decide
from clawdbot.models.routing.decision import Candidate, Decision
from clawdbot.models.routing.snapshot import Odds, RungState
from clawdbot.models.routing.step_context import Failure
from clawdbot.models.spending.price import Price
from tests.models.routing.steps import cloud, context, failed, local, policy, snapshot

POOR = Odds(successes=1, failures=9)


def weighed(found: Decision, name: str) -> Candidate:
    return next(one for one in found.candidates if one.name == name)


@pytest.mark.parametrize(
    ("rung", "step", "reason", "detail"),
    [
        (local("x"), {"pinned": "y"}, "not_pinned", "y"),
        (cloud("x"), {"label": "secret"}, "label", "secret > public"),
        (local("x", available=False, unavailable="no file"), {}, "unavailable", "no file"),
        (local("x", breaker="open"), {}, "breaker_open", ""),
        (local("x", context=2399), {}, "context", "2000 + 400 > 2399"),
        (cloud("x", price="1"), {"failures": failed("x", "auth")}, "failed_before", "auth"),
        (local("x"), {"failures": failed("x", "context_overflow", "timeout")}, "failed_before", "context_overflow"),
        (replace(cloud("x"), price=None), {}, "no_price", ""),
        (local("x"), {"deadline_s": 0.0}, "deadline", "0"),
        (local("x", completion_tokens_s=1.0), {"deadline_s": 100.0}, "deadline", "151 > 100"),
        (local("x"), {"failures": failed("x", "schema_invalid", "truncated")}, "failed_before", "truncated x2"),
        (local("x"), {"failures": failed("x", "timeout")}, "failed_before", "timeout"),
    ],
)
def test_what_keeps_a_model_out(rung: RungState, step: dict[str, Any], reason: str, detail: str) -> None:
    found = decide(context(**step), policy(), snapshot(rung, local("y")))
    one = weighed(found, "x")
    assert (one.verdict, one.reason, one.detail) == ("filtered", reason, detail)
    assert found.chosen == ("" if step.get("deadline_s") == 0 else "y")


def test_a_model_that_just_fits_its_context_and_an_open_probe_may_serve() -> None:
    assert decide(context(), policy(), snapshot(local("x", context=2400, breaker="half_open"))).chosen == "x"


@pytest.mark.parametrize(
    ("rungs", "step", "outcome"),
    [
        ((), {}, "nothing_available"),
        ((cloud("c"),), {"label": "internal"}, "refused"),
        ((replace(cloud("c"), price=None),), {}, "refused"),
        ((cloud("c"), local("l", available=False)), {"label": "internal"}, "nothing_available"),
        ((local("l"),), {"pinned": "another"}, "nothing_available"),
        ((cloud("c"), local("l")), {"label": "internal", "pinned": "c"}, "refused"),
        ((cloud("c", "900"), local("l", available=False)), {}, "over_budget"),
        ((local("l"),), {"failures": failed("l", "auth")}, "nothing_available"),
    ],
)
def test_how_it_ends_without_a_model(rungs: tuple[RungState, ...], step: dict[str, Any], outcome: str) -> None:
    found = decide(context(**step), policy(), snapshot(*rungs, task="0.10"))
    assert (found.outcome, found.chosen, found.standby, found.why) == (outcome, "", (), "none")


def test_masking_may_lower_what_it_masked_and_no_more() -> None:
    state = snapshot(cloud("c"))
    seen = decide(context(label="confidential", masked_label="public"), policy(), state)
    assert seen.chosen == "c" and seen.masked
    assert decide(context(label="confidential", masked_label="internal"), policy(), state).outcome == "refused"
    lawful = decide(context(label="internal"), policy(cloud_max_label="internal"), state)
    assert lawful.chosen == "c" and not lawful.masked
    assert not decide(context(label="secret"), policy(), snapshot(local("l"))).masked


def test_the_worst_case_is_held_against_every_budget() -> None:
    state = cloud("c", "10")  # 2000 read and at most 400 written: 0.020 + 0.016
    assert decide(context(), policy(), snapshot(state, task="0.036")).reserve_usd == Decimal("0.036")
    found = decide(context(), policy(), snapshot(state, step="1", task="0.0359", day="0"))
    assert weighed(found, "c").reason == "budget_task"
    assert weighed(found, "c").detail == "0.036 > 0.0359"


def test_a_dear_cache_is_part_of_the_worst_case() -> None:
    price = Price(input_usd=Decimal(1), output_usd=Decimal(1), cached_input_usd=Decimal(3))
    found = decide(context(), policy(), snapshot(replace(cloud("c"), price=price, cached_tokens=2000)))
    assert weighed(found, "c").price_usd == Decimal("0.00615")
    assert found.reserve_usd == Decimal("0.0064")


def test_local_first_and_the_able_one_where_the_local_one_fails() -> None:
    able = snapshot(local("l"), cloud("c", "3"))
    assert (decide(context(), policy(), able).chosen, decide(context(), policy(), able).why) == ("l", "cheapest")
    poor = decide(context(), policy(failure_usd=1.0), snapshot(local("l", odds=POOR, prompt_tokens_s=40), cloud("c")))
    assert poor.chosen == "c" and poor.standby == ("l",)


def test_the_only_one_and_the_named_one() -> None:
    assert decide(context(), policy(), snapshot(local("l"), local("m", available=False))).why == "only"
    found = decide(context(pinned="c"), policy(), snapshot(local("l"), cloud("c", "50")))
    assert (found.chosen, found.why, found.standby) == ("c", "pinned", ())


def test_a_named_model_goes_on_after_failures() -> None:
    step = context(pinned="l", failures=failed("l", "schema_invalid", "schema_invalid", "timeout"))
    assert decide(step, policy(), snapshot(local("l"), local("m"))).chosen == "l"


def test_one_repair_then_the_next_then_the_last_that_is_left() -> None:
    state = snapshot(local("l"), cloud("c", "30"))
    assert decide(context(failures=failed("l", "schema_invalid")), policy(), state).chosen == "l"
    second = decide(context(attempt=3, failures=failed("l", "schema_invalid", "tool_refused")), policy(), state)
    assert (second.chosen, second.why, second.standby) == ("c", "escalated", ())
    at_once = decide(context(failures=failed("l", "schema_invalid")), policy(escalate_after=0), state)
    assert at_once.chosen == "c"
    alone = decide(context(failures=failed("l", "truncated", "truncated")), policy(), snapshot(local("l")))
    assert alone.chosen == "l"
    both = context(failures=(*failed("l", "truncated", "truncated"), *failed("c", "auth")))
    assert decide(both, policy(), state).chosen == "l"


def test_each_failure_at_this_step_makes_the_next_one_likelier() -> None:
    shares = [
        weighed(decide(context(failures=failed("l", *kinds)), policy(escalate_after=5), snapshot(local("l"))), "l")
        for kinds in ((), ("tool_refused",), ("tool_refused", "result_wrong"), ("timeout",))
    ]
    assert [round(one.success, 3) for one in shares] == [0.9, 0.6, 0.45, 0.9]


def test_a_failed_local_model_gives_way_to_a_paid_one_only_within_the_budget() -> None:
    step = context(failures=failed("l", "schema_invalid", "schema_invalid"))
    found = decide(step, policy(), snapshot(local("l"), cloud("c"), task="0"))
    assert (found.chosen, weighed(found, "c").reason) == ("l", "budget_task")


def test_who_would_be_late_comes_after_who_would_not_but_before_nobody() -> None:
    slow, slower = local("s", prompt_tokens_s=10), local("t", prompt_tokens_s=5)
    hurry = context(deadline_s=60.0)
    assert decide(hurry, policy(), snapshot(slow, cloud("c"))).chosen == "c"
    assert decide(hurry, policy(), snapshot(slower, slow)).chosen == "s"
    late_but_well = decide(replace(hurry, failures=failed("c", "timeout")), policy(), snapshot(slow, cloud("c")))
    assert late_but_well.chosen == "s"


def test_waiting_and_loading_count() -> None:
    seconds = [
        weighed(decide(context(), policy(), snapshot(rung)), "l").seconds
        for rung in (
            local("l"),
            local("l", running=1),
            local("l", running=1, waiting=2),
            local("l", running=1, concurrency=2),
            local("l", running=2, waiting=2, concurrency=2),
            local("l", loaded=False, load_s=7.0),
            local("l", loaded=True, load_s=7.0),
        )
    ]
    assert seconds == [2, 4, 8, 2, 5, 9, 2]
    busy = snapshot(local("l", running=1, waiting=40), cloud("c"))
    assert decide(context(), policy(), busy).chosen == "c"


def test_a_lost_prompt_cache_is_paid_for() -> None:
    """The price list says that the strong model is dearer to move from than to stay with."""
    price = Price(input_usd=Decimal(5), output_usd=Decimal(10), cached_input_usd=Decimal("0.5"))
    warm = replace(cloud("warm"), price=price, cached_tokens=7000)
    cold = replace(cloud("cold"), price=replace(price, input_usd=Decimal(2)))
    step = context(prompt_tokens=7500)
    found = decide(replace(step, previous="warm"), policy(), snapshot(cold, warm))
    assert (found.chosen, found.why) == ("warm", "sticky")
    assert decide(step, policy(), snapshot(cold, replace(warm, cached_tokens=0))).chosen == "cold"


def test_a_small_gain_is_not_worth_a_move() -> None:
    step = context(previous="b")
    nearly = snapshot(cloud("a", "2"), cloud("b", "2.05"))
    assert (decide(step, policy(), nearly).chosen, decide(step, policy(), nearly).why) == ("b", "sticky")
    assert decide(context(), policy(), nearly).chosen == "a"
    clearly = decide(step, policy(), snapshot(cloud("a", "2"), cloud("b", "4")))
    assert (clearly.chosen, clearly.why) == ("a", "cheapest")
    after_failure = decide(replace(step, failures=failed("b", "schema_invalid")), policy(), nearly)
    assert (after_failure.chosen, after_failure.why) == ("a", "escalated")


def test_standby_is_in_order_of_expected_cost() -> None:
    found = decide(context(), policy(), snapshot(cloud("x", "9"), cloud("y", "4"), local("l"), cloud("z", "30")))
    assert (found.chosen, found.standby) == ("l", ("y", "x", "z"))
    assert [one.verdict for one in found.candidates] == ["dearer", "standby", "chosen", "dearer"]
    costs = {one.name: one.expected_usd for one in found.candidates}
    assert costs["l"] < costs["y"] < costs["x"] < costs["z"]


def test_the_expected_cost_is_what_the_record_of_decisions_says() -> None:
    """docs/adr/0020: call, then a repair that works less often, then the next model, then the loss."""
    found = decide(context(), policy(), snapshot(local("l", odds=Odds(successes=1, failures=1)), cloud("c")))
    second, answer, growth = 0.0002, 150, 210

    def unnoticed(success: float) -> float:
        return 0.25 * (1 - success) / 9

    call, mend = 2 * second + unnoticed(1 / 2), (growth / 2000 + 1) * second + unnoticed(1 / 3)
    c_reads, c_writes = 2000 * 2e-6 + second, answer * 8e-6 + second + unnoticed(0.9)
    c_mend = 0.1 * (2210 * 2e-6 + answer * 8e-6 + (growth / 2000 + 1) * second + unnoticed(0.6))
    c_fails = 0.1 * (1 - 0.9 * 2 / 3)
    next_one = c_reads * (1 + growth / 2000) + c_writes + c_mend + c_fails * 0.25
    fails = 0.5 * (1 - 0.5 * 2 / 3)
    assert weighed(found, "l").expected_usd == pytest.approx(call + 0.5 * mend + fails * next_one)


def test_weights_of_the_operator_and_of_an_intent() -> None:
    state = snapshot(local("slow", prompt_tokens_s=50), cloud("quick", "3"))
    assert decide(context(), policy(second_usd=0.0001), state).chosen == "slow"
    hurried = WeightsConfig(latency=20)
    assert decide(context(), policy(second_usd=0.0001, weights=hurried), state).chosen == "quick"
    only_code = policy(second_usd=0.0001, intents={"code": hurried})
    assert decide(context(intent="code"), only_code, state).chosen == "quick"
    assert decide(context(intent="data"), only_code, state).chosen == "slow"


def test_quality_counts_up_to_not_at_all_and_beyond_once() -> None:
    weak, strong = local("weak", odds=POOR), cloud("strong", "9", odds=Odds(successes=99, failures=1))
    state = snapshot(weak, strong)

    def chosen(quality: float) -> Decision:
        return decide(context(), policy(weights=WeightsConfig(quality=quality)), state)

    assert chosen(0).chosen == "weak"
    assert weighed(chosen(0), "weak").expected_usd == pytest.approx(0.0004)
    costs = [weighed(chosen(quality), "weak").expected_usd for quality in (0, 0.5, 1, 2, 10)]
    assert costs == sorted(costs)
    alone = [
        weighed(decide(context(), policy(weights=WeightsConfig(quality=q)), snapshot(weak)), "weak").expected_usd
        for q in (1, 10)
    ]
    assert alone[1] > 5 * alone[0]


def test_what_no_check_notices_is_feared_of_models_that_are_often_caught() -> None:
    state = snapshot(
        local("weak", odds=Odds(successes=6, failures=4)), cloud("strong", odds=Odds(successes=99, failures=1))
    )
    assert decide(context(), policy(failure_usd=1.0, unnoticed=0.0), state).chosen == "weak"
    assert decide(context(), policy(failure_usd=1.0), state).chosen == "strong"
    assert decide(context(), policy(failure_usd=1.0, weights=WeightsConfig(quality=0)), state).chosen == "weak"
    hopeless = snapshot(local("weak", odds=Odds(successes=0, failures=5)))
    costs = [
        weighed(decide(context(), policy(unnoticed=share, escalate_after=0), hopeless), "weak").expected_usd
        for share in (0.0, 0.9)
    ]
    assert costs[0] == costs[1]  # nothing of it passes the checks, so nothing wrong passes them


def test_rules_narrow_forbid_and_begin() -> None:
    rules = (
        RouterRule(name="own data", when=RuleWhen(kind=("sql",)), allow=("l", "m")),
        RouterRule(when=RuleWhen(intent=("data",)), deny=("m",)),
        RouterRule(name="far", when=RuleWhen(user=("bo",)), start="c"),
    )
    state = snapshot(local("l"), local("m"), cloud("c"))
    found = decide(context(), policy(*rules), state)
    assert (found.chosen, found.rules) == ("l", ("own data", "2"))
    assert (weighed(found, "m").reason, weighed(found, "m").detail) == ("rule_deny", "2")
    assert (weighed(found, "c").reason, weighed(found, "c").detail) == ("rule_allow", "own data")
    other = decide(context(user="bo", kind="mail"), policy(*rules), state)
    assert (other.chosen, other.why, other.rules) == ("c", "start_rule", ("2", "far"))


def test_two_rules_that_leave_nothing_refuse() -> None:
    rules = (RouterRule(name="one", allow=("l",)), RouterRule(name="two", allow=("c",)))
    found = decide(context(), policy(*rules), snapshot(local("l"), cloud("c")))
    assert found.outcome == "refused"
    assert [one.detail for one in found.candidates] == ["two", "one"]


def test_the_first_start_that_may_serve_and_has_not_failed_counts() -> None:
    rules = (RouterRule(start="gone"), RouterRule(start="c"), RouterRule(start="l"))
    state = snapshot(local("gone", available=False), local("l"), cloud("c", "20"))
    assert decide(context(), policy(*rules), state).chosen == "c"
    after = decide(context(failures=(Failure(model="c", kind="tool_refused"),)), policy(*rules), state)
    assert (after.chosen, after.why) == ("l", "start_rule")


def test_what_is_unknown_of_odds_is_a_half() -> None:
    found = decide(context(), policy(), snapshot(local("l", odds=Odds(successes=0, failures=0))))
    assert weighed(found, "l").success == 0.5
