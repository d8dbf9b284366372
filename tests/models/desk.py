"""A ledger with a service over scripted models, and what it wrote there."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage
from sqlalchemy import select

from clawdbot.config import Config, Label, PriceConfig
from clawdbot.models.fake import Scripted, ScriptedChatModel
from clawdbot.models.interface import Rung
from clawdbot.models.ladder import Ladder
from clawdbot.models.routing.attempt import Attempt
from clawdbot.models.service import ModelService
from clawdbot.models.step_request import StepAnswer, StepRequest
from clawdbot.store.attempts import AttemptStore
from clawdbot.store.database import Database, ledger_url
from clawdbot.store.routing_tables import reservations

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"answer": {"type": "string", "minLength": 1, "maxLength": 400}},
    "required": ["answer"],
    "additionalProperties": False,
}
RIGHT: dict[str, Any] = {"answer": "right"}
CHEAP = PriceConfig(input_usd=Decimal(1), output_usd=Decimal(4))
"""A short question costs at most about 0.0005 dollars at it."""
DEAR = PriceConfig(input_usd=Decimal(10), output_usd=Decimal(40))
PRECIOUS = PriceConfig(input_usd=Decimal(2000), output_usd=Decimal(2000))
"""So dear that another try of a free model is worth it."""
MAX_TOKENS = 100


def rung(
    name: str,
    script: Sequence[Scripted] = (),
    *,
    cloud: bool = False,
    price: PriceConfig | None = None,
    context: int = 8192,
    yes: Any = None,
) -> Rung:
    """A model that plays a script; after it every call fails."""
    chat = ScriptedChatModel(script=list(script), yes=yes)
    return Rung(name=name, provider="fake", model=name, chat=chat, context=context, cloud=cloud, price=price)


def asked(rung: Rung) -> list[str]:
    """The last message of every question that a scripted model got."""
    assert isinstance(rung.chat, ScriptedChatModel)
    return [call.messages[-1]["content"] for call in rung.chat.calls]


def request(label: Label = "public", **values: Any) -> StepRequest:
    """A step of a run."""
    given: dict[str, Any] = {"kind": "sql", "intent": "data", "step": 1, "user": "anna", "deadline_s": 60.0, **values}
    return StepRequest(**{"run_id": "run", "label": label, **given})


class Desk:
    """A service over these models, with its ledger under ``home``."""

    def __init__(self, home: Path, *rungs: Rung, ladder: Ladder | None = None, **sections: Any) -> None:
        self.config = Config.model_validate({"app": {"home": str(home), "timezone": "UTC"}, **sections})
        self.database = Database(ledger_url(self.config))
        self.models = ModelService(ladder or Ladder.of(*rungs), self.config, self.database)

    def ask(self, text: str = "How many orders?", *, check: Any = None, **values: Any) -> StepAnswer:
        """One question, of a step of ``values``."""
        return self.models.complete(request(**values), prompt(text), SCHEMA, max_tokens=MAX_TOKENS, check=check)

    def attempts(self, run_id: str = "run") -> list[Attempt]:
        """The run's attempts as they were written."""
        self.models.flush()
        return [Attempt.from_json(row.record) for row in AttemptStore(self.database).of_run(run_id)]

    def requests(self, run_id: str = "run") -> list[dict[str, Any] | None]:
        """What was sent at each attempt."""
        store = AttemptStore(self.database)
        return [store.request(row.id) for row in store.of_run(run_id)]

    def money(self) -> dict[str, list[tuple[Decimal, Decimal]]]:
        """Reserved and spent dollars of every reservation, by state."""
        found: dict[str, list[tuple[Decimal, Decimal]]] = {"reserved": [], "settled": [], "released": []}
        with self.database.read() as connection:
            for row in connection.execute(select(reservations)):
                found[row.state].append((Decimal(row.reserved_usd), Decimal(row.spent_usd or 0)))
        return found


def prompt(text: str) -> list[BaseMessage]:
    """A prompt with a question."""
    return [SystemMessage("You answer as JSON."), HumanMessage(text)]
