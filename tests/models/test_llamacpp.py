"""The embedded model beyond conformance: schemas of every size, the prompt cache, sharing, and silence."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from langchain_core.messages import HumanMessage, SystemMessage

from clawdbot.config import ModelConfig
from clawdbot.errors import ContextOverflow, ModelUnavailable
from clawdbot.models.llamacpp import LlamaCppChat, load_engine
from clawdbot.models.providers import build
from clawdbot.models.tokens import estimate_tokens

CHINESE = [f"{chr(0x4E00 + number)}{chr(0x5200 + number * 7)}公司{number}" for number in range(300)]
ENGLISH = [f"Table{number}.Column_{number * 7 % 13}" for number in range(300)]
ARGS = {
    "type": "object",
    "additionalProperties": False,
    "required": ["column", "value", "dates"],
    "properties": {
        "column": {"enum": ENGLISH},
        "value": {"anyOf": [{"enum": CHINESE}, {"type": "null"}]},
        "dates": {
            "type": "array",
            "minItems": 1,
            "maxItems": 2,
            "items": {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"},
        },
    },
}
LARGE = {
    "anyOf": [
        {
            "type": "object",
            "additionalProperties": False,
            "required": ["thought", "tool", "args"],
            "properties": {"thought": {"type": "string", "maxLength": 20}, "tool": {"const": tool}, "args": ARGS},
        }
        for tool in ("query", "chart", "mail")
    ]
}


@pytest.fixture
def chat(gguf: Path) -> LlamaCppChat:
    return LlamaCppChat(model_name="embedded", path=gguf, context=2048)


def test_large_enums_patterns_and_branches_are_obeyed(chat: LlamaCppChat) -> None:
    answer = chat.invoke("Query Table5 since 2026-01-02", schema=LARGE, max_tokens=150)
    value = json.loads(answer.text)
    assert list(Draft202012Validator(LARGE).iter_errors(value)) == []


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "required": ["n"], "properties": {"n": {"type": ["integer", "null"], "maximum": 20}}},
        {"type": "object", "required": ["d"], "properties": {"d": {"type": "string", "format": "date"}}},
        {"type": "object", "required": ["q"], "properties": {"q": {"const": 'He said "你好"\\'}}},
        {"type": "object", "required": ["l"], "properties": {"l": {"items": {"enum": ["a"]}, "uniqueItems": True}}},
        {
            "type": "object",
            "required": ["r"],
            "properties": {"r": {"$ref": "#/$defs/x"}},
            "$defs": {"x": {"oneOf": [{"const": 1}, {"const": 2}]}},
        },
    ],
    ids=["nullable", "date", "quotes", "unique", "references"],
)
def test_every_keyword_gives_json(chat: LlamaCppChat, schema: dict[str, Any]) -> None:
    closed = {**schema, "additionalProperties": False}
    value = json.loads(chat.invoke("Answer 1, today 2026-01-02.", schema=closed, max_tokens=60).text)
    assert set(value) == set(schema["required"])


def test_answers_are_compact_and_repeatable(chat: LlamaCppChat) -> None:
    schema = {"type": "object", "required": ["a"], "properties": {"a": {"enum": ["x", "y"]}}}
    closed = {**schema, "additionalProperties": False}
    said = {chat.invoke("x or y?", schema=closed).text for _ in range(2)}
    assert said in ({'{"a": "x"}'}, {'{"a": "y"}'})


def test_a_prefix_that_was_read_before_is_not_read_again(chat: LlamaCppChat) -> None:
    rules = SystemMessage(" ".join(f"Rule {number}: keep table {number} short." for number in range(20)))
    first = chat.invoke([rules, HumanMessage("Say one word.")], max_tokens=4)
    second = chat.invoke([rules, HumanMessage("Say another.")], max_tokens=4)
    assert first.usage_metadata is not None
    assert second.response_metadata["cached_tokens"] > 0.7 * first.usage_metadata["input_tokens"]


def test_one_engine_serves_many_threads(chat: LlamaCppChat, gguf: Path) -> None:
    assert chat.engine is load_engine(gguf, context=2048)
    schema = {"const": {"n": 1}}
    said: list[str] = []
    threads = [
        threading.Thread(target=lambda: said.append(chat.invoke("n?", schema=schema, max_tokens=20).text))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [json.loads(text) for text in said] == [{"n": 1}] * 4


def test_the_servers_own_count_refuses_what_does_not_fit(chat: LlamaCppChat) -> None:
    with pytest.raises(ContextOverflow, match="2048"):
        chat.invoke("word " * 3000)


def test_leaving_a_stream_stops_the_model(chat: LlamaCppChat) -> None:
    stream = chat.stream("Count from 1 to 1000.", max_tokens=1500)
    next(stream)
    assert isinstance(stream, Generator)
    stream.close()
    assert chat.invoke("Say yes.", max_tokens=2).text  # the engine is free again


@pytest.mark.parametrize("damage", [b"", b"GGUF\x03\x00\x00\x00" + bytes(range(256)) * 20])
def test_a_damaged_file_is_an_error_not_a_crash(damage: bytes, tmp_path: Path) -> None:
    path = tmp_path / "damaged.gguf"
    path.write_bytes(damage)
    rung = build("d", ModelConfig(provider="llamacpp", path=path), home=tmp_path)
    with pytest.raises(ModelUnavailable, match="cannot load") as caught:
        rung.chat.invoke("hello")
    assert "clawdbot models pull" in caught.value.hint


QUIET = """
import sys
from pathlib import Path
from clawdbot.models.llamacpp import LlamaCppChat
chat = LlamaCppChat(model_name="m", path=Path(sys.argv[1]), context=1024)
sys.exit(0 if chat.invoke("hello", schema={"const": {"a": 1}}, max_tokens=20).text else 3)
"""


def test_nothing_is_written_to_the_terminal(gguf: Path) -> None:
    done = subprocess.run([sys.executable, "-c", QUIET, str(gguf)], capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"", b"")


@pytest.mark.parametrize(
    "text",
    [
        "The quarterly report shows that revenue grew in most regions, while costs stayed flat.",
        "请查询二零二六年第三季度各地区的销售额，画出柱状图，并把报告发送给财务部。",
        "SELECT o.Country, SUM(o.Amount) AS Revenue FROM Orders o WHERE o.OrderDate >= '2026-01-01' GROUP BY 1",
        json.dumps(
            {"thought": "先查表", "tool": "query", "args": {"table": "订单明细", "limit": 10}}, ensure_ascii=False
        ),
        "| 1024.50 | 99 | 2026-03-31 | 18,734.2 |\n" * 5,
    ],
)
def test_the_estimate_without_a_tokenizer_is_on_the_safe_side(chat: LlamaCppChat, text: str) -> None:
    exact = chat.get_num_tokens(text)
    assert exact <= estimate_tokens(text) <= 2.2 * exact
