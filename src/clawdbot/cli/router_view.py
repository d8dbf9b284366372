"""What ``clawdbot router check`` tells, in lines."""

from __future__ import annotations

from collections.abc import Iterator

from clawdbot.cli.streams import clean
from clawdbot.cli.telling import Telling
from clawdbot.cli.terminal import output
from clawdbot.cli.why_view import Line, print_lines
from clawdbot.cli.wording import Words
from clawdbot.models.routing.attempt import Attempt
from clawdbot.models.routing.decision import Decision
from clawdbot.models.routing.policy import Policy
from clawdbot.models.routing.step_context import StepContext

_ORDER = {"chosen": 0, "standby": 1, "dearer": 2, "filtered": 3}


def show(step: StepContext, policy: Policy, decision: Decision, words: Words) -> None:
    """Print the example, the rules, each model with its verdict, and the choice."""
    print_lines(output(), _lines(step, policy, decision, words))


def _lines(step: StepContext, policy: Policy, decision: Decision, words: Words) -> Iterator[Line]:
    told = Telling(words)
    attempt = Attempt(id="", at="", context=step, decision=decision, call=None)
    said = words(
        "router.example",
        kind=words(f"kind.{step.kind}"),
        intent=words(f"intent.{step.intent}"),
        label=words(f"label.{step.label}"),
        tokens=f"{step.prompt_tokens:,}",
        user=clean(step.user),
        attempt=step.attempt,
    )
    yield Line(text=said, style="bold")
    yield Line(text="")
    yield Line(text=words("router.rules") if policy.rules else words("router.no_rules"), style="bold")
    for rule in policy.rules:
        unmet = rule.unmet(step)
        key = "router.rule_rests" if unmet else "router.rule_fires"
        shown = words(key, name=clean(rule.name), keys=words.separator.join(unmet))
        yield Line(text=shown, level=1, style="dim" if unmet else "")
    yield Line(text="")
    yield Line(text=words("router.models"), style="bold")
    for candidate in sorted(decision.candidates, key=lambda one: _ORDER[one.verdict]):
        yield Line(text=told.candidate(candidate, attempt), level=1)
        if mend := told.mend(candidate):
            yield Line(text=mend, level=2, style="dim")
    yield Line(text="")
    yield from _choice(told, attempt)
    yield Line(text="")
    yield Line(text=words("router.not_asked"), style="dim")


def _choice(told: Telling, attempt: Attempt) -> Iterator[Line]:
    decision, words = attempt.decision, told.words
    if decision.outcome != "chosen":
        yield Line(text=told.why(attempt), style="bold")
        return
    yield Line(text=words("router.choice", model=clean(decision.chosen)), style="bold")
    yield Line(text=told.why(attempt), level=1)
    if decision.masked:
        yield Line(text=words("router.masked"), level=1)
    if decision.standby:
        names = words.separator.join(clean(name) for name in decision.standby)
        yield Line(text=words("router.standby", names=names), level=1)
    if decision.reserve_usd:
        yield Line(text=words("router.reserved", money=told.amounts.money(decision.reserve_usd)), level=1)
