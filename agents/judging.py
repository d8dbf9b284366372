"""The quote step of a small model: each statement judged alone, since it answers yes or no better than it chooses."""

from __future__ import annotations

from collections.abc import Sequence

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from clawdbot.agents.quotations import QUOTE
from clawdbot.agents.steps import Intent
from clawdbot.knowledge.evidence.choice import choose
from clawdbot.knowledge.evidence.ranges import hint
from clawdbot.knowledge.evidence.statement import Statement
from clawdbot.models.service import ModelService
from clawdbot.models.step_request import StepRequest

JUDGED = 16
"""Statements that are judged, best first; each costs about a second."""

_SYSTEM = (
    "You check whether a statement from a company document answers a question of staff. Say yes only if the statement "
    "gives the answer, also by a rule that covers the case; no if it is about something else or does not say it."
)
_EXAMPLES = (
    ("我周末能带孩子来办公室吗？", "办公室管理 > 访客: 未经行政部同意，不得带访客进入办公区。", "yes"),
    (
        "Which airline do we fly with?",
        "Business trips > Booking: Flights are booked by the travel desk at least a week ahead.",
        "no",
    ),
    (
        "请三天年假要提前多久说？",
        "Leave > Requests: Leave of more than two days is requested ten working days ahead.",
        "yes",
    ),
    ("食堂几点开门？", "办公室管理 > 会议室: 会议室使用时间为 9:00 至 18:00。", "no"),
    ("Can our interns get a company laptop?", "设备管理 > 领用: 实习生不配笔记本电脑。", "yes"),
    ("加班到半夜有没有夜宵补助？", "办公室管理 > 考勤: 迟到三次扣除当月全勤奖。", "no"),
    (
        "Somebody scratched a company car in the car park. Who pays?",
        "Vehicles > Damage: Damage above CNY 500 is reported to the fleet manager; repairs are paid by the department.",
        "yes",
    ),
    ("谁负责签收包裹？", "Security > Badges: Badges are worn visibly and returned on the last day.", "no"),
)
"""Question, statement, answer: rules, refusals and another language are answers too; the same subject alone is none."""


def judge_quotes(
    models: ModelService, request: StepRequest, question: str, statements: Sequence[Statement]
) -> Intent | None:
    """The call of ``quote`` that follows from a judgement of each statement; None when the model cannot judge so.

    Raises what :meth:`ModelService.judge` raises.
    """
    best_first = sorted(range(len(statements)), key=lambda i: -statements[i].fit)
    order = best_first[:JUDGED]
    order += [i for i in best_first[JUDGED:] if _is_other_version(statements[i], [statements[j] for j in order])]
    found = models.judge(request, [_messages(question, statements[i]) for i in order])
    if found is None:
        return None
    chosen = [order[i] + 1 for i in choose(question, [statements[i] for i in order], found.yes)]
    shown = ", ".join(f"[{i + 1}] {value:.2f}" for i, value in zip(order, found.yes, strict=True))
    return Intent(
        # Not as the thought: a small model that reads one such line writes the next.
        thought="",
        notes=(f"says the answer, 0 to 1: {shown}",),
        tool=QUOTE,
        args={"answered": bool(chosen), "lines": chosen},
        model=found.model,
        prompt_tokens=found.prompt_tokens,
        completion_tokens=len(order),
        cost_usd=str(found.cost_usd),
        attempts=found.attempts,
        ms=found.ms,
    )


def _is_other_version(statement: Statement, judged: Sequence[Statement]) -> bool:
    same = [s for s in judged if s.family == statement.family]
    return bool(same) and all(s.document != statement.document for s in same)


def _messages(question: str, statement: Statement) -> list[BaseMessage]:
    """The examples and the question come first, so that the model reads them once for all statements."""
    told = f"{' > '.join(statement.headings)}: {statement.text}{hint(question, statement.text, statement.inside)}"
    return [*_SHOTS, HumanMessage(_asked(question, told))]


def _asked(question: str, told: str) -> str:
    return f"Question: {question}\nStatement: {told}\nDoes the statement answer the question? yes or no"


_SHOTS: tuple[BaseMessage, ...] = (
    SystemMessage(_SYSTEM),
    *(m for q, told, said in _EXAMPLES for m in (HumanMessage(_asked(q, told)), AIMessage(said))),
)
