"""Questions that nobody answers in time: they expire, their runs go on, and people are told."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection

from clawdbot.store.approvals import Approval
from clawdbot.store.ledger import RunLedger
from clawdbot.store.notices import NoticeBoard

PERIOD_S = 5.0
"""Seconds between two looks."""

_FORGOTTEN_S = 60.0
"""Whoever answers goes on with the run itself, at once; after so long it was cut off."""

_LINES = 12

_WORDS: Mapping[str, Mapping[str, str]] = {
    "zh": {
        "subject": "无人批准，已过期：{goal}",
        "body": "任务 {run} 的这个请求（{tool}）在 {at} 之前没有人答复，视为拒绝，任务继续进行：",
        "show": "查看：clawdbot show {run}",
    },
    "en": {
        "subject": "Nobody approved it in time: {goal}",
        "body": "Nobody answered this question of run {run} ({tool}) by {at}. It counts as rejected, and the run goes "
        "on:",
        "show": "See it with: clawdbot show {run}",
    },
}


class Expiry:
    """A duty of workers; safe to run in several processes at once."""

    def __init__(self, ledger: RunLedger, board: NoticeBoard) -> None:
        self._ledger = ledger
        self._board = board

    def tick(self) -> None:
        """Let what is due expire, and take up again what was answered and then forgotten."""
        self._ledger.approvals.expire_due(self._tell)
        self._ledger.approvals.wake_forgotten(after_s=_FORGOTTEN_S)

    def _tell(self, connection: Connection, expired: Approval) -> None:
        run = self._ledger.get_run(expired.run_id)
        words = _WORDS["zh" if run.language == "zh" else "en"]
        facts = {"run": run.parent or run.id, "tool": expired.tool, "at": expired.expires_at, "goal": run.goal[:60]}
        lines = [words["body"].format(**facts), "", *expired.payload.splitlines()[:_LINES], ""]
        self._board.post_in(
            connection, kind="expired", subject=words["subject"].format(**facts),
            body="\n".join([*lines, words["show"].format(**facts)]), run_id=run.parent or run.id,
            once=f"expired {expired.run_id} {expired.payload_hash}",
        )  # fmt: skip
