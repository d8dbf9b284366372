"""The operator's configuration as the policy reads it: made once, frozen, and known by its hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from clawdbot.config import Config, Intent, Label, WeightsConfig
from clawdbot.models.routing.rules import RANK, Rule
from clawdbot.models.routing.step_context import StepContext

_HASH = 12
"""Characters of the hash that are kept: enough to tell an installation's policies apart."""
_READ = {
    "order",
    "cloud_max_label",
    "escalate_after",
    "second_usd",
    "failure_usd",
    "unnoticed",
    "weights",
    "intents",
    "rule",
}
"""Keys of [router] that a decision depends on; health and retries are the calls' own."""


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What :func:`clawdbot.models.routing.decide.decide` goes by.  Money in US dollars."""

    cloud_max_label: Label = "public"
    escalate_after: int = 1
    second_usd: float = 0.0002
    failure_usd: float = 0.05
    unnoticed: float = 0.1
    weights: WeightsConfig = field(default_factory=WeightsConfig)
    intents: Mapping[Intent, WeightsConfig] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    hash: str = ""
    """The same for the same configuration, on any machine."""

    @classmethod
    def of(cls, config: Config) -> Policy:
        """The policy of a configuration."""
        router = config.router
        return cls(
            cloud_max_label=router.cloud_max_label,
            escalate_after=router.escalate_after,
            second_usd=router.second_usd,
            failure_usd=router.failure_usd,
            unnoticed=router.unnoticed,
            weights=router.weights,
            intents=dict(router.intents),
            rules=tuple(Rule.of(rule, number, config.groups) for number, rule in enumerate(router.rule, 1)),
            hash=_hash(config),
        )

    def weights_for(self, intent: Intent) -> WeightsConfig:
        """The weights of an intent, where it has its own."""
        return self.intents.get(intent, self.weights)

    def fired(self, context: StepContext) -> tuple[Rule, ...]:
        """The rules that hold for a step, in the file's order."""
        label = RANK[context.label]
        return tuple(rule for rule in self.rules if rule.fires(context, label))

    def needs_masking(self, context: StepContext) -> bool:
        """A cloud model may see the step only after masking."""
        return RANK[context.label] > RANK[self.cloud_max_label]


def _hash(config: Config) -> str:
    groups = {
        name: config.groups.get(name.removeprefix("group:"), ())
        for rule in config.router.rule
        for name in rule.when.user
        if name.startswith("group:")
    }
    read = {"router": config.router.model_dump(mode="json", include=_READ), "groups": groups}
    text = json.dumps(read, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:_HASH]
