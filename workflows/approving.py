"""Changing a call before it is approved: checked as the call itself is, and shown as it would then be made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

from clawdbot.agents.planner import Frame, Planner
from clawdbot.agents.state import RunState
from clawdbot.errors import PolicyRefused, UsageError
from clawdbot.store.answers import Edited
from clawdbot.store.approvals import Approval
from clawdbot.store.queue import RunKind
from clawdbot.tools.contract import Schema
from clawdbot.tools.executor import RunFrame
from clawdbot.tools.registry import Registry
from clawdbot.workflows.checkpoints import LedgerCheckpoints


@dataclass(frozen=True, kw_only=True)
class CallSite:
    """Where in a run a call stands that is asked for: what it takes to show it anew."""

    run: RunFrame
    step: int


FindSite = Callable[[Approval], AbstractContextManager[CallSite]]
"""The site of a question's call, there while the block lasts; UsageError when the run has gone on since."""


class Approving:
    """Checks what people make of the calls that they are asked about; safe to share between threads."""

    def __init__(self, planner: Planner, registry: Registry) -> None:
        self._planner = planner
        self._registry = registry
        self._sites: dict[RunKind, FindSite] = {"goal": self._of_planner, "ask": self._of_planner}

    def serve(self, kind: RunKind, find: FindSite) -> None:
        """Questions of runs of that kind are found by ``find``; those of the planner are found without."""
        self._sites[kind] = find

    def schema(self, question: Approval) -> Schema:
        """The arguments of the call that is asked for; UsageError for a question that is about no call."""
        if question.args is None:
            raise UsageError(
                "This question is not about a call with arguments; it can be approved or rejected as it is.",
                hint=f"clawdbot approve {question.run_id}",
            )
        return self._registry.get(question.tool).schema

    def edit(self, question: Approval, args: Mapping[str, Any]) -> Edited:
        """The call with other arguments; nothing is recorded or done.

        UsageError when they do not fit the tool or what it checks, PolicyRefused when they go beyond what the run may
        do: receivers, databases and tools are those of the goal, whoever changes the call.
        """
        schema = self.schema(question)
        unknown = sorted(set(args) - set(schema["properties"]))
        if unknown:
            known = ", ".join(schema["properties"]) or "none"
            raise UsageError(f"{question.tool} has no argument {unknown[0]!r}.", hint=f"Its arguments: {known}.")
        find = self._sites[self._planner.ledger.get_run(question.run_id).kind]
        try:
            with find(question) as site:
                asked = self._planner.executor.question(question.tool, args, run=site.run, step=site.step)
        except PolicyRefused:
            raise
        except UsageError as error:
            raise UsageError(f"The change does not fit: {error}", hint="Nothing was recorded.") from error
        return Edited(args=asked.args, payload=asked.payload, payload_hash=asked.payload_hash)

    @contextmanager
    def _of_planner(self, question: Approval) -> Iterator[CallSite]:
        planner = self._planner
        checkpoints = LedgerCheckpoints(planner.ledger.database, planner.ledger.leases)
        kept = checkpoints.get_tuple({"configurable": {"thread_id": question.run_id}})
        if kept is None or not kept.checkpoint["channel_values"].get("intent"):
            raise gone_on(question)
        state: RunState = kept.checkpoint["channel_values"]  # type: ignore[assignment]  # the channels are the state
        frame = Frame.of(planner, state)
        yield CallSite(run=frame.call_frame(), step=len(frame.steps) + 1)


def gone_on(question: Approval) -> UsageError:
    """The error about a question whose call the run has left behind."""
    return UsageError(f"Run {question.run_id} has gone on since.", hint=f"See: clawdbot show {question.run_id}")
