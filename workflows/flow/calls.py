"""A step that is to be done, what came of it, and how it can end otherwise."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from clawdbot.access.identity import Identity
from clawdbot.agents.planner import Planner
from clawdbot.agents.steps import Outcome
from clawdbot.errors import ClawdbotError
from clawdbot.store.workflow_steps import StepRow, WorkflowSteps
from clawdbot.text.language import Language
from clawdbot.tools.workspace import Workspace
from clawdbot.workflows.definition import Definition, Step
from clawdbot.workflows.flow.asking import Asking
from clawdbot.workflows.flow.rooms import Things
from clawdbot.workflows.goals import Attendance
from clawdbot.workflows.scope import ITEM
from clawdbot.workflows.stop import Stop


@dataclass(frozen=True, kw_only=True)
class Frame:
    """A workflow's run: what was reviewed, what it was given, and who works on it."""

    run_id: str
    user: str
    definition: Definition
    inputs: Mapping[str, Any]
    """As they are kept; templates see them through ``names``."""
    day: date
    language: Language
    goal: str
    """What the run is for, with its inputs, as receipts and reports say it."""
    identity: Identity
    planner: Planner
    steps: WorkflowSteps
    asking: Asking
    by: Attendance
    stop: Stop
    """Told what ``by.stop`` is told, and when a step of this run went wrong."""
    names: Mapping[str, Any]
    """What every template may use."""


@dataclass(frozen=True, kw_only=True)
class StepCall:
    """One step, or one item of a foreach, to be done now."""

    frame: Frame
    step: Step
    row: StepRow
    names: Mapping[str, Any]
    """What the step's templates may use."""
    room: Workspace
    seen: Things
    """What stands in the room from earlier steps."""
    given: Things
    """Of that, what a goal starts with."""
    receipts: tuple[Mapping[str, Any], ...]
    """Of the steps before it."""
    deadline: float
    """On ``time.monotonic()``'s clock."""
    spent_usd: Decimal
    """What the run and those below it have cost so far."""
    spent_below_usd: Decimal
    """Of that, the cost of the runs below it."""
    granted: frozenset[str] = frozenset()
    """Payload hashes that a person approved with the step."""
    granted_by: str = ""
    args: Mapping[str, Any] | None = None
    """tool: the arguments as a person changed them; None renders the step's own."""

    @property
    def position(self) -> str:
        return self.row.position

    @property
    def frame_names(self) -> Mapping[str, Any]:
        """``names`` without those of an item."""
        return {name: value for name, value in self.names.items() if name not in ITEM}

    @property
    def number(self) -> int:
        """Of the step's record in the run."""
        return self.row.n

    @property
    def remaining_s(self) -> float:
        return max(0.0, self.deadline - time.monotonic())


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What models took for a step."""

    model: str = ""
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: Decimal = Decimal(0)
    attempts: int = 0
    ms: int = 0

    def __add__(self, later: Usage) -> Usage:
        return Usage(
            model=later.model or self.model,
            prompt_tokens=self.prompt_tokens + later.prompt_tokens,
            cached_tokens=self.cached_tokens + later.cached_tokens,
            completion_tokens=self.completion_tokens + later.completion_tokens,
            cost_usd=self.cost_usd + later.cost_usd,
            attempts=self.attempts + later.attempts,
            ms=self.ms + later.ms,
        )


@dataclass(frozen=True, kw_only=True)
class Performed:
    """What a step gave.  Its new tables and files stand in its room, or in ``source``."""

    text: str
    args: Mapping[str, Any] = field(default_factory=dict)
    """What was called, as it was rendered."""
    value: Any = None
    """What the step gives besides tables; None leaves it to the answer, the rows or the text."""
    answer: str = ""
    receipt: Mapping[str, Any] | None = None
    receipts: tuple[Mapping[str, Any], ...] = ()
    citations: tuple[Mapping[str, Any], ...] = ()
    usage: Usage = Usage()
    child: str | None = None
    source: Workspace | None = None
    notes: tuple[str, ...] = ()


class StepFailed(ClawdbotError):
    """The step was not done; ``outcome`` is its record's, ``given`` what there is all the same."""

    code = "step_failed"

    def __init__(
        self, message: str, *, outcome: Outcome = "terminal", again: bool = True, given: Performed | None = None
    ) -> None:
        super().__init__(message)
        self.outcome: Outcome = outcome
        self.again = again
        self.given = given


class StepWaits(ClawdbotError):
    """The step goes on when these questions are answered: run ids with payload hashes."""

    code = "step_waits"

    def __init__(self, questions: Sequence[tuple[str, str]]) -> None:
        super().__init__("A person must answer first.")
        self.questions = tuple(questions)


Perform = Callable[[StepCall], Performed]
"""Does a step; raises StepFailed, StepWaits, and what ``frame.stop.check()`` raises."""
