"""Which kind of failure an error is: what the policy, the breaker and the retries go by."""

from __future__ import annotations

from clawdbot.errors import ContextOverflow, InvalidStep, PolicyRefused, ToolError
from clawdbot.models.routing.step_context import FailureKind
from clawdbot.models.unavailable import BUSY, NOT_BEGUN, OVERLOADED, PROMPT_CUT, REFUSED, STALLED, TIMEOUT, UNREACHABLE

_BY_CODE: dict[str, FailureKind] = {
    TIMEOUT: "timeout",
    NOT_BEGUN: "timeout",
    OVERLOADED: "overloaded",
    REFUSED: "auth",
    STALLED: "transient",
    UNREACHABLE: "transient",
}
_BY_STATUS: dict[int, FailureKind] = {
    401: "auth",
    402: "auth",
    403: "auth",
    404: "auth",
    408: "transient",
    425: "transient",
    429: "rate_limited",
    503: "overloaded",
    529: "overloaded",
}
_AGAIN = frozenset({BUSY, STALLED, UNREACHABLE})
_OURS: frozenset[FailureKind] = frozenset(
    {"schema_invalid", "truncated", "context_overflow", "policy", "tool_refused", "result_wrong"}
)


def failure_kind(error: BaseException) -> FailureKind:
    """The kind of ``error``.

    ``auth`` is all that a person must mend at the provider: key, quota, a model that is not there.  ``policy`` is a
    request that somebody's rule refuses, ours or the server's.  What nobody explains is ``transient``.
    """
    if isinstance(error, InvalidStep):
        return "truncated" if error.truncated else "schema_invalid"
    if isinstance(error, ContextOverflow):
        return "truncated" if error.code == PROMPT_CUT else "context_overflow"
    if isinstance(error, PolicyRefused):
        return "policy"
    if isinstance(error, ToolError):
        return "tool_refused"
    known = _BY_CODE.get(getattr(error, "code", ""))
    return known or _of_status(getattr(error, "status", None))


def worth_asking_again(error: BaseException, *, tried: int = 1, alone: bool = False) -> bool:
    """Another try of the same call may cure it.

    An answer that did not begin is asked for once more, and only when no other model stands by (``alone``): a busy
    server would take as long again, a lost connection would not.
    """
    code = getattr(error, "code", "")
    return code in _AGAIN or (code == NOT_BEGUN and alone and tried < 2)


def is_ours(kind: FailureKind) -> bool:
    """The model's server did its part: the failure says nothing about its health."""
    return kind in _OURS


def _of_status(status: int | None) -> FailureKind:
    if status is None:
        return "transient"
    if 400 <= status < 500:
        return _BY_STATUS.get(status, "policy")
    return _BY_STATUS.get(status, "transient")
