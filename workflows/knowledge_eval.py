"""Questions of an evaluation, each answered by a run of its own."""

from __future__ import annotations

import time

from clawdbot.agents.events import Listener, silent
from clawdbot.errors import ClawdbotError
from clawdbot.knowledge.evaluation.answering import Ask, GivenAnswer
from clawdbot.workflows.engine import RunEngine


def asker(engine: RunEngine, *, user: str, listener: Listener = silent) -> Ask:
    """Answers a question as ``clawdbot ask`` does; an expected error becomes an answer that failed."""

    def ask(question: str) -> GivenAnswer:
        began = time.perf_counter()
        try:
            result = engine.start(question, user=user, ask=True, listener=listener)
        except ClawdbotError as error:
            ms = (time.perf_counter() - began) * 1000
            return GivenAnswer(text="", verdict="", citations=(), ms=ms, error=str(error))
        return GivenAnswer(
            text=result.answer,
            verdict=result.verdict or result.status,
            citations=result.citations,
            ms=(time.perf_counter() - began) * 1000,
            run=result.run_id,
        )

    return ask
