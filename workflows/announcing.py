"""What people are told of runs that nobody watches: how they ended, that they wait for an answer, what is uncertain."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from clawdbot.store.approvals import Approval
from clawdbot.store.effects import EffectRecord
from clawdbot.store.ledger import RunLedger, RunRecord
from clawdbot.store.notices import NoticeBoard, Target
from clawdbot.store.outbox import OutboxEntry

Ending = Literal["done", "failed"]

_GOAL = 60
_LINES = 12

_WORDS: Mapping[str, Mapping[str, str]] = {
    "zh": {
        "done": "已完成：{goal}",
        "failed": "未完成：{goal}",
        "waiting": "等待您的答复：{goal}",
        "unknown": "需要您确认：{what}",
        "run": "任务 {id}（{user}，{at}）",
        "goal": "目标：{goal}",
        "why": "原因：{why}",
        "asked": "要批准的操作（{tool}）：",
        "answer": "答复：clawdbot approve {id}",
        "show": "查看：clawdbot show {id}",
        "lost": "任务在第 {step} 步执行 {tool} 时中断，不能确定它是否已经生效；不会自动重做。",
        "mail": "邮件“{subject}”，收件人 {to}，Message-ID {message_id}。请在邮箱里按 Message-ID 查找。",
        "settle": "确认后请用：clawdbot settle {key} --sent 或 --not-sent{resend}",
        "resend": "，或 --resend 再发一次",
    },
    "en": {
        "done": "Done: {goal}",
        "failed": "Not completed: {goal}",
        "waiting": "Waits for your answer: {goal}",
        "unknown": "Please check: {what}",
        "run": "Run {id} ({user}, {at})",
        "goal": "Goal: {goal}",
        "why": "Why: {why}",
        "asked": "To be approved ({tool}):",
        "answer": "Answer with: clawdbot approve {id}",
        "show": "See it with: clawdbot show {id}",
        "lost": "The run was cut off in step {step} while it did {tool}; whether that took effect is not known. It is "
        "not done again by itself.",
        "mail": "Mail “{subject}” to {to}, Message-ID {message_id}. Look for the Message-ID in the mailbox.",
        "settle": "Then say what became of it: clawdbot settle {key} --sent or --not-sent{resend}",
        "resend": ", or --resend to send it again",
    },
}


Targets = Callable[[RunRecord], Target | None]
"""Whom a run itself wants to be told, besides those of ``[notify]``."""


class Announcer:
    """Tells of runs that nobody watches; its methods are what ``RunEngine.on_end`` and ``on_wait`` call."""

    def __init__(self, ledger: RunLedger, targets: Targets = lambda run: None) -> None:
        self._ledger = ledger
        self._targets = targets

    def ended(self, run: RunRecord) -> None:
        """The run is done."""
        tell_of_end(self._ledger.notices, run, target=self._targets(run))

    def waits(self, run: RunRecord) -> None:
        """The run cannot go on without an answer."""
        asked = [a for a in self._ledger.approvals.of_family(run.id) if a.decision is None]
        tell_of_wait(self._ledger.notices, run, asked)


def tell_of_end(board: NoticeBoard, run: RunRecord, *, target: Target | None = None) -> None:
    """Post how a run ended: ``done`` when it is verified, else ``failed``; once for each run.

    Nothing is told of a run that a person cancelled, nor of one that is a step of a workflow.
    """
    if run.parent is not None or run.status != "done":
        return
    kind: Ending = "done" if run.verdict == "verified" else "failed"
    result = run.result or {}
    missing = [*([run.error] if run.error else []), *(str(what) for what in result.get("missing", ()))]
    words = _words(run)
    lines = [*_head(run), *(words["why"].format(why=why) for why in missing[:_LINES])]
    if answer := str(result.get("answer", "")).strip():
        lines += ["", *answer.splitlines()[:_LINES]]
    _post(board, run, kind, lines=[*lines, "", words["show"].format(id=run.id)], target=target, once=f"end {run.id}")


def tell_of_wait(board: NoticeBoard, run: RunRecord, asked: Sequence[Approval]) -> None:
    """Post that a run waits for an answer to those questions; once for each set of them."""
    if run.parent is not None or not asked:
        return
    words = _words(run)
    lines = _head(run)
    for question in asked:
        lines += ["", words["asked"].format(tool=question.tool), *question.payload.splitlines()[:_LINES]]
    once = " ".join(["wait", run.id, *sorted(question.payload_hash for question in asked)])
    lines += ["", words["answer"].format(id=run.id)]
    _post(board, run, "waiting", lines=lines, once=once)


def tell_of_unknown(board: NoticeBoard, run: RunRecord, effect: EffectRecord, mail: OutboxEntry | None) -> None:
    """Post that nobody knows if an effect happened; once for each effect."""
    words = _words(run)
    lines = [*_head(run), words["lost"].format(step=effect.step, tool=effect.tool)]
    what = effect.tool
    if mail is not None:
        what = mail.subject
        to = ", ".join(mail.recipients)
        lines.append(words["mail"].format(subject=mail.subject, to=to, message_id=mail.message_id))
    resend = words["resend"] if mail is not None else ""
    lines += ["", words["settle"].format(key=effect.key[:12], resend=resend)]
    board.post(
        kind="unknown", subject=words["unknown"].format(what=_short(what)), body="\n".join(lines), run_id=run.id,
        once=unknown_once(effect),
    )  # fmt: skip


def unknown_once(effect: EffectRecord) -> str:
    """What the notice of an effect with an unknown outcome is told once for."""
    return f"unknown {effect.key}"


def _post(
    board: NoticeBoard,
    run: RunRecord,
    kind: Literal["done", "failed", "waiting"],
    *,
    lines: Sequence[str],
    once: str,
    target: Target | None = None,
) -> None:
    subject = _words(run)[kind].format(goal=_short(run.goal))
    board.post(kind=kind, subject=subject, body="\n".join(lines), run_id=run.id, target=target, once=once)


def _head(run: RunRecord) -> list[str]:
    words = _words(run)
    at = run.created_at[:16].replace("T", " ") + " UTC"
    return [words["run"].format(id=run.id, user=run.user, at=at), words["goal"].format(goal=run.goal)]


def _words(run: RunRecord) -> Mapping[str, Any]:
    return _WORDS["zh" if run.language == "zh" else "en"]


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _GOAL else f"{line[: _GOAL - 1]}…"
