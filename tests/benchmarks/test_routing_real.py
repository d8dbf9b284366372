"""The real runs without a real model: a scripted small one, and a scripted strong one behind the real HTTP server."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from benchmarks.office_tasks.task import Task
from benchmarks.routing.__main__ import main
from benchmarks.routing.coin import CoinChat
from benchmarks.routing.real import (
    OURS,
    POLICIES,
    RANDOM,
    SMALL,
    STRONG_MODEL,
    Desk,
    Result,
    play_task,
    settings,
    strong_share,
)
from benchmarks.routing.real_command import play_policies, report
from benchmarks.routing.server import HostedModel, hosted
from benchmarks.routing.summary import CHEAP, STRONG
from clawdbot.config import ModelConfig
from clawdbot.models.chat import Request, Schema
from clawdbot.models.fake import ScriptedChatModel
from clawdbot.models.interface import Rung
from clawdbot.models.providers import build
from tests.office import first_choice

TASK = Task(
    id="best",
    goal="Which region sold the most?",
    rows="SELECT region, sum(amount) AS sales FROM orders GROUP BY region ORDER BY sales DESC LIMIT 1",
)
AGAIN = TASK.model_copy(update={"id": "best-again"})
ANSWER = {"thought": "told", "tool": "finish", "args": {"answer": "North, with 5500.25."}}


class ScriptedBackend:
    """In the place of the engine: takes the first choice of everything, and answers at the end."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.stopped = False
        self.error: dict[str, Any] | None = None

    def grammar(self, schema: Schema) -> str:
        return json.dumps(schema)

    def chat(self, body: dict[str, Any], emit: Callable[[Mapping[str, Any]], bool]) -> None:
        self.asked.append(body)
        if self.error is not None:
            emit({"error": self.error})
            return
        text = json.dumps(_step(json.loads(body["grammar"])))
        for start in range(0, len(text), 20):
            if emit({"choices": [{"index": 0, "delta": {"content": text[start : start + 20]}}]}):
                self.stopped = True
                return
        emit({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        usage = {"prompt_tokens": 1000, "completion_tokens": 50, "prompt_tokens_details": {"cached_tokens": 400}}
        emit({"choices": [], "usage": usage})


def _step(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    offered = {branch["properties"]["tool"]["const"] for branch in schema.get("anyOf", [schema])}
    if "finish" in offered:
        return ANSWER
    chosen = first_choice("query")
    assert callable(chosen)
    return chosen((), dict(schema))


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    path = tmp_path / "shop.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, region TEXT, amount REAL)")
        rows = [("North", 5500.25), ("South", 3210.5), ("West", 1899.755)]
        connection.executemany("INSERT INTO orders (region, amount) VALUES (?, ?)", rows)
        connection.commit()
    return path


@pytest.fixture
def backend() -> ScriptedBackend:
    return ScriptedBackend()


@pytest.fixture
def server(backend: ScriptedBackend) -> Iterator[HostedModel]:
    with hosted(backend) as found:
        yield found


@pytest.fixture
def desk(server: HostedModel, shop: Path, tmp_path: Path) -> Desk:
    def made(name: str, config: ModelConfig) -> Rung:
        if name == STRONG_MODEL:
            return build(name, config, home=tmp_path)
        babble = ScriptedChatModel(script=["I would ask the database."] * 20)
        return Rung(name=name, provider="llamacpp", model="babble", chat=babble, context=8192)

    folder = tmp_path / "kept"
    folder.mkdir()
    return Desk(server=server, build=made, folder=folder, database=shop, limit_s=60, max_steps=9)


def post(server: HostedModel, body: Mapping[str, Any], *, key: str | None = None, path: str = "") -> httpx.Response:
    headers = {"Authorization": f"Bearer {server.key if key is None else key}"}
    return httpx.post(f"{server.base_url}{path or '/chat/completions'}", json=body, headers=headers, trust_env=False)


FORMAT = {
    "type": "json_schema",
    "json_schema": {"name": "step", "schema": {"properties": {"tool": {"const": "finish"}}}},
}


def test_the_server_streams_counts_and_passes_the_schema_on(server: HostedModel, backend: ScriptedBackend) -> None:
    answer = post(server, {"model": "m", "messages": [], "max_tokens": 9, "response_format": FORMAT, "n": 3})
    lines = [line.removeprefix("data: ") for line in answer.text.split("\n\n") if line]
    assert lines[-1] == "[DONE]" and answer.headers["content-type"] == "text/event-stream"
    said = "".join(c["delta"].get("content", "") for e in lines[:-1] for c in json.loads(e)["choices"])
    assert json.loads(said) == ANSWER
    (asked,) = backend.asked
    assert asked["max_tokens"] == 9 and asked["stream"] and "n" not in asked
    assert [(b.prompt, b.cached, b.completion) for b in server.billed] == [(1000, 400, 50)]


def test_the_server_refuses_what_it_should(server: HostedModel, backend: ScriptedBackend) -> None:
    assert post(server, {}, key="guessed").status_code == 401
    assert post(server, {}, path="/embeddings").status_code == 404
    assert post(server, {"response_format": {"type": "json_schema"}}).status_code == 400
    backend.error = {"code": 400, "type": "exceed_context_size_error", "message": "too long for the context size"}
    long = post(server, {"messages": []})
    assert long.status_code == 400 and "context" in long.json()["error"]["message"]
    assert not server.billed


def test_a_coin_asks_both_and_counts_one() -> None:
    small, strong = ScriptedChatModel(script=["small"] * 50), ScriptedChatModel(script=["strong"] * 50, yes=len)
    coin = CoinChat(model_name="coin", small=small, strong=strong, share=0.5, seed=2)
    request = Request(messages=(), schema=None, max_tokens=9, timeout_s=9)
    said = [next(coin.answer(request)) for _ in range(50)]
    assert set(said) == {"small", "strong"} and coin.small_calls == said.count("small")
    assert coin.get_num_tokens("some words") == small.get_num_tokens("some words")
    only = CoinChat(model_name="coin", small=small, strong=strong, share=0.0)
    assert only.judge([], timeout_s=1) is None and only.small_calls == 1


def test_all_policies_play_and_the_bill_is_the_ledgers(
    desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    routing = settings(desk.server, tmp_path / "small.gguf", desk.folder)
    found = play_policies(desk, POLICIES, [TASK, AGAIN], routing)
    ends = {policy: [r.outcome for r in own.values()] for policy, own in found.items()}
    assert [o.right for o in ends[CHEAP]] == [False, False] and not any(o.usd for o in ends[CHEAP])
    assert [o.right for o in ends[STRONG]] == [True, True] and strong_share(ends[STRONG]) == 1
    for policy in ("escalate on failure", OURS):
        first = ends[policy][0]
        assert first.right and first.calls[SMALL] > 0 and first.calls[STRONG_MODEL] > 0 and first.noticed > 0, policy
    price = (600 * 2.5 + 400 * 1.25 + 50 * 10) / 1e6
    for policy in (CHEAP, STRONG, OURS):
        for result in found[policy].values():
            assert result.outcome.usd == pytest.approx(result.outcome.calls[STRONG_MODEL] * price)
            assert float(result.ledger_usd) == pytest.approx(result.outcome.usd), "what we count is what is billed"
    assert not any(o.unnoticed for own in ends.values() for o in own)
    capsys.readouterr()
    report(found, routing)
    said = capsys.readouterr()
    assert "| oracle" in said.out and "disagree on the money: none" in said.out and "ours: success" in said.out


def test_what_was_played_is_not_played_again(desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    routing = settings(desk.server, tmp_path / "small.gguf", desk.folder)
    before = play_policies(desk, (STRONG,), [TASK], routing)
    billed = len(desk.server.billed)
    after = play_policies(desk, (STRONG,), [TASK], routing)
    assert after == before and len(desk.server.billed) == billed
    assert Result.from_json(json.loads(json.dumps(before[STRONG]["best"].as_json()))) == before[STRONG]["best"]
    report(after, routing)
    assert "No table" in capsys.readouterr().err


def test_chance_without_a_share_is_the_small_model(desk: Desk, tmp_path: Path) -> None:
    routing = settings(desk.server, tmp_path / "small.gguf", desk.folder)
    result = play_task(desk, RANDOM, TASK, routing, share=0.0)
    assert result.outcome.calls[STRONG_MODEL] == 0 and result.outcome.calls[SMALL] > 0
    assert play_task(desk, RANDOM, TASK, routing, share=1.0).outcome.right


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--database", "/nowhere.sqlite"], "There is no database '/nowhere.sqlite'."),
        (["--database", __file__, "--policies", "nobody"], "There is no policy 'nobody'."),
        (["--database", __file__, "--policies", RANDOM], "needs 'ours' before it"),
        (["--database", __file__, "--strong", "/none.gguf"], "There is no model file '/none.gguf'."),
    ],
)
def test_what_is_missing_is_said(arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["real", *arguments]) == 2
    assert sentence in capsys.readouterr().err
