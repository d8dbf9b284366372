"""Ollama's wire: what is sent, what is refused, and what is noticed.

The server here speaks the format of Ollama's public API documentation; a real one was not at hand.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import stamina
from langchain_core.messages import HumanMessage, SystemMessage

from clawdbot.config import ModelConfig, RouterConfig
from clawdbot.errors import ConfigError, ContextOverflow, ModelError, ModelUnavailable
from clawdbot.models.calls.caller import Caller
from clawdbot.models.ollama import OllamaChat, is_cloud
from clawdbot.models.ollama_server import ollama_address
from clawdbot.models.providers import build
from clawdbot.models.pull_ollama import pull_ollama

SCHEMA: dict[str, Any] = {"type": "object", "required": ["a"], "properties": {"a": {"enum": ["x", "y"]}}}
ASK = [HumanMessage("y please")]
GOOD = {"message": {"role": "assistant", "content": '{"a": "y"}'}, "done": False}
DONE = {"message": {"role": "assistant", "content": ""}, "done": True, "done_reason": "stop"}


def says(*events: dict[str, Any]) -> Any:
    """A reply of one JSON line for each event."""
    return lambda handler, body: handler.lines("application/x-ndjson", (json.dumps(event) + "\n" for event in events))


def refuses(status: int, text: str) -> Any:
    """A reply with an error."""
    return lambda handler, body: handler.json(status, {"error": text})


def chat(server: Any, **options: Any) -> OllamaChat:
    return OllamaChat(**{"model_name": "qwen2.5:3b", "base_url": server.url, "context": 4096, **options})


def test_schema_window_and_limits_are_always_sent(ollama: Any) -> None:
    model = chat(ollama, options={"top_k": 5}, keep_alive="1h")
    model.invoke([SystemMessage("Be brief"), *ASK], schema=SCHEMA, max_tokens=40, stop=["\n\n"])
    (sent,) = ollama.bodies("/api/chat")
    assert sent["format"] == SCHEMA
    assert sent["options"] == {
        "temperature": 0.0,
        "seed": 7,
        "top_k": 5,
        "num_ctx": 4096,
        "num_predict": 40,
        "stop": ["\n\n"],
    }
    assert (sent["truncate"], sent["shift"], sent["think"], sent["keep_alive"]) == (False, False, False, "1h")
    assert [message["role"] for message in sent["messages"]] == ["system", "user"]


def test_thoughts_are_no_part_of_the_answer(ollama: Any) -> None:
    thinking = {"message": {"role": "assistant", "content": "", "thinking": "x or y?"}, "done": False}
    ollama.replies["/api/chat"] = says(thinking, GOOD, {**DONE, "prompt_eval_count": 9, "eval_count": 5})
    answer = chat(ollama).invoke(ASK, schema=SCHEMA)
    assert answer.text == '{"a": "y"}'
    assert answer.usage_metadata == {"input_tokens": 9, "output_tokens": 5, "total_tokens": 14}


def test_an_answer_in_one_line_is_read_too(ollama: Any) -> None:
    whole = {"message": {"role": "assistant", "content": '{"a": "x"}'}, "done": True, "done_reason": "stop"}
    ollama.replies["/api/chat"] = lambda handler, body: handler.json(200, whole)
    answer = chat(ollama).invoke(ASK, schema=SCHEMA)
    assert answer.text == '{"a": "x"}'
    assert answer.usage_metadata is not None and answer.usage_metadata["input_tokens"] > 0  # estimated


def test_speed_comes_from_the_durations(ollama: Any) -> None:
    timings = chat(ollama).invoke(ASK, schema=SCHEMA).response_metadata["timings"]
    assert timings["predicted_per_second"] == pytest.approx(2.0)  # 4 tokens in 2 s
    assert timings["prompt_per_second"] > 0


def test_a_model_that_refuses_the_think_field_is_asked_without(ollama: Any) -> None:
    def reply(handler: Any, body: dict[str, Any]) -> None:
        if "think" in body:
            return refuses(400, '"qwen2.5:3b" does not support thinking')(handler, body)
        return says(GOOD, DONE)(handler, body)

    ollama.replies["/api/chat"] = reply
    assert chat(ollama).invoke(ASK, schema=SCHEMA).text == '{"a": "y"}'
    with pytest.raises(ModelError, match="no such option"):
        ollama.replies["/api/chat"] = refuses(400, "no such option")
        chat(ollama).invoke(ASK, schema=SCHEMA)


@pytest.mark.parametrize("counted", [2050, 4096, 700])
def test_a_prompt_that_was_shortened_silently_is_noticed(ollama: Any, counted: int) -> None:
    ollama.replies["/api/chat"] = says(GOOD, {**DONE, "prompt_eval_count": counted})
    with pytest.raises(ContextOverflow, match=rf"shortened the prompt .* {counted} were read"):
        chat(ollama).invoke([HumanMessage("词" * 3500)], schema=SCHEMA, max_tokens=100)


def test_a_whole_prompt_passes(ollama: Any) -> None:
    ollama.replies["/api/chat"] = says(GOOD, {**DONE, "prompt_eval_count": 2400})
    assert chat(ollama).invoke([HumanMessage("词" * 3500)], schema=SCHEMA, max_tokens=100).text


def test_a_prompt_that_cannot_fit_is_not_sent(ollama: Any) -> None:
    with pytest.raises(ContextOverflow, match=r"4096 tokens of 'qwen2\.5:3b'"):
        chat(ollama).invoke([HumanMessage("词" * 4090)], max_tokens=100)
    assert ollama.requests == []


@pytest.mark.parametrize(
    ("reply", "kind", "message", "hint"),
    [
        (refuses(404, 'model "m" not found'), ModelUnavailable, "has no model 'qwen2.5:3b'", "ollama pull qwen2.5:3b"),
        (refuses(401, "unauthorized"), ModelUnavailable, "unauthorized", "ollama signin"),
        (
            refuses(400, "the input length exceeds the context length"),
            ContextOverflow,
            "exceeds the context length",
            "Raise context",
        ),
        (refuses(500, "model requires more system memory (9 GiB)"), ModelUnavailable, "9 GiB", "Lower context"),
        (refuses(400, "invalid format"), ModelError, "refused the request (400): invalid format", ""),
        (lambda h, b: h.json(502, b"<html>bad gateway"), ModelUnavailable, "bad gateway", "Try again"),
        (lambda h, b: h.json(200, b"<html>"), ModelError, "does not speak Ollama's protocol", "base_url"),
        (says(GOOD, {"error": "llama runner process no longer running"}), ModelError, "no longer running", ""),
    ],
)
def test_errors_say_what_to_do(ollama: Any, reply: Any, kind: type[ModelError], message: str, hint: str) -> None:
    ollama.replies["/api/chat"] = reply
    with pytest.raises(kind) as caught:
        chat(ollama).invoke(ASK, schema=SCHEMA)
    assert message in caught.value.message and hint in caught.value.hint


@pytest.mark.parametrize("first", [says({**DONE, "done_reason": "load"}), says(GOOD), refuses(503, "server busy")])
def test_what_another_try_may_cure_is_tried_again(ollama: Any, first: Any) -> None:
    def reply(handler: Any, body: dict[str, Any]) -> None:
        (first if len(ollama.bodies("/api/chat")) == 1 else says(GOOD, DONE))(handler, body)

    ollama.replies["/api/chat"] = reply
    rung = build("o", ModelConfig(provider="ollama", model="m", base_url=ollama.url), home=Path("/nowhere"))
    with stamina.set_testing(True, attempts=3):
        answer, tries = Caller(RouterConfig(), {}).ask(rung, ASK, SCHEMA, max_tokens=40, deadline_s=20)
    assert (answer.value, tries) == ({"a": "y"}, 2)
    assert len(ollama.bodies("/api/chat")) == 2


def test_the_last_of_three_tries_says_why(ollama: Any) -> None:
    ollama.replies["/api/chat"] = refuses(503, "server busy, please try again")
    rung = build("o", ModelConfig(provider="ollama", model="m", base_url=ollama.url), home=Path("/nowhere"))
    with stamina.set_testing(True, attempts=3), pytest.raises(ModelUnavailable, match="busy") as caught:
        Caller(RouterConfig(), {}).ask(rung, ASK, SCHEMA, max_tokens=40, deadline_s=20)
    assert (caught.value.tries, caught.value.status) == (3, 503)
    assert len(ollama.bodies("/api/chat")) == 3


@pytest.mark.parametrize(
    ("configured", "environment", "address"),
    [
        ("", "", "http://127.0.0.1:11434"),
        ("", "0.0.0.0", "http://127.0.0.1:11434"),
        ("", "gpu.lan:8080", "http://gpu.lan:8080"),
        ("", "https://ollama.example/", "https://ollama.example:443"),
        ("http://a:1/base", "http://b:2", "http://a:1/base"),
        ("", "[::1]:9", "http://[::1]:9"),
        ("", ":56", "http://127.0.0.1:56"),
    ],
)
def test_the_address_follows_ollama_host(
    configured: str, environment: str, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLLAMA_HOST", environment)
    assert ollama_address(configured) == address


@pytest.mark.parametrize(
    ("model", "base_url", "cloud"),
    [
        ("gpt-oss:120b-cloud", "", True),
        ("glm-4.6:cloud", "", True),
        ("qwen2.5:3b", "", False),
        ("cloudy:3b", "", False),
        ("qwen3:4b", "https://ollama.com", True),
    ],
)
def test_cloud_models_count_as_cloud(model: str, base_url: str, cloud: bool) -> None:
    settings = ModelConfig(provider="ollama", model=model, base_url=base_url)
    assert is_cloud(settings) is cloud
    assert build("o", settings, home=Path("/nowhere")).cloud is cloud


def test_a_tag_is_needed() -> None:
    with pytest.raises(ConfigError, match="needs model") as caught:
        build("o", ModelConfig(provider="ollama"), home=Path("/nowhere"))
    assert "ollama list" in caught.value.hint


def test_pulling_reports_bytes(ollama: Any) -> None:
    seen: list[tuple[int, int]] = []
    pull_ollama("qwen2.5:3b", base_url=ollama.url, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(0, 100), (60, 100), (100, 100)]
    with pytest.raises(ModelError, match="file does not exist"):
        pull_ollama("absent", base_url=ollama.url)
