"""The one tree of errors: who may mend what, with a stable code and the next step in words.

Five kinds are kept apart because five different parties act on them:

* :class:`UsageError` - the person's mistake (a wrong key, a missing file).
* :class:`ModelError` - the model or its server; the router may try another rung.
* :class:`RetryableToolError` - the model may call the tool again with other arguments.
* :class:`TerminalToolError` - the tool cannot do it; the model is told, retrying is pointless.
* :class:`PolicyRefused` / :class:`ApprovalNeeded` / :class:`BudgetExceeded` - a person decides.

Anything else that escapes is our bug.  Exit codes are assigned in ``clawdbot.cli`` and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Spent:
    """What the attempts at a step took; money in US dollars.  ``model`` made the last one."""

    model: str = ""
    attempts: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: Decimal = Decimal(0)


class ClawdbotError(Exception):
    """Root of all expected errors.

    ``message`` says what is wrong, ``hint`` what to do next; ``code`` is stable and may be matched on.  ``spent`` is
    what a reasoning step took that ended so.
    """

    code = "error"
    spent = Spent()

    def __init__(self, message: str, *, hint: str = "", code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if code is not None:
            self.code = code

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class UsageError(ClawdbotError):
    """The person's mistake: an argument, a file or a configuration value."""

    code = "usage"


class ConfigError(UsageError):
    """The configuration file or an override is wrong."""

    code = "config"


class InvalidTool(UsageError):
    """A tool's definition is wrong; the author must change it before it can be loaded."""

    code = "invalid_tool"


class StoreError(UsageError):
    """The run ledger cannot be opened, read or written."""

    code = "store"


class LoadFailed(UsageError):
    """A file cannot be read as a document; the message is the reason that ``knowledge status`` shows."""

    code = "load_failed"


class EmbeddingError(UsageError):
    """The embedding model cannot be loaded or does not answer."""

    code = "embedding"


class KnowledgeError(UsageError):
    """A source or the knowledge library cannot be used as asked."""

    code = "knowledge"


class MissingExtra(UsageError):
    """An optional dependency is not installed; the message names the extra."""

    code = "missing_extra"

    def __init__(self, feature: str, *, extra: str) -> None:
        super().__init__(
            f"{feature} needs an optional dependency that is not installed.",
            hint=f"Install it with: pip install 'clawdbot[{extra}]'",
        )
        self.extra = extra


class ModelError(ClawdbotError):
    """A model did not give a usable answer; another rung may.

    ``status`` is the server's HTTP status, ``retry_after_s`` how long it asked to be left alone, in seconds; ``tries``
    is how often the model was asked before this error was believed.
    """

    code = "model"

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        code: str | None = None,
        status: int | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message, hint=hint, code=code)
        self.status = status
        self.retry_after_s = retry_after_s
        self.tries = 1


class ModelUnavailable(ModelError):
    """The server does not answer, the model is not pulled, or the file is missing."""

    code = "model_unavailable"


class ContextOverflow(ModelError):
    """The prompt does not fit the model's context (refused before, or cut by the server)."""

    code = "context_overflow"


class InvalidStep(ModelError):
    """The model's answer is not valid under the step's schema, or was cut off.

    ``raw`` is what the model said, ``truncated`` that it ends too early; the tokens were spent all the same and count
    against the budget.
    """

    code = "invalid_step"

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        raw: str = "",
        prompt_tokens: int = 0,
        completion_tokens: int = 0,
        truncated: bool = False,
    ) -> None:
        super().__init__(message, hint=hint)
        self.raw = raw
        self.truncated = truncated
        self.prompt_tokens = prompt_tokens
        self.completion_tokens = completion_tokens


class ToolError(ClawdbotError):
    """A tool call did not succeed; the observation is ``str(error)``."""

    code = "tool"


class RetryableToolError(ToolError):
    """The model may try again with other arguments; the hint says how."""

    code = "tool_retryable"


class TerminalToolError(ToolError):
    """The tool cannot do this; trying again is pointless."""

    code = "tool_terminal"


class OutcomeUnknown(TerminalToolError):
    """An effect may have happened; it must never be repeated without a person looking first."""

    code = "outcome_unknown"


class PolicyRefused(ClawdbotError):
    """The envelope, a role or a data label forbids it; only a person can widen it."""

    code = "policy_refused"


class ApprovalNeeded(ClawdbotError):
    """A person must approve before the effect happens.

    ``payload`` is the text to show, exactly; ``payload_hash`` is what an approval is bound to; ``args`` are the call's
    arguments as JSON values, None for what is no call of a tool.
    """

    code = "approval_needed"

    def __init__(
        self,
        message: str,
        *,
        tool: str = "",
        payload: str = "",
        payload_hash: str = "",
        args: Mapping[str, Any] | None = None,
        hint: str = "",
    ) -> None:
        super().__init__(message, hint=hint)
        self.tool = tool
        self.payload = payload
        self.payload_hash = payload_hash
        self.arguments = args

    def as_json(self) -> dict[str, Any]:
        """What is put before a person: tool, payload, payload_hash, args."""
        args = None if self.arguments is None else dict(self.arguments)
        return {"tool": self.tool, "payload": self.payload, "payload_hash": self.payload_hash, "args": args}


class LeaseLost(ClawdbotError):
    """Another worker has the run now, or it was ended from outside; whoever had it stops and changes nothing more."""

    code = "lease_lost"

    def __init__(self, run_id: str) -> None:
        super().__init__(f"Run {run_id} is no longer this worker's.", hint=f"See it with: clawdbot show {run_id}")
        self.run_id = run_id


class RunCancelled(ClawdbotError):
    """A person cancelled the run; it stops at this place."""

    code = "cancelled"


class Drained(ClawdbotError):
    """The worker ends; the run stops at this place and goes on elsewhere from its last checkpoint."""

    code = "drained"


class BudgetExceeded(ClawdbotError):
    """Tokens or money of the run are used up.

    For money ``scope`` says whose budget it is ("step", "task", "user_day", "day") and ``left`` what it still has.
    """

    code = "over_budget"

    def __init__(self, message: str, *, hint: str = "", scope: str = "", left: Decimal | None = None) -> None:
        super().__init__(message, hint=hint)
        self.scope = scope
        self.left = left
