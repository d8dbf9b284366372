"""OpenAI-compatible and LangChain models: how the schema reaches them, and their errors in our words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import HumanMessage

from clawdbot.config import ModelConfig
from clawdbot.errors import ConfigError, ContextOverflow, ModelError, ModelUnavailable
from clawdbot.models.adapted import extract_object, strict_ready
from clawdbot.models.interface import Rung, complete_step
from clawdbot.models.llamacpp import load_engine
from clawdbot.models.providers import build

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["a"],
    "additionalProperties": False,
    "properties": {"a": {"enum": ["x", "y"]}},
}
OPEN = {"type": "object", "required": ["a"], "properties": {"a": {"enum": ["x", "y"]}}}
ASK = [HumanMessage("y please")]
PATH = "/v1/chat/completions"


def endpoint(server: Any, **settings: Any) -> Rung:
    return build(
        "api",
        ModelConfig(**{"provider": "openai", "model": "m", "base_url": f"{server.url}/v1", **settings}),
        home=Path("/nowhere"),
    )


def ask(rung: Rung, schema: dict[str, Any] = SCHEMA) -> dict[str, Any]:
    return complete_step(rung, ASK, schema, max_tokens=40, deadline_s=20).value


def shapes(server: Any) -> list[str]:
    """Which way the schema went, request by request."""
    kinds = []
    for body in server.bodies(PATH):
        shape = body.get("response_format", {"type": "prompt"})
        kinds.append("strict" if shape.get("json_schema", {}).get("strict") else shape["type"])
    return kinds


def error(status: int, message: str, code: str = "") -> Any:
    return lambda handler, body: handler.json(status, {"error": {"message": message, "code": code}})


def test_a_closed_schema_goes_in_strict_mode_and_an_open_one_does_not(openai: Any) -> None:
    rung = endpoint(openai)
    assert ask(rung) == {"a": "y"}
    assert ask(rung, OPEN) == {"a": "y"}
    assert shapes(openai) == ["strict", "json_schema"]
    sent = openai.bodies(PATH)[0]
    assert sent["response_format"]["json_schema"]["schema"] == SCHEMA
    assert (sent["max_tokens"], sent["temperature"], sent["stream"]) == (40, 0.0, True)


def test_counts_come_from_the_server(openai: Any) -> None:
    answer = complete_step(endpoint(openai), ASK, SCHEMA, max_tokens=40, deadline_s=20)
    assert (answer.prompt_tokens, answer.cached_tokens, answer.completion_tokens) == (20, 7, 4)


def test_a_server_without_schemas_gets_it_in_the_prompt_and_is_remembered(openai: Any) -> None:
    normal = openai.replies[PATH]

    def reply(handler: Any, body: dict[str, Any]) -> None:
        if body.get("response_format", {}).get("type") == "json_schema":
            return error(400, "response_format json_schema is not supported")(handler, body)
        body["messages"][-1]["content"] = '<think>{"a": "x"}?</think>Here it is:\n```json\n{"a": "y"}\n```'
        return normal(handler, body)

    openai.replies[PATH] = reply
    rung = endpoint(openai)
    assert ask(rung) == {"a": "y"}
    assert ask(rung) == {"a": "y"}
    assert shapes(openai)[-1] == "json_object"
    # Strict mode may dislike one schema only, so it is tried anew; what json_schema refuses is remembered.
    assert shapes(openai).count("json_schema") == 1


def test_a_server_that_takes_no_format_at_all_gets_a_plain_prompt(openai: Any) -> None:
    def reply(handler: Any, body: dict[str, Any]) -> None:
        if "response_format" in body:
            return error(422, "extra fields not permitted: response_format")(handler, body)
        assert json.dumps(SCHEMA) in body["messages"][-1]["content"]
        body["messages"][-1]["content"] = '{"a": "x"}'
        return normal(handler, body)

    normal = openai.replies[PATH]
    openai.replies[PATH] = reply
    assert ask(endpoint(openai)) == {"a": "x"}
    assert shapes(openai)[-1] == "prompt"


@pytest.mark.parametrize(
    ("reply", "kind", "message", "hint"),
    [
        (error(401, "bad key"), ModelUnavailable, "refused the key", "[models.api]"),
        (error(404, "no such model"), ModelUnavailable, "has no model 'm'", "[models.api]"),
        (error(429, "You exceeded your current quota", "insufficient_quota"), ModelUnavailable, "quota", "key"),
        (error(429, "slow down"), ModelUnavailable, "is busy", ""),
        (error(500, "oops"), ModelUnavailable, "is busy", ""),
        (error(400, "This model's maximum context length is 4096"), ContextOverflow, "does not fit", "Shorten"),
        (error(400, "temperature must be 1"), ModelError, "temperature must be 1", "[models.api]"),
    ],
)
def test_errors_say_what_to_do(openai: Any, reply: Any, kind: type[ModelError], message: str, hint: str) -> None:
    openai.replies[PATH] = reply
    with pytest.raises(kind) as caught:
        ask(endpoint(openai))
    assert message in caught.value.message and hint in caught.value.hint


def test_the_key_comes_by_reference(openai: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MY_KEY", "from-environment")
    (tmp_path / "key").write_text("from-file\n")
    ask(endpoint(openai, api_key_env="MY_KEY"))
    ask(endpoint(openai, api_key_file=tmp_path / "key"))
    sent = [headers["authorization"] for _, _, headers in openai.requests]
    assert sent == ["Bearer from-environment", "Bearer from-file"]


def test_a_missing_key_says_where_to_put_it(openai: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for settings, message in (
        ({"api_key_env": "NOT_SET"}, "'NOT_SET' of \\[models.api\\] is not set"),
        ({"api_key_file": tmp_path / "none"}, "cannot be read"),
        ({"base_url": ""}, "needs a key"),
    ):
        with pytest.raises(ConfigError, match=message):
            endpoint(openai, **settings)
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    assert endpoint(openai, base_url="").cloud


@pytest.mark.parametrize(
    ("url", "cloud"),
    [
        ("https://api.openai.com/v1", True),
        ("https://api.deepseek.com", True),
        ("http://localhost:8000/v1", False),
        ("http://192.168.1.7:8000/v1", False),
        ("http://8.8.8.8/v1", True),
    ],
)
def test_what_leaves_the_machine_is_cloud(url: str, cloud: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY", "k")
    settings = ModelConfig(provider="openai", model="m", base_url=url, api_key_env="KEY")
    assert build("api", settings, home=Path("/nowhere")).cloud is cloud
    told = settings.model_copy(update={"cloud": not cloud})
    assert build("api", told, home=Path("/nowhere")).cloud is not cloud


def test_llama_cpps_own_server_is_an_endpoint(gguf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = load_engine(gguf, context=2048)
    monkeypatch.setenv("LLAMA_KEY", engine.key)
    settings = ModelConfig(
        provider="openai", model=gguf.stem, base_url=f"{engine.address}/v1", api_key_env="LLAMA_KEY", context=2048
    )
    rung = build("llama", settings, home=Path("/nowhere"))
    answer = complete_step(rung, ASK, SCHEMA, max_tokens=40, deadline_s=120)
    assert answer.value["a"] in ("x", "y")
    assert answer.prompt_tokens > 0 and answer.completion_tokens > 0


def plain(responses: list[str], **options: Any) -> Rung:
    path = "langchain_core.language_models:FakeListChatModel"
    settings = ModelConfig(provider="langchain", model=path, options={"responses": responses, **options})
    return build("lc", settings, home=Path("/nowhere"))


def test_a_plain_langchain_model_is_asked_in_the_prompt() -> None:
    assert ask(plain(['Sure: {"a": "y"} as you wished {"a": "x"}'])) == {"a": "y"}
    assert plain(["{}"]).cloud  # unknown models count as cloud


def test_an_error_of_a_langchain_model_keeps_its_text() -> None:
    with pytest.raises(ModelError, match="FakeListChatModelError") as caught:
        ask(plain(['{"a": "y"}'], error_on_chunk_number=1))
    assert "[models.lc]" in caught.value.hint


def test_without_a_schema_the_answer_is_prose() -> None:
    assert plain(["Good morning"]).chat.invoke("hi").text == "Good morning"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("nothing", "must be 'package.module:Class'"),
        ("no_such_package.chat:Chat", "needs the package 'no_such_package'"),
        ("json:dumps", "not a LangChain chat model class"),
        ("langchain_core.language_models:Nope", "not a LangChain chat model class"),
        ("langchain_core.language_models:FakeListChatModel", "options do not suit"),
    ],
)
def test_a_wrong_import_path_is_explained(path: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build("lc", ModelConfig(provider="langchain", model=path), home=Path("/nowhere"))


def test_calls_take_three_options_only() -> None:
    with pytest.raises(TypeError, match=r"not \['tools'\]"):
        plain(["x"]).chat.invoke("hi", tools=[])


def test_the_object_is_cut_out_of_prose() -> None:
    assert extract_object('so {not json} then {"a": {"b": 1}} end') == '{"a": {"b": 1}}'
    assert extract_object("nothing") == "nothing"


def test_strict_mode_wants_every_object_closed() -> None:
    assert strict_ready(SCHEMA)
    assert not strict_ready(None)
    assert not strict_ready({"anyOf": [SCHEMA]})
    inner = {"type": "object", "properties": {"b": {"type": "string"}}, "additionalProperties": False}
    assert not strict_ready({**SCHEMA, "properties": {"a": {"anyOf": [inner]}}})
