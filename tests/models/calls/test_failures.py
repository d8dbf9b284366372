"""What kind of failure an error is, and what goes by it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import HumanMessage

from clawdbot.errors import (
    ContextOverflow,
    InvalidStep,
    ModelError,
    ModelUnavailable,
    PolicyRefused,
    RetryableToolError,
)
from clawdbot.models import unavailable
from clawdbot.models.calls.failures import failure_kind, is_ours, worth_asking_again
from clawdbot.models.fake import ScriptedChatModel
from clawdbot.models.interface import Rung, complete_step
from clawdbot.models.routing.step_context import FailureKind


@pytest.mark.parametrize(
    ("error", "kind", "again", "ours"),
    [
        (InvalidStep("no JSON"), "schema_invalid", False, True),
        (InvalidStep("cut off", truncated=True), "truncated", False, True),
        (ContextOverflow("too long"), "context_overflow", False, True),
        (ContextOverflow("half was read", code=unavailable.PROMPT_CUT), "truncated", False, True),
        (PolicyRefused("label"), "policy", False, True),
        (RetryableToolError("no such column"), "tool_refused", False, True),
        (unavailable.late("m", 3), "timeout", False, False),
        (unavailable.not_begun("m", 3), "timeout", False, False),
        (unavailable.stalled("m", 3), "transient", True, False),
        (unavailable.broke_off("m"), "transient", True, False),
        (ModelUnavailable("nobody", code=unavailable.UNREACHABLE), "transient", True, False),
        (ModelUnavailable("queue", code=unavailable.OVERLOADED), "overloaded", False, False),
        (ModelUnavailable("left alone", code=unavailable.LEFT_ALONE), "transient", False, False),
        (ModelUnavailable("no file", code=unavailable.REFUSED), "auth", False, False),
        (ModelUnavailable("busy", code=unavailable.BUSY, status=429), "rate_limited", True, False),
        (ModelUnavailable("busy", code=unavailable.BUSY, status=503), "overloaded", True, False),
        (ModelUnavailable("busy", code=unavailable.BUSY, status=529), "overloaded", True, False),
        (ModelUnavailable("busy", code=unavailable.BUSY, status=500), "transient", True, False),
        (ModelError("what is temperature?", status=400), "policy", False, True),
        (ModelError("no such path", status=404), "auth", False, False),
        (ModelError("nobody knows"), "transient", False, False),
        (RuntimeError("our bug"), "transient", False, False),
    ],
)
def test_every_error_has_a_kind(error: Exception, kind: FailureKind, again: bool, ours: bool) -> None:
    assert failure_kind(error) == kind
    assert worth_asking_again(error) is again
    assert is_ours(kind) is ours


ANY = {"type": "object"}
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.text(max_size=5), VALUES, min_size=1, max_size=3), st.data())
def test_an_object_that_ends_early_is_truncated_and_never_taken(value: dict[str, object], data: st.DataObject) -> None:
    text = json.dumps(value, ensure_ascii=data.draw(st.booleans()))
    cut = text[: data.draw(st.integers(1, len(text) - 1))]
    chat = ScriptedChatModel(script=[cut])
    rung = Rung(name="r", provider="fake", model="r", chat=chat, context=8192)
    with pytest.raises(InvalidStep) as caught:
        complete_step(rung, [HumanMessage("go")], ANY, max_tokens=4000, deadline_s=5)
    assert failure_kind(caught.value) == "truncated"


@pytest.mark.parametrize("text", ["", "   ", "The table is orders.", "[1, 2]", '{"a": 1} and more', "{'a': 1}", "```"])
def test_what_was_never_json_is_not_truncated(text: str) -> None:
    rung = Rung(name="r", provider="fake", model="r", chat=ScriptedChatModel(script=[text]), context=8192)
    with pytest.raises(InvalidStep) as caught:
        complete_step(rung, [HumanMessage("go")], ANY, max_tokens=4000, deadline_s=5)
    assert failure_kind(caught.value) == "schema_invalid"
