"""Which calls a person must approve: those that the tool asks for, and those that ``[approvals]`` adds.  Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from rapidfuzz import process

from clawdbot.config import Config
from clawdbot.errors import ConfigError
from clawdbot.models.spending.money import dollars
from clawdbot.text.language import Language
from clawdbot.tools.contract import Effect

Cause = Literal["tool", "external", "required", "cost"]
"""tool: the tool asks by itself; external: it acts outside and is not trusted; required: [approvals] require names it;
cost: the run has cost [approvals] over_usd."""

_WHY: dict[Language, dict[Cause, str]] = {
    "zh": {
        "tool": "工具 {tool} 自身要求批准",
        "external": "{tool} 会在本机之外产生作用，且不在 [tools] trusted 中",
        "required": "[approvals] require 列出了 {tool}",
        "cost": "任务费用已达到 [approvals] over_usd（{over}）",
    },
    "en": {
        "tool": "the tool {tool} asks for it",
        "external": "{tool} acts outside this machine and is not in [tools] trusted",
        "required": "[approvals] require names {tool}",
        "cost": "the run has cost [approvals] over_usd ({over})",
    },
}


@dataclass(frozen=True, kw_only=True)
class ApprovalPolicy:
    """What the configuration wants approved.  Build it with :meth:`of`, which knows the tools' names."""

    require: frozenset[str] = frozenset()
    trusted: frozenset[str] = frozenset()
    over_usd: Decimal | None = None

    @classmethod
    def of(cls, config: Config, known: Collection[str]) -> ApprovalPolicy:
        """The policy of a configuration; ConfigError for a name in [approvals] require that no tool has."""
        for name in config.approvals.require:
            if name not in known:
                near = [f"The nearest is {found!r}." for found, *_ in process.extract(name, list(known), limit=1)]
                raise ConfigError(
                    f"[approvals] require names {name!r}, and there is no such tool.", hint=" ".join(near)
                )
        return cls(
            require=frozenset(config.approvals.require),
            trusted=frozenset(config.tools.trusted),
            over_usd=config.approvals.over_usd,
        )

    def cause(self, tool: str, effect: Effect, *, asks: bool | None, spent_usd: Decimal) -> Cause | None:
        """Why a person must approve a call, the first reason that holds; None when nobody must.

        ``asks`` is what the tool itself says of this call, None when it has no say; ``spent_usd`` is the run's cost.
        """
        if asks:
            return "tool"
        if asks is None and effect == "external" and tool not in self.trusted:
            return "external"
        if tool in self.require:
            return "required"
        if effect == "external" and self.over_usd is not None and spent_usd >= self.over_usd:
            return "cost"
        return None

    def reason(self, cause: Cause, tool: str, language: Language) -> str:
        """The cause as a clause for the person who is asked."""
        over = "" if self.over_usd is None else dollars(self.over_usd)
        return _WHY[language][cause].format(tool=tool, over=over)
