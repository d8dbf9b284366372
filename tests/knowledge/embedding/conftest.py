"""Embedding models to test: the packaged one, one on a local Ollama server, and the fake."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from clawdbot.config import ModelConfig
from clawdbot.knowledge.embedding.e5 import E5Embedder
from clawdbot.knowledge.embedding.embedder import Embedder
from clawdbot.knowledge.embedding.fake import HashEmbedder
from clawdbot.knowledge.embedding.ollama import OllamaEmbedder
from clawdbot.knowledge.embedding.packed import PackedModel, open_packaged
from tests.models.conftest import Handler, Listening, listen

CONTEXT = 2000
"""Characters that the server's model sees."""
DIMENSION = 96


def ollama_embed(handler: Handler, body: dict[str, Any]) -> None:
    """``/api/embed``: one vector for each input, of any length; an error when one does not fit."""
    if body["model"] == "absent":
        return handler.json(404, {"error": 'model "absent" not found, try pulling it first'})
    if any(len(text) > CONTEXT for text in body["input"]) and not body.get("truncate", True):
        return handler.json(400, {"error": "the input length exceeds the context length"})
    vectors = (HashEmbedder(DIMENSION).passages(body["input"]) * 3).tolist()
    counted = sum(len(text) // 3 for text in body["input"])
    return handler.json(
        200, {"model": body["model"], "embeddings": vectors, "total_duration": 9, "prompt_eval_count": counted}
    )


def ollama_tags(handler: Handler, body: dict[str, Any]) -> None:
    """``/api/tags``: what is pulled."""
    handler.json(200, {"models": [{"name": "bge-m3:latest", "model": "bge-m3:latest", "digest": "790764642607"}]})


@pytest.fixture
def ollama() -> Iterator[Listening]:
    """An Ollama server with one embedding model."""
    yield from listen({"/api/embed": ollama_embed, "/api/tags": ollama_tags})


def ollama_model(server: Listening, **settings: Any) -> ModelConfig:
    """The configuration of a model on that server."""
    return ModelConfig(**{"provider": "ollama", "model": "bge-m3", "base_url": server.url, **settings})


@pytest.fixture(scope="session")
def packed() -> PackedModel:
    """The packaged weights."""
    return open_packaged()


@pytest.fixture(scope="session")
def e5(tmp_path_factory: pytest.TempPathFactory) -> E5Embedder:
    """The packaged model, converted once for all tests."""
    return E5Embedder(tmp_path_factory.mktemp("home"))


@pytest.fixture(params=["e5", "ollama", "fake"])
def embedder(request: pytest.FixtureRequest) -> Embedder:
    """Each implementation in turn."""
    if request.param == "fake":
        return HashEmbedder()
    if request.param == "ollama":
        return OllamaEmbedder(ollama_model(request.getfixturevalue("ollama")))
    found: Embedder = request.getfixturevalue("e5")
    return found
