"""One suite that every provider passes: embedded, Ollama, OpenAI-compatible, LangChain and the scripted fake."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from clawdbot.config import ModelConfig
from clawdbot.errors import ContextOverflow, InvalidStep, ModelUnavailable
from clawdbot.models.interface import Rung, complete_step
from clawdbot.models.providers import build

SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["thought", "tool", "tables"],
    "properties": {
        "thought": {"type": "string", "maxLength": 60},
        "tool": {"enum": ["query", "chart", "mail"]},
        "tables": {"type": "array", "minItems": 1, "maxItems": 2, "items": {"enum": ["订单", "客户", "产品"]}},
    },
}
MESSAGES: list[BaseMessage] = [
    SystemMessage("Choose one tool and a table. Answer with JSON."),
    HumanMessage("统计每个客户的金额 (query)"),
]
PLAYED = {"thought": "客户的金额", "tool": "query", "tables": ["客户"]}
NAMES = ("llamacpp", "ollama", "openai", "langchain", "langchain-ollama", "script")

Make = Callable[..., Rung]


def _settings(name: str, request: pytest.FixtureRequest, said: list[Any]) -> ModelConfig:
    if name == "llamacpp":
        path = request.getfixturevalue("gguf")
        return ModelConfig(provider="llamacpp", path=path, context=2048)
    if name == "ollama":
        return ModelConfig(provider="ollama", model="qwen2.5:3b", base_url=request.getfixturevalue("ollama").url)
    if name == "openai":
        url = request.getfixturevalue("openai").url
        return ModelConfig(provider="openai", model="some-model", base_url=f"{url}/v1")
    if name == "langchain":
        texts = [answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False) for answer in said]
        path = "langchain_core.language_models:FakeListChatModel"
        return ModelConfig(provider="langchain", model=path, options={"responses": texts})
    if name == "langchain-ollama":
        options = {"model": "qwen2.5:3b", "base_url": request.getfixturevalue("ollama").url}
        return ModelConfig(provider="langchain", model="langchain_ollama:ChatOllama", options=options)
    script = {"script": said}
    return ModelConfig(provider="langchain", model="clawdbot.models.fake:ScriptedChatModel", options=script)


@pytest.fixture(params=NAMES)
def rung(request: pytest.FixtureRequest, tmp_path: Path) -> Rung:
    return build(request.param, _settings(request.param, request, [PLAYED] * 2), home=tmp_path)


def _usage(message: AIMessage) -> tuple[int, int]:
    assert message.usage_metadata is not None
    usage = message.usage_metadata
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]
    return usage["input_tokens"], usage["output_tokens"]


def test_a_step_obeys_its_schema(rung: Rung) -> None:
    answer = complete_step(rung, MESSAGES, SCHEMA, max_tokens=200, deadline_s=120)
    assert answer.value == json.loads(answer.text)
    assert answer.value["tool"] in SCHEMA["properties"]["tool"]["enum"]
    assert set(answer.value["tables"]) <= {"订单", "客户", "产品"}
    assert not answer.truncated
    assert answer.prompt_tokens > 0 and answer.completion_tokens > 0 and answer.ms >= 0


def test_usage_and_reason_are_filled(rung: Rung) -> None:
    message = rung.chat.invoke(MESSAGES, schema=SCHEMA, max_tokens=200)
    prompt, completion = _usage(message)
    assert prompt > 10 and completion > 5
    assert message.response_metadata["finish_reason"] == "stop"
    assert message.response_metadata["model"] == rung.model


def test_a_stream_adds_up_to_the_answer(rung: Rung) -> None:
    chunks = list(rung.chat.stream(MESSAGES, schema=SCHEMA, max_tokens=200))
    whole = chunks[0]
    for chunk in chunks[1:]:
        whole = whole + chunk
    assert whole.text == rung.chat.bind(schema=SCHEMA, max_tokens=200).invoke(MESSAGES).text
    assert whole.response_metadata["finish_reason"] == "stop"
    assert whole.usage_metadata is not None and whole.usage_metadata["output_tokens"] > 0


@pytest.mark.parametrize("name", [name for name in NAMES if name != "langchain"])  # that one knows no limit
def test_an_answer_cut_off_is_no_step(name: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    rung = build(name, _settings(name, request, [PLAYED, PLAYED]), home=tmp_path)
    message = rung.chat.invoke(MESSAGES, schema=SCHEMA, max_tokens=4)
    assert message.response_metadata["finish_reason"] == "length"
    with pytest.raises(InvalidStep, match="cut off after 4 tokens") as caught:
        complete_step(rung, MESSAGES, SCHEMA, max_tokens=4, deadline_s=120)
    assert caught.value.raw == message.text
    assert caught.value.completion_tokens > 0


def test_chinese_survives(rung: Rung) -> None:
    only = {**SCHEMA, "properties": {**SCHEMA["properties"], "tables": {"const": ["客户"]}}}
    answer = complete_step(rung, MESSAGES, only, max_tokens=200, deadline_s=120)
    assert answer.value["tables"] == ["客户"] and "客户" in answer.text


def test_a_prompt_too_large_is_refused_before_the_call(rung: Rung) -> None:
    large = [HumanMessage("订单客户产品" * rung.context)]
    with pytest.raises(ContextOverflow, match=str(rung.context)):
        complete_step(rung, large, SCHEMA, max_tokens=100, deadline_s=120)


def test_what_the_planner_says_wins_over_a_wrong_answer(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    wrong = [{**PLAYED, "tool": "delete"}, "no json", '["a list"]', {"tool": "mail"}, {**PLAYED, "thought": "x" * 99}]
    rung = build("script", _settings("script", request, wrong), home=tmp_path)
    for expected in (
        '\'?tool.*choose one of "query"',
        "not JSON",
        "one JSON object",
        "'thought' is a required",
        "long",
    ):
        with pytest.raises(InvalidStep, match=expected):
            complete_step(rung, MESSAGES, SCHEMA, max_tokens=200, deadline_s=10)


@pytest.mark.parametrize("name", ["ollama", "openai", "langchain-ollama"])
def test_a_server_that_hangs_is_given_up(name: str, hangs: Any, tmp_path: Path) -> None:
    settings = {
        "ollama": ModelConfig(provider="ollama", model="m", base_url=hangs.url),
        "openai": ModelConfig(provider="openai", model="m", base_url=f"{hangs.url}/v1"),
        "langchain-ollama": ModelConfig(
            provider="langchain", model="langchain_ollama:ChatOllama", options={"model": "m", "base_url": hangs.url}
        ),
    }[name]
    with pytest.raises(ModelUnavailable, match="did not answer within") as caught:
        complete_step(build(name, settings, home=tmp_path), MESSAGES, SCHEMA, max_tokens=50, deadline_s=0.3)
    assert caught.value.code == "model_timeout" and "deadline_s" in caught.value.hint


def test_the_embedded_model_is_given_up_when_time_is_over(gguf: Path, tmp_path: Path) -> None:
    rung = build("llamacpp", ModelConfig(provider="llamacpp", path=gguf, context=2048), home=tmp_path)
    long = [HumanMessage("Tell the history of trade, of ships and of ports. " * 40)]
    with pytest.raises(ModelUnavailable, match="did not answer within"):
        complete_step(rung, long, SCHEMA, max_tokens=50, deadline_s=0.05)
    after = complete_step(rung, MESSAGES, SCHEMA, max_tokens=200, deadline_s=120)
    assert after.value["tool"] in SCHEMA["properties"]["tool"]["enum"]


NOWHERE = "http://127.0.0.1:9"


@pytest.mark.parametrize(
    ("settings", "hint"),
    [
        (ModelConfig(provider="llamacpp", model="qwen2.5-0.5b"), "clawdbot models pull"),
        (ModelConfig(provider="ollama", model="m", base_url=NOWHERE), "ollama serve"),
        (ModelConfig(provider="openai", model="m", base_url=f"{NOWHERE}/v1"), "base_url"),
        (
            ModelConfig(
                provider="langchain",
                model="langchain_ollama:ChatOllama",
                options={"model": "m", "base_url": NOWHERE},
            ),
            "options",
        ),
    ],
    ids=lambda value: value.provider if isinstance(value, ModelConfig) else "",
)
def test_an_absent_model_says_what_to_do(settings: ModelConfig, hint: str, tmp_path: Path) -> None:
    rung = build("m", settings, home=tmp_path)
    with pytest.raises(ModelUnavailable) as caught:
        complete_step(rung, MESSAGES, SCHEMA, max_tokens=50, deadline_s=20)
    assert hint in caught.value.hint
