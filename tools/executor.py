"""One path for every tool call: enabled, envelope, arguments, approval, time limit, effect ledger, call, receipt.

What a tool raises becomes an observation.  Only three things leave :meth:`Executor.call` as exceptions:
ApprovalNeeded (a person must answer first), BudgetExceeded, and StoreError (without its ledger a run must stop).
"""

from __future__ import annotations

import asyncio
import logging
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import ValidationError

from clawdbot.access.envelope import Envelope
from clawdbot.access.identity import Identity
from clawdbot.config import Config
from clawdbot.errors import (
    ApprovalNeeded,
    BudgetExceeded,
    ClawdbotError,
    OutcomeUnknown,
    PolicyRefused,
    RetryableToolError,
    StoreError,
    UsageError,
)
from clawdbot.store.effects import EffectRecord
from clawdbot.store.ledger import RunLedger
from clawdbot.tools.argument_errors import describe
from clawdbot.tools.contract import NOBODY, ToolContext, ToolResult
from clawdbot.tools.effects import approval_hash, default_payload, effect_key, make_receipt, payload_hash, visible
from clawdbot.tools.invoke import invoke
from clawdbot.tools.registry import AnyTool, Registry
from clawdbot.tools.results import as_result, first_line, shown
from clawdbot.tools.time_limit import CallThreads, LimitReached
from clawdbot.tools.workspace import Workspace

log = logging.getLogger(__name__)

ErrorKind = Literal["retryable", "terminal", "policy", "timeout", "crash"]

_PASSED_ON = (BudgetExceeded, StoreError)
_FAILURES = (Exception, SystemExit, asyncio.CancelledError)
"""What a tool may raise; KeyboardInterrupt is the person's."""

ERROR_LOG = "errors.log"
"""File in the run's folder that holds the tracebacks of tools that crashed."""


@dataclass(frozen=True, kw_only=True)
class RunFrame:
    """The run that a call belongs to.  ``deadline`` is of the whole run, on ``time.monotonic()``'s clock."""

    run_id: str
    goal: str
    language: Literal["zh", "en"]
    workspace: Workspace
    envelope: Envelope
    deadline: float
    identity: Identity = NOBODY
    done: tuple[Mapping[str, Any], ...] = ()
    """Receipts so far, oldest first."""
    hints: Mapping[str, Any] = field(default_factory=dict)
    """Facts of the brief, handed to the tool's context."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a call ended: what the model sees, and the receipt when it succeeded.  ``ms`` are milliseconds.

    ``result`` is None when the call failed, and when a receipt was found in the ledger and nothing was called.
    """

    ok: bool
    observation: str
    error_kind: ErrorKind | None = None
    receipt: dict[str, Any] | None = None
    result: ToolResult | None = None
    ms: float = 0.0


@dataclass(frozen=True, kw_only=True)
class _Call:
    tool: AnyTool
    args: dict[str, Any]
    context: ToolContext
    run: RunFrame
    step: int
    payload: str = ""
    """Hash of what a person approved; empty when nobody had to."""

    @property
    def key(self) -> str:
        return self.context.effect_key


class Executor:
    """Runs the tools of a registry.  Safe to share between threads and runs."""

    def __init__(
        self, registry: Registry, config: Config, ledger: RunLedger, services: Mapping[type[Any], Any] | None = None
    ) -> None:
        self._registry = registry
        self._config = config
        self._effects = ledger.effects
        self._services = dict(services or {})
        self._threads = CallThreads("clawdbot-tool")

    def call(
        self,
        tool_name: str,
        args: Mapping[str, Any],
        *,
        run: RunFrame,
        step: int,
        approvals: frozenset[str] = frozenset(),
    ) -> Outcome:
        """Call a tool for a run; ``approvals`` are the payload hashes that a person approved.

        Raises ApprovalNeeded, BudgetExceeded and StoreError; everything else is in the outcome.
        """
        began = time.perf_counter()
        made = self._admitted(tool_name, args, run, step)
        outcome = made if isinstance(made, Outcome) else self._fenced(made, approvals)
        return replace(outcome, observation=shown(outcome.observation), ms=(time.perf_counter() - began) * 1000)

    def _admitted(self, tool_name: str, args: Mapping[str, Any], run: RunFrame, step: int) -> _Call | Outcome:
        """Enabled, allowed by the envelope, well-formed, and in time."""
        try:
            tool = self._registry.get(tool_name)
        except UsageError as error:
            return _failed("retryable", str(error))
        if tool_name not in run.envelope.tools:
            return _failed("policy", f"This run may not use {tool_name!r}: the request does not cover it.")
        limit = min(time.monotonic() + self._config.tools.timeout_s, run.deadline)
        context = ToolContext(
            run_id=run.run_id, goal=run.goal, language=run.language, workspace=run.workspace, envelope=run.envelope,
            config=self._config, effect_key=effect_key(run.run_id, step, tool_name), deadline=limit,
            services=self._services, hints=run.hints, identity=run.identity, done=run.done,
        )  # fmt: skip
        call = _Call(tool=tool, args={}, context=context, run=run, step=step)
        if context.remaining_s() <= 0:
            return _failed("timeout", "The run's time is used up; nothing was called.")
        try:
            return replace(call, args=tool.validate(args))
        except ValidationError as error:
            return _failed("retryable", f"Wrong arguments for {tool_name}: {describe(error, tool.schema)}")
        except Exception as error:  # a validator of the tool's own type
            return _explained(call, error)

    def _fenced(self, call: _Call, approvals: frozenset[str]) -> Outcome:
        """Approved by a person where needed, written down before it happens, then performed."""
        external = call.tool.effect == "external"
        if external:
            before = self._effects.get(call.key)
            known = None if before is None else self._known(call, before)
            if known is not None:
                return known
        question = self._question(call)
        if isinstance(question, Outcome):
            return question
        if question is not None:
            call = replace(call, payload=self._require(call, question, approvals))
        if external:
            taken = self._effects.begin(
                key=call.key, run_id=call.run.run_id, step=call.step, tool=call.tool.name, effect=call.tool.effect,
                payload_hash=call.payload,
            )  # fmt: skip
            known = None if taken is None else self._known(call, taken)
            if known is not None:
                return known
        return self._perform(call)

    def _known(self, call: _Call, record: EffectRecord) -> Outcome | None:
        """What the ledger says of an effect that was begun before; None when it may be called (again)."""
        if record.state == "done":
            receipt = record.receipt or {}
            return Outcome(ok=True, observation=f"Done before: {receipt.get('summary', '')}", receipt=receipt)
        if record.state == "failed" or call.tool.resumes:
            return None
        self._effects.unknown(call.key)
        return _failed(
            "terminal",
            f"{call.tool.name} was begun before and its end was never recorded (effect {call.key[:12]}): whether it "
            "happened is unknown. It is not repeated; a person must check.",
        )

    def _question(self, call: _Call) -> str | Outcome | None:
        """The text that a person must approve, None when nobody must, or how asking failed."""
        tool, asks = call.tool, call.tool.asks
        if asks is None:
            if tool.effect != "external" or tool.name in self._config.tools.trusted:
                return None
            return default_payload(tool, call.args, call.run.language)
        try:
            return self._threads.run(lambda: asks(call.context, call.args), limit_s=call.context.remaining_s())
        except _PASSED_ON:
            raise
        except _FAILURES as error:
            return _explained(call, error)

    def _require(self, call: _Call, question: str, approvals: frozenset[str]) -> str:
        """The payload's hash when it was approved; raises ApprovalNeeded otherwise."""
        payload = payload_hash(call.run.run_id, call.tool.name, question, call.args)
        spent = 0
        if call.tool.effect == "external":
            spent = self._effects.times_spent(run_id=call.run.run_id, payload_hash=payload, but_key=call.key)
        wanted = approval_hash(payload, spent)
        if wanted not in approvals:
            raise ApprovalNeeded(
                f"{call.tool.name} needs a person's approval.", tool=call.tool.name, payload=visible(question),
                payload_hash=wanted,
            )  # fmt: skip
        return payload

    def _perform(self, call: _Call) -> Outcome:
        limit = call.context.remaining_s()
        try:
            result, receipt = self._threads.run(lambda: self._in_thread(call), limit_s=limit)
        except LimitReached:
            if call.tool.effect == "external":
                record = self._effects.unknown(call.key)
                if record.state == "done":  # it returned while we gave up
                    return Outcome(ok=True, observation="Done.", receipt=record.receipt)
            return _explained(call, LimitReached())
        except _PASSED_ON:
            raise
        except _FAILURES as error:
            return _explained(call, error)
        return Outcome(ok=True, observation=result.observation, receipt=receipt, result=result)

    def _in_thread(self, call: _Call) -> tuple[ToolResult, dict[str, Any]]:
        """Call, receipt and ledger together, so that a call that was given up still records how it ended."""
        external = call.tool.effect == "external"
        try:
            result = as_result(call.tool, invoke(call.tool, call.args, call.context), call.run.workspace)
            receipt = make_receipt(call.tool, result, step=call.step, key=call.key, payload=call.payload)
        except _FAILURES as error:
            if external and _certainly_not(error):
                self._effects.failed(call.key)
            elif external:
                self._effects.unknown(call.key)
            raise
        if external:
            self._effects.done(call.key, receipt)
        return result, receipt


def _certainly_not(error: BaseException) -> bool:
    """The tool says that its effect did not happen; anything unexpected says nothing."""
    return isinstance(error, ClawdbotError) and not isinstance(error, OutcomeUnknown)


def _explained(call: _Call, error: BaseException) -> Outcome:
    """The outcome of a call that raised; the unexpected is logged in the run's folder."""
    doubt = ""
    if call.tool.effect == "external" and not _certainly_not(error):
        doubt = " Whether it took effect is unknown; a person must check."
    if isinstance(error, LimitReached):
        return _failed("timeout", f"{call.tool.name} did not return in time and was given up.{doubt}")
    if isinstance(error, RetryableToolError):
        return _failed("retryable", str(error))
    if isinstance(error, PolicyRefused | ApprovalNeeded):
        return _failed("policy", str(error))
    if isinstance(error, ClawdbotError):
        return _failed("terminal", str(error))
    _log_crash(call, error)
    said = first_line(str(error), limit=500) or "no message"
    return _failed("crash", f"tool failed: {type(error).__name__}: {said.rstrip('.')}.{doubt}")


def _failed(kind: ErrorKind, observation: str) -> Outcome:
    return Outcome(ok=False, observation=observation, error_kind=kind)


def _log_crash(call: _Call, error: BaseException) -> None:
    moment = datetime.now(UTC).isoformat(timespec="seconds")
    text = "".join(traceback.format_exception(error)).encode("utf-8", "backslashreplace").decode()
    try:
        with (call.run.workspace.root / ERROR_LOG).open("a", encoding="utf-8") as file:
            file.write(f"{moment} step {call.step} {call.tool.name}\n{text}\n")
    except OSError as problem:
        log.warning("The traceback of %s could not be kept: %s", call.tool.name, problem)
