"""Questions of a workflow's run to a person: asked once, answered here or in the ledger, else the step waits."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from clawdbot.agents.events import event
from clawdbot.store.answers import Answer
from clawdbot.store.approvals import ApprovalLedger
from clawdbot.workflows.goals import Attendance


class Asking:
    """Puts questions under the id of the workflow's run; thread-safe, one question at a time before the person."""

    def __init__(self, run_id: str, approvals: ApprovalLedger, by: Attendance, *, expire_s: float) -> None:
        self._run_id = run_id
        self._approvals = approvals
        self._by = by
        self._expire_s = expire_s
        self._lock = threading.Lock()

    def answer(self, request: Mapping[str, Any]) -> Answer | None:
        """The answer to {tool, payload, payload_hash, args}: the one that stands, or the approver's; None: it waits."""
        payload_hash = str(request["payload_hash"])
        known = self._approvals.answer(self._run_id, payload_hash)
        if known is not None:
            return known
        self._approvals.ask(
            self._run_id, payload_hash, payload=str(request["payload"]), tool=str(request["tool"]),
            args=request.get("args"), expire_s=self._expire_s,
        )  # fmt: skip
        with self._lock:
            self._by.listener(event("approval", self._run_id, **request))
            given = self._by.approver(request)
        if given is None:
            return None
        if isinstance(given, bool):
            given = Answer(decision="approved" if given else "refused", by="terminal")
        standing, _ = self._approvals.settle(self._run_id, payload_hash, given)
        return standing.answer

    def one_at_a_time(self, request: Mapping[str, Any]) -> Answer | bool | None:
        """The approver for the runs that are steps of this one."""
        with self._lock:
            return self._by.approver(request)
