"""The operator's rules, made ready once so that fifty of them cost microseconds a step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from clawdbot.config import LABELS, Label, RouterRule
from clawdbot.models.routing.step_context import StepContext

RANK: dict[Label, int] = {label: rank for rank, label in enumerate(LABELS)}
"""Least sensitive is 0."""

_ANY = 1 << 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """A ``[[router.rule]]``; an empty set means any."""

    name: str
    kinds: frozenset[str]
    intents: frozenset[str]
    users: frozenset[str]
    anybody: bool
    """No user is asked for.  A group without members is asked for, and nobody is in it."""
    label_from: int
    label_to: int
    tokens_from: int
    tokens_to: int
    attempt_from: int
    allow: frozenset[str]
    deny: frozenset[str]
    start: str

    @classmethod
    def of(cls, rule: RouterRule, number: int, groups: Mapping[str, Sequence[str]]) -> Rule:
        """The rule that stands at ``number`` (from 1) in the file."""
        when = rule.when
        return cls(
            name=rule.name or str(number),
            kinds=frozenset(when.kind),
            intents=frozenset(when.intent),
            users=frozenset(user for name in when.user for user in _members(name, groups)),
            anybody=not when.user,
            label_from=0 if when.label_from is None else RANK[when.label_from],
            label_to=len(LABELS) if when.label_to is None else RANK[when.label_to],
            tokens_from=when.tokens_from or 0,
            tokens_to=_ANY if when.tokens_to is None else when.tokens_to,
            attempt_from=when.attempt_from or 1,
            allow=frozenset(rule.allow),
            deny=frozenset(rule.deny),
            start=rule.start,
        )

    def fires(self, context: StepContext, label: int) -> bool:
        """Everything that the rule asks for holds; ``label`` is the rank of the step's own, as masking changes nothing
        about what the step is."""
        return (
            (not self.kinds or context.kind in self.kinds)
            and (not self.intents or context.intent in self.intents)
            and (self.anybody or context.user in self.users)
            and self.label_from <= label <= self.label_to
            and self.tokens_from <= context.prompt_tokens <= self.tokens_to
            and context.attempt >= self.attempt_from
        )

    def unmet(self, context: StepContext) -> tuple[str, ...]:
        """The keys of ``when`` that do not hold for a step, as they are written in TOML; none when the rule fires."""
        label = RANK[context.label]
        held = {
            "kind": not self.kinds or context.kind in self.kinds,
            "intent": not self.intents or context.intent in self.intents,
            "user": self.anybody or context.user in self.users,
            "label_from": label >= self.label_from,
            "label_to": label <= self.label_to,
            "tokens_from": context.prompt_tokens >= self.tokens_from,
            "tokens_to": context.prompt_tokens <= self.tokens_to,
            "attempt_from": context.attempt >= self.attempt_from,
        }
        return tuple(key for key, holds in held.items() if not holds)


def _members(name: str, groups: Mapping[str, Sequence[str]]) -> Sequence[str]:
    return groups.get(name.removeprefix("group:"), ()) if name.startswith("group:") else (name,)
