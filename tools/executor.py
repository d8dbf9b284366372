"""One path for every tool call: enabled, envelope, arguments, approval, time limit, effect ledger, call, receipt.

What a tool raises becomes an observation.  Only four things leave :meth:`Executor.call` as exceptions:
ApprovalNeeded (a person must answer first), BudgetExceeded, StoreError (without its ledger a run must stop), and
LeaseLost (another worker has the run).
"""

from __future__ import annotations

import asyncio
import logging
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal, TypeVar

from pydantic import ValidationError

from clawdbot.access.envelope import Envelope
from clawdbot.access.identity import Identity
from clawdbot.config import Config
from clawdbot.errors import (
    ApprovalNeeded,
    BudgetExceeded,
    ClawdbotError,
    LeaseLost,
    OutcomeUnknown,
    PolicyRefused,
    RetryableToolError,
    StoreError,
    UsageError,
)
from clawdbot.store.effects import EffectRecord
from clawdbot.store.ledger import RunLedger
from clawdbot.store.outbox import Outbox
from clawdbot.tools.approval_policy import ApprovalPolicy, Cause
from clawdbot.tools.argument_errors import describe
from clawdbot.tools.contract import NOBODY, ToolContext, ToolResult
from clawdbot.tools.effects import approval_hash, effect_key, make_receipt, payload_hash, plain
from clawdbot.tools.invoke import invoke
from clawdbot.tools.question import Question, default_payload, headed
from clawdbot.tools.registry import AnyTool, Registry
from clawdbot.tools.results import as_result, first_line, shown
from clawdbot.tools.time_limit import CallThreads, LimitReached
from clawdbot.tools.workspace import Workspace

log = logging.getLogger(__name__)

T = TypeVar("T")

ErrorKind = Literal["retryable", "terminal", "policy", "timeout", "crash"]

_PASSED_ON = (BudgetExceeded, StoreError, LeaseLost)
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
    spent_usd: Decimal = Decimal(0)
    """What the run has cost so far."""
    position: str = ""
    """Where in a workflow the call stands; its effect's key comes from that, where steps are not numbered by a plan."""


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
    signed: Mapping[str, str] = field(default_factory=dict)
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
        self._policy = ApprovalPolicy.of(config, _names(registry))
        self._effects = ledger.effects
        self._services = {Outbox: ledger.outbox, **(services or {})}
        self._threads = CallThreads("clawdbot-tool")

    def call(
        self,
        tool_name: str,
        args: Mapping[str, Any],
        *,
        run: RunFrame,
        step: int,
        approvals: frozenset[str] = frozenset(),
        signed: Mapping[str, str] | None = None,
    ) -> Outcome:
        """Call a tool for a run; ``approvals`` are the payload hashes that a person approved.

        ``signed`` says in the receipt who approved or changed it.  Raises ApprovalNeeded, BudgetExceeded, LeaseLost and
        StoreError; everything else is in the outcome.
        """
        began = time.perf_counter()
        made = self._admitted(tool_name, args, run, step)
        outcome = made if isinstance(made, Outcome) else self._fenced(replace(made, signed=signed or {}), approvals)
        return replace(outcome, observation=shown(outcome.observation), ms=(time.perf_counter() - began) * 1000)

    def question(self, tool_name: str, args: Mapping[str, Any], *, run: RunFrame, step: int) -> Question:
        """What a person would read of this call, whether or not somebody must approve it; nothing is done.

        UsageError when the arguments do not fit the tool, PolicyRefused when they go beyond the run's envelope.
        """
        made = self._admitted(tool_name, args, run, step)
        asked = made if isinstance(made, Outcome) else self._asked(made, always=True)
        if isinstance(asked, Outcome):
            raise (PolicyRefused if asked.error_kind == "policy" else UsageError)(asked.observation)
        assert isinstance(made, _Call) and asked is not None, "no outcome, and always asked"
        return self._worded(made, *asked)[0]

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
            config=self._config, effect_key=effect_key(run.run_id, run.position or step, tool_name), deadline=limit,
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
        asked = self._asked(call)
        if isinstance(asked, Outcome):
            return asked
        if asked is not None:
            call = replace(call, payload=self._require(call, *asked, approvals))
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

    def _asked(self, call: _Call, *, always: bool = False) -> tuple[Cause, str] | Outcome | None:
        """Why a person must approve the call and the text to show, None when nobody must, or how asking failed.

        With ``always`` the text is made whether or not somebody must.
        """
        tool = call.tool
        try:
            own = self._limited(call, tool.asks) if tool.asks else None
            asks = None if tool.asks is None else own is not None
            cause = self._policy.cause(tool.name, tool.effect, asks=asks, spent_usd=call.run.spent_usd)
            if cause is None and not always:
                return None
            if own is None:
                own = self._limited(call, tool.shows) if tool.shows else None
        except _PASSED_ON:
            raise
        except _FAILURES as error:
            return _explained(call, error)
        return cause or "tool", own if own is not None else default_payload(tool, call.args, call.run.language)

    def _limited(self, call: _Call, say: Callable[[ToolContext, Mapping[str, Any]], T]) -> T:
        return self._threads.run(lambda: say(call.context, call.args), limit_s=call.context.remaining_s())

    def _worded(self, call: _Call, cause: Cause, text: str) -> tuple[Question, str]:
        """The question, and the hash of its payload; what is approved is bound to both the payload and how often the
        run has carried it out before."""
        tool, run = call.tool, call.run
        payload = payload_hash(run.run_id, tool.name, text, call.args)
        spent = 0
        if tool.effect == "external":
            spent = self._effects.times_spent(run_id=run.run_id, payload_hash=payload, but_key=call.key)
        why = self._policy.reason(cause, tool.name, run.language)
        shown = headed(text, run_id=run.run_id, spent_usd=run.spent_usd, why=why, language=run.language)
        wanted = approval_hash(payload, spent)
        return Question(tool=tool.name, args=plain(call.args), payload=shown, payload_hash=wanted), payload

    def _require(self, call: _Call, cause: Cause, text: str, approvals: frozenset[str]) -> str:
        """The payload's hash when it was approved; raises ApprovalNeeded otherwise."""
        question, payload = self._worded(call, cause, text)
        if question.payload_hash not in approvals:
            raise ApprovalNeeded(
                f"{call.tool.name} needs a person's approval.", tool=question.tool, payload=question.payload,
                payload_hash=question.payload_hash, args=question.args,
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
            receipt = make_receipt(
                call.tool, result, step=call.step, key=call.key, payload=call.payload, signed=call.signed
            )
        except LeaseLost:
            raise  # the effect is somebody else's now
        except _FAILURES as error:
            if external and _certainly_not(error):
                self._effects.failed(call.key)
            elif external:
                self._effects.unknown(call.key)
            raise
        if external:
            self._effects.done(call.key, receipt)
        return result, receipt


def _names(registry: Registry) -> list[str]:
    """Every tool that is installed, be it enabled, broken or neither."""
    return [*(entry.name for entry in registry.entries), *(problem.name for problem in registry.problems)]


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
