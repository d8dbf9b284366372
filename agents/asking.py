"""Questions to a person out of the graph: the run is suspended, and its node starts anew with the answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from langgraph.types import interrupt

from clawdbot.errors import ApprovalNeeded
from clawdbot.store.answers import Answer


def suspend(needed: ApprovalNeeded) -> Answer:
    """The answer to exactly this question; suspends the run (GraphInterrupt) until there is one.

    A node that starts anew may come to another question than the one that was answered, since files or data changed
    meanwhile: that answer is not taken for this question.
    """
    while True:
        resumed = interrupt(needed.as_json())
        if isinstance(resumed, Mapping) and resumed.get("payload_hash") == needed.payload_hash:
            return Answer.from_json(resumed["answer"])


def answered(payload_hash: str, answer: Answer) -> dict[str, Any]:
    """What the graph is resumed with (``Command(resume=...)``): JSON values."""
    return {"payload_hash": payload_hash, "answer": answer.as_json()}
