"""What a tool is: a function with a declared effect, typed arguments and a receipt.

    @tool(effect="read")
    def exchange_rate(base: str, quote: str) -> str:
        \"\"\"Look up today's exchange rate.

        base: ISO 4217 code to convert from
        quote: ISO 4217 code to convert to
        \"\"\"

The JSON Schema of the arguments comes from the type hints and the docstring.  A parameter annotated with
:class:`ToolContext` is injected and never seen by a model.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, ParamSpec, TypeVar

from clawdbot.access.envelope import Envelope
from clawdbot.access.identity import Identity
from clawdbot.config import Config
from clawdbot.tools.workspace import Artifact, Workspace

Effect = Literal["read", "artifact", "external"]
"""read: looks at data; artifact: writes into the run's folder; external: changes the world (mail, HTTP)."""

Deliverable = Literal["passages", "answer", "table", "chart", "report", "mail"]
"""What a brief can ask for, and what a tool can provide; passages are words of documents."""

Schema = dict[str, Any]
P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S")

NOBODY = Identity(user="")
"""A user that no access list names."""


@dataclass(frozen=True, kw_only=True)
class ToolContext:
    """What a running tool may use; given by the executor, one for each call."""

    run_id: str
    goal: str
    language: Literal["zh", "en"]
    workspace: Workspace
    envelope: Envelope
    config: Config
    effect_key: str = ""
    identity: Identity = NOBODY
    """Who asked for the run: documents are seen with the rights of that user."""
    done: tuple[Mapping[str, Any], ...] = ()
    """Receipts so far, oldest first."""
    deadline: float = field(default_factory=lambda: time.monotonic() + 120.0)
    hints: Mapping[str, Any] = field(default_factory=dict)
    """The same facts of the brief as ``RunView.hints``, so that what a schema left out can be filled in."""
    services: Mapping[type[Any], Any] = field(default_factory=dict)

    def service(self, kind: type[S]) -> S:
        """The shared collaborator of that type (for example the database catalogue); KeyError when absent."""
        found: S = self.services[kind]
        return found

    def remaining_s(self) -> float:
        """Seconds left for this call."""
        return max(0.0, self.deadline - time.monotonic())


@dataclass(frozen=True, kw_only=True)
class ToolResult:
    """What a call gave: ``observation`` for the model, ``summary`` and ``receipt`` for the ledger."""

    observation: str
    summary: str = ""
    table: str | None = None
    artifacts: tuple[Artifact, ...] = ()
    receipt: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class RunView:
    """The run as a tool may see it when it decides if it is ready and narrows its schema.  Pure data."""

    goal: str
    language: Literal["zh", "en"]
    deliverables: frozenset[Deliverable]
    workspace: Workspace
    envelope: Envelope
    config: Config
    hints: Mapping[str, Any] = field(default_factory=dict)
    """Facts of the brief by name: 'periods', 'grain', 'limit', 'chart_kind', 'formats', 'columns', ..."""
    done: tuple[Mapping[str, Any], ...] = ()
    """Receipts so far, oldest first."""
    services: Mapping[type[Any], Any] = field(default_factory=dict)

    def service(self, kind: type[S]) -> S:
        """The shared collaborator of that type; KeyError when absent."""
        found: S = self.services[kind]
        return found


Ready = Callable[[RunView], bool]
Narrow = Callable[[RunView, Schema], Schema]
Validate = Callable[[Mapping[str, Any]], dict[str, Any]]
"""Checked and converted arguments of a call; raises :class:`pydantic.ValidationError`."""
Asks = Callable[["ToolContext", Mapping[str, Any]], str | None]
"""What a person must approve before the call, as text that shows the exact payload; None when nothing."""
Shows = Callable[["ToolContext", Mapping[str, Any]], str]
"""Exactly what a call would do, as text for a person, in the run's language."""


@dataclass(kw_only=True)
class Tool(Generic[P, R]):
    """A registered tool.  Calling it calls the plain function, so its own unit test stays typed."""

    name: str
    description: str
    effect: Effect
    function: Callable[P, R]
    schema: Schema
    provides: Deliverable | None = None
    context_parameter: str | None = None
    ready: Ready = field(default=lambda view: True)
    narrow: Narrow = field(default=lambda view, schema: schema)
    validate: Validate = field(default=dict)
    """Checks the arguments against the type hints (not against a narrowed schema)."""
    resumes: bool = False
    """An external tool with its own outbox: after a crash it is called again with the same effect key."""
    asks: Asks | None = None
    """None with effect 'external' means: always ask, unless [tools] trusted names the tool."""
    shows: Shows | None = None
    """The payload for a call that the tool asks nothing of, and the configuration wants approved all the same; None
    shows the name and all arguments."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.function(*args, **kwargs)

    def when(self, ready: Ready) -> Ready:
        """Decorator: the tool is offered only while ``ready(view)`` holds."""
        self.ready = ready
        return ready

    def narrows(self, narrow: Narrow) -> Narrow:
        """Decorator: ``narrow(view, schema)`` returns the schema for this step (live enums)."""
        self.narrow = narrow
        return narrow

    def approved_by(self, asks: Asks) -> Asks:
        """Decorator: ``asks(context, args)`` decides if a person must approve this call."""
        self.asks = asks
        return asks

    def shown_by(self, shows: Shows) -> Shows:
        """Decorator: ``shows(context, args)`` is the text of a call for a person who must approve it."""
        self.shows = shows
        return shows
