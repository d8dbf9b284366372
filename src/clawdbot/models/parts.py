"""What dispatching a step stands on: one of each, shared by all steps of a process."""

from __future__ import annotations

from dataclasses import dataclass

from clawdbot.config import Config
from clawdbot.models.answer_cache import AnswerCache
from clawdbot.models.attempt_log import AttemptLog
from clawdbot.models.egress import Egress
from clawdbot.models.exposure import Sight
from clawdbot.models.ladder import Ladder
from clawdbot.models.prompt_memory import PromptMemory
from clawdbot.models.routing.policy import Policy
from clawdbot.models.spending.budget import Budgets
from clawdbot.models.standing import Prices, Standing


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The collaborators of a dispatch."""

    config: Config
    ladder: Ladder
    policy: Policy
    prices: Prices
    standing: Standing
    budgets: Budgets
    beyond: Budgets
    """The same ledger without limits: for what a person allowed."""
    sight: Sight
    egress: Egress
    memory: PromptMemory
    log: AttemptLog
    cache: AnswerCache
