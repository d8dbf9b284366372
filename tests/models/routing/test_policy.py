"""The operator's configuration as a policy: when its rules fire, and when two policies are the same."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from clawdbot.config import Config, HealthConfig, RouterConfig, RouterRule, RuleWhen, WeightsConfig
from clawdbot.models.routing.policy import Policy
from clawdbot.models.routing.step_context import StepContext
from tests.models.routing.steps import context, contexts, policies, policy


@pytest.mark.parametrize(
    ("when", "fits", "fits_not", "key"),
    [
        ({"kind": ("sql", "chart")}, {"kind": "chart"}, {"kind": "mail"}, "kind"),
        ({"intent": ("code",)}, {"intent": "code"}, {"intent": "data"}, "intent"),
        ({"user": ("amy",)}, {"user": "amy"}, {"user": "Amy"}, "user"),
        ({"user": ("group:staff", "eve")}, {"user": "bo"}, {"user": "staff"}, "user"),
        ({"label_from": "internal"}, {"label": "internal"}, {"label": "public"}, "label_from"),
        ({"label_to": "internal"}, {"label": "internal"}, {"label": "confidential"}, "label_to"),
        ({"tokens_from": 500}, {"prompt_tokens": 500}, {"prompt_tokens": 499}, "tokens_from"),
        ({"tokens_to": 500}, {"prompt_tokens": 500}, {"prompt_tokens": 501}, "tokens_to"),
        ({"attempt_from": 2}, {"attempt": 2}, {"attempt": 1}, "attempt_from"),
    ],
)
def test_when_a_rule_fires(when: dict[str, Any], fits: dict[str, Any], fits_not: dict[str, Any], key: str) -> None:
    found = policy(RouterRule(when=RuleWhen(**when), deny=("x",)), groups={"staff": ("bo", "cy")})
    assert [rule.name for rule in found.fired(context(**fits))] == ["1"]
    assert found.fired(context(**fits_not)) == ()
    assert found.rules[0].unmet(context(**fits_not)) == (key,)


def test_a_rule_looks_at_the_label_before_masking() -> None:
    found = policy(RouterRule(when=RuleWhen(label_from="secret"), deny=("x",)))
    assert found.fired(replace(context(label="secret"), masked_label="public"))


def test_nobody_is_in_an_empty_group() -> None:
    found = policy(RouterRule(when=RuleWhen(user=("group:none",)), deny=("x",)), groups={"none": ()})
    assert found.fired(context()) == ()


@given(contexts(), policies)
def test_a_rule_fires_when_nothing_of_it_is_unmet(step: StepContext, rule: Policy) -> None:
    assert list(rule.fired(step)) == [one for one in rule.rules if not one.unmet(step)]


def test_the_hash_is_of_what_decides() -> None:
    def hashed(groups: dict[str, tuple[str, ...]] | None = None, **router: Any) -> str:
        return Policy.of(Config(router=RouterConfig(**router), groups=groups or {})).hash

    plain = hashed()
    assert len(plain) == 12 and hashed() == plain
    assert hashed(health=HealthConfig(failures=2)) == plain
    assert hashed(groups={"staff": ("bo",)}) == plain
    changes: tuple[dict[str, Any], ...] = (
        {"cloud_max_label": "internal"}, {"weights": WeightsConfig(latency=2)}, {"order": ("a", "b")},
        {"rule": (RouterRule(deny=("a",)),)}, {"intents": {"code": WeightsConfig()}}, {"failure_usd": 0.1},
    )  # fmt: skip
    assert len({plain, *(hashed(**change) for change in changes)}) == 1 + len(changes)
    rule = (RouterRule(when=RuleWhen(user=("group:staff",)), deny=("a",)),)
    assert hashed(groups={"staff": ("bo",)}, rule=rule) != hashed(groups={"staff": ("cy",)}, rule=rule)


def test_a_policy_says_what_a_cloud_may_see_only_masked() -> None:
    assert policy().needs_masking(context(label="internal"))
    assert not policy(cloud_max_label="internal").needs_masking(context(label="internal"))
