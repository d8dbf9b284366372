"""Ollama's embedding wire: what is sent, what is refused, what is noticed."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import numpy as np
import pytest
import stamina

from clawdbot.errors import EmbeddingError
from clawdbot.knowledge.embedding.fake import HashEmbedder
from clawdbot.knowledge.embedding.ollama import OllamaEmbedder
from tests.knowledge.embedding.conftest import CONTEXT, DIMENSION, ollama_embed, ollama_model
from tests.models.conftest import Handler, Listening


@pytest.fixture(autouse=True)
def no_waiting() -> Iterator[None]:
    """Attempts follow each other at once."""
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


def embedder(server: Listening, **settings: Any) -> OllamaEmbedder:
    return OllamaEmbedder(ollama_model(server, **settings))


def answers(status: int, body: Any) -> Any:
    """A reply that is always the same."""
    return lambda handler, sent: handler.json(status, body)


def test_nothing_is_asked_before_it_is_needed(ollama: Listening) -> None:
    made = embedder(ollama)
    made.tokens("credit limit")
    assert ollama.requests == []


def test_prefixes_options_and_keep_alive_are_sent(ollama: Listening) -> None:
    made = embedder(ollama, model="nomic-embed-text:v1.5", options={"keep_alive": "1h", "num_ctx": 2048})
    made.query("who?")
    made.passages(["they"])
    question, passage = ollama.bodies("/api/embed")
    assert question["input"] == ["search_query: who?"]
    assert passage == {
        "model": "nomic-embed-text:v1.5",
        "input": ["search_document: they"],
        "truncate": False,
        "keep_alive": "1h",
        "options": {"num_ctx": 2048},
    }


@pytest.mark.parametrize(
    ("model", "question", "passage"),
    [
        ("bge-m3", "", ""),
        ("library/qwen3-embedding:0.6b", "Instruct: Given a question, retrieve passages that answer it\nQuery: ", ""),
        ("someone/multilingual-e5-large", "query: ", "passage: "),
    ],
)
def test_each_model_gets_its_prefix(ollama: Listening, model: str, question: str, passage: str) -> None:
    made = embedder(ollama, model=model)
    made.query("x")
    made.passages(["y"])
    assert [body["input"] for body in ollama.bodies("/api/embed")] == [[f"{question}x"], [f"{passage}y"]]


def test_texts_go_in_batches(ollama: Listening) -> None:
    found = embedder(ollama).passages([f"text {number}" for number in range(70)])
    assert [len(body["input"]) for body in ollama.bodies("/api/embed")] == [32, 32, 6]
    assert found.shape == (70, DIMENSION)


def test_what_is_too_long_is_embedded_in_halves(ollama: Listening) -> None:
    text = "a" * CONTEXT + "b" * CONTEXT
    short, long = embedder(ollama).passages(["short", text])
    halves = HashEmbedder(DIMENSION).passages(["a" * CONTEXT, "b" * CONTEXT]).mean(axis=0)
    assert float(long @ (halves / np.linalg.norm(halves))) == pytest.approx(1, abs=1e-5)
    assert np.array_equal(short, embedder(ollama).passages(["short"])[0])
    assert all(body["truncate"] is False for body in ollama.bodies("/api/embed"))


def test_a_model_that_takes_nothing_is_told(ollama: Listening) -> None:
    made = embedder(ollama)
    assert made.dimension == DIMENSION
    ollama.replies["/api/embed"] = answers(400, {"error": "the input length exceeds the context length"})
    with pytest.raises(EmbeddingError, match="exceeds the context"):
        made.passages(["some text"])


def test_the_collection_changes_with_the_weights(ollama: Listening) -> None:
    before = embedder(ollama).collection
    ollama.replies["/api/tags"] = answers(200, {"models": [{"name": "bge-m3:latest", "digest": "other"}]})
    after = embedder(ollama).collection
    assert before.startswith("ollama-bge-m3-") and after.startswith("ollama-bge-m3-")
    assert before != after


def test_a_long_model_name_is_shortened(ollama: Listening) -> None:
    name = "hf.co/someone/a-very-long-name-of-an-embedding-model-in-many-words:q8_0"
    ollama.replies["/api/tags"] = answers(200, {"models": [{"name": name, "digest": "d"}]})
    found = embedder(ollama, model=name).collection
    assert len(found) == 63
    assert found.endswith(f"-{DIMENSION}")


def test_a_model_that_is_not_pulled_is_told(ollama: Listening) -> None:
    made = embedder(ollama, model="absent")
    with pytest.raises(EmbeddingError, match="ollama pull absent"):
        made.query("x")
    ollama.replies["/api/embed"] = ollama_embed
    with pytest.raises(EmbeddingError, match="ollama pull absent"):
        _ = made.collection


def test_no_server_is_told() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    made = OllamaEmbedder(ollama_model(Listening(url=url, replies={})))
    with pytest.raises(EmbeddingError, match=r"No Ollama server answers.*ollama serve"):
        made.passages(["x"])
    with pytest.raises(EmbeddingError, match="No Ollama server answers"):
        _ = made.collection


def test_a_busy_server_is_asked_again(ollama: Listening) -> None:
    refused: list[dict[str, Any]] = []

    def busy_once(handler: Handler, body: dict[str, Any]) -> None:
        if not refused:
            refused.append(body)
            return handler.json(503, {"error": "server busy, please try again"})
        return ollama_embed(handler, body)

    ollama.replies["/api/embed"] = busy_once
    assert embedder(ollama).dimension == DIMENSION
    assert len(ollama.bodies("/api/embed")) == 2


def test_a_server_that_stays_busy_is_told(ollama: Listening) -> None:
    ollama.replies["/api/embed"] = answers(503, {"error": "server busy"})
    with pytest.raises(EmbeddingError, match="busy"):
        embedder(ollama).query("x")
    assert len(ollama.bodies("/api/embed")) == 3


def test_an_answer_that_never_comes_ends_in_time(ollama: Listening) -> None:

    def silent(handler: Handler, body: dict[str, Any]) -> None:
        ollama.gone.wait()

    ollama.replies["/api/embed"] = silent
    with pytest.raises(EmbeddingError, match="did not answer within"):
        embedder(ollama, timeout_s=0.2).query("x")
    ollama.gone.set()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"embeddings": [[0.1, 0.2]] * 3}, "one vector for each"),
        ({"embeddings": None}, "one vector for each"),
        ({"embeddings": [[1.0, 2.0]]}, "2 dimensions, before with 96"),
        ({"embeddings": [[0.0] * DIMENSION]}, "no direction"),
        ({"embeddings": [[float("nan")] * DIMENSION]}, "no direction"),
        (b"<html>", "does not speak"),
    ],
)
def test_a_wrong_answer_is_noticed(ollama: Listening, body: Any, reason: str) -> None:
    made = embedder(ollama)
    assert made.dimension == DIMENSION
    ollama.replies["/api/embed"] = answers(200, body)
    with pytest.raises(EmbeddingError, match=reason):
        made.passages(["x"])
