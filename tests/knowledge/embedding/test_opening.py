"""Which model the configuration means."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from clawdbot.config import Config
from clawdbot.errors import ConfigError
from clawdbot.knowledge.embedding.e5 import E5Embedder
from clawdbot.knowledge.embedding.ollama import OllamaEmbedder
from clawdbot.knowledge.embedding.opening import open_embedder


def config(home: Path, **sections: Any) -> Config:
    return Config.model_validate({"app": {"home": home}, **sections})


def with_model(home: Path, *, label: str = "internal", most: str = "public", **model: Any) -> Config:
    source = {"paths": ["x"], "label": "public", "rules": [{"match": "*", "access": [], "label": label}]}
    return config(
        home,
        models={"vectors": {"provider": "ollama", "model": "bge-m3", **model}},
        knowledge={"embedding": "vectors", "sources": {"docs": source}},
        router={"cloud_max_label": most},
    )


def test_the_packaged_model_is_the_default(tmp_path: Path) -> None:
    assert isinstance(open_embedder(config(tmp_path)), E5Embedder)
    assert not list(tmp_path.iterdir())


def test_an_ollama_model_is_opened_by_its_name(tmp_path: Path) -> None:
    assert isinstance(open_embedder(with_model(tmp_path)), OllamaEmbedder)


def test_an_unknown_name_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"'nomic', which is not in \[models\].*'e5-small'.*\[models.nomic\]"):
        open_embedder(config(tmp_path, knowledge={"embedding": "nomic"}))


@pytest.mark.parametrize("model", [{"provider": "llamacpp"}, {"model": ""}])
def test_what_cannot_embed_is_told(tmp_path: Path, model: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match=r"\[models.vectors\] cannot embed.*e5-small"):
        open_embedder(with_model(tmp_path, **model))


@pytest.mark.parametrize("model", [{"cloud": True}, {"model": "big-cloud"}, {"base_url": "https://ollama.com"}])
def test_documents_do_not_go_to_a_cloud_that_may_not_see_them(tmp_path: Path, model: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"would see secret documents.*'internal'.*cloud_max_label"):
        open_embedder(with_model(tmp_path, label="secret", most="internal", **model))
    with pytest.raises(ConfigError, match="internal documents"):  # what is added by command is internal
        open_embedder(with_model(tmp_path, label="public", most="public", **model))
    assert isinstance(open_embedder(with_model(tmp_path, most="internal", **model)), OllamaEmbedder)
