"""Goals become runs, in the queue of workers or for work at once."""

from __future__ import annotations

from clawdbot.agents.briefing import compile_brief
from clawdbot.config import Config
from clawdbot.errors import UsageError
from clawdbot.failpoints import reach
from clawdbot.store.ledger import RunLedger
from clawdbot.store.queue import INTERACTIVE, NewRun, RunKind


def new_goal(
    config: Config, goal: str, *, user: str, ask: bool = False, model: str = "", priority: int = INTERACTIVE
) -> NewRun:
    """The run of a goal; with ``ask`` it is a question to the documents alone.

    ``model`` is the only one that may serve; empty lets the policy choose.  UsageError for an unusable goal and for a
    model that is not in [models].
    """
    language = compile_brief(goal, config, tools=frozenset()).language
    if model and model not in config.models:
        known = ", ".join(config.models) or "none"
        raise UsageError(f"There is no [models.{model}] for workers.", hint=f"Configured models: {known}.")
    kind: RunKind = "ask" if ask else "goal"
    spec = {"model": model} if model else {}
    return NewRun(goal=goal, language=language, user=user, kind=kind, spec=spec, priority=priority)


def accept(
    ledger: RunLedger,
    config: Config,
    goal: str,
    *,
    user: str,
    ask: bool = False,
    model: str = "",
    priority: int = INTERACTIVE,
) -> str:
    """Put a goal into the queue for workers; on the disk when this returns the run's id.

    Raises what :func:`new_goal` raises.
    """
    run_id = ledger.queue.accept(new_goal(config, goal, user=user, ask=ask, model=model, priority=priority))
    reach("run.accepted")
    return run_id
