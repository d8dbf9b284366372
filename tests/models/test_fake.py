"""The scripted model says what it is told, and complains when the script does not fit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawdbot.errors import ModelError, ModelUnavailable, UsageError
from clawdbot.models.fake import ScriptedChatModel
from clawdbot.models.tokens import estimate_tokens


def test_objects_texts_functions_and_errors_are_played_in_order() -> None:
    model = ScriptedChatModel(
        script=[
            {"a": "你好"},
            "raw",
            lambda messages, schema: {"asked": messages[-1]["content"], "for": schema["title"]},
            ModelUnavailable("gone"),
        ]
    )
    assert model.invoke("one").text == '{"a": "你好"}'
    assert model.invoke("two").text == "raw"
    assert json.loads(model.invoke("three", schema={"title": "t"}).text) == {"asked": "three", "for": "t"}
    with pytest.raises(ModelUnavailable, match="gone"):
        model.invoke("four")
    assert (model.left, [call.messages[0]["content"] for call in model.calls]) == (0, ["one", "two", "three", "four"])
    with pytest.raises(ModelError, match="over after 4 answers"):
        model.invoke("five")


def test_a_script_comes_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "script.json"
    path.write_text('[{"tool": "完成"}]', "utf-8")
    assert json.loads(ScriptedChatModel(script=str(path)).invoke("x").text) == {"tool": "完成"}
    for content, message in (("{", "not JSON"), ("{}", "must be a JSON list")):
        path.write_text(content)
        with pytest.raises(UsageError, match=message):
            ScriptedChatModel(script=path)
    with pytest.raises(UsageError, match="no script"):
        ScriptedChatModel(script=tmp_path / "none.json")


@given(st.text(max_size=60), st.integers(1, 20))
def test_an_answer_is_cut_like_a_real_one(text: str, limit: int) -> None:
    message = ScriptedChatModel(script=[text], piece=3).invoke("x", max_tokens=limit)
    assert text.startswith(message.text)
    assert estimate_tokens(message.text) <= limit
    assert message.response_metadata["finish_reason"] == ("stop" if message.text == text else "length")


@given(st.text(), st.text())
def test_the_estimate_grows_with_the_text(one: str, two: str) -> None:
    assert max(estimate_tokens(one), estimate_tokens(two)) <= estimate_tokens(one + two)
