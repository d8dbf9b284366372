"""The quote step of a small model: each statement judged alone, since it answers yes or no better than it chooses."""

from __future__ import annotations

from collections.abc import Sequence

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage

from clawdbot.agents.quotations import QUOTE
from clawdbot.agents.steps import Intent
from clawdbot.knowledge.evidence.choice import choose
from clawdbot.knowledge.evidence.ranges import hint
from clawdbot.knowledge.evidence.statement import Statement
from clawdbot.models.service import ModelService
from clawdbot.models.step_request import StepRequest

JUDGED = 12
"""Statements that are judged, best first; each costs about a second."""

_SYSTEM = "You check whether a statement from a company document answers a question. Answer yes or no."


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
    said = f"{' > '.join(statement.headings)}: {statement.text}{hint(question, statement.text)}"
    return [
        SystemMessage(_SYSTEM),
        HumanMessage(f"Statement: {said}\nQuestion: {question}\nDoes the statement answer the question? yes or no"),
    ]
