"""Which systems play, all on one model that is loaded before the clock starts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.office_tasks.langgraph_agent import LangGraphAgent
from benchmarks.office_tasks.ours import Ours
from benchmarks.office_tasks.player import Player
from benchmarks.office_tasks.pydantic_agent import PydanticAgent
from clawdbot.config import ModelConfig
from clawdbot.errors import UsageError
from clawdbot.models.ladder import Ladder
from clawdbot.models.llamacpp import Engine, load_engine
from clawdbot.models.providers import build

CONTEXT = 8192


def _ours(model: Path, engine: Engine) -> Player:
    settings = ModelConfig(provider="llamacpp", path=model, context=CONTEXT)
    return Ours(lambda config: Ladder.single(build("embedded", settings, home=config.app.home)))


SYSTEMS: dict[str, Callable[[Path, Engine], Player]] = {
    "ours": _ours,
    "langgraph": lambda model, engine: LangGraphAgent(engine, forced=False),
    "langgraph-forced": lambda model, engine: LangGraphAgent(engine, forced=True),
    "pydantic-ai": lambda model, engine: PydanticAgent(engine),
}


def line_up(names: Sequence[str], *, model: Path) -> list[Player]:
    """The players of these names; UsageError for an unknown name, ModelUnavailable without the model file."""
    for name in names:
        if name not in SYSTEMS:
            raise UsageError(f"There is no system {name!r}.", hint=f"Systems: {', '.join(SYSTEMS)}.")
    engine = load_engine(model, context=CONTEXT)
    return [SYSTEMS[name](model, engine) for name in names]
