"""Which model serves a run."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from clawdbot.config import AppConfig, Config, KnowledgeConfig, ModelConfig, RouterConfig
from clawdbot.errors import ModelUnavailable, UsageError
from clawdbot.models.catalog import DEFAULT_MODEL, model_file
from clawdbot.models.ladder import ASKED_AGAIN_S, Ladder
from clawdbot.models.providers import PROVIDERS, Provider, build
from clawdbot.models.selection import local_ollama_model, open_ladder, select

FAKE = "clawdbot.models.fake:ScriptedChatModel"
SCRIPT = ModelConfig(provider="langchain", model=FAKE, options={"script": [{"a": 1}]})


@pytest.fixture(autouse=True)
def no_ollama(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:9")


def config(home: Path, *order: str, **models: ModelConfig) -> Config:
    return Config(app=AppConfig(home=home), models=models, router=RouterConfig(order=order))


def pulled(home: Path, name: str = DEFAULT_MODEL) -> Path:
    path = model_file(home, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"GGUF")
    return path


def test_the_named_model_wins(tmp_path: Path) -> None:
    pulled(tmp_path)
    found = select(config(tmp_path, "a", a=SCRIPT, b=SCRIPT), name="b")
    assert (found.name, found.provider, found.cloud) == ("b", "langchain", False)


def test_the_first_of_the_order_that_is_available_serves(tmp_path: Path) -> None:
    absent = ModelConfig(provider="llamacpp", path=tmp_path / "none.gguf")
    off = ModelConfig(provider="ollama", model="m")
    keyless = ModelConfig(provider="openai", model="m", api_key_env="NOT_SET")
    found = select(config(tmp_path, "file", "off", "key", "ok", file=absent, off=off, key=keyless, ok=SCRIPT))
    assert found.name == "ok"


def test_a_running_ollama_serves_with_its_latest_local_chat_model(
    ollama: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pulled(tmp_path)
    monkeypatch.setenv("OLLAMA_HOST", ollama.url.removeprefix("http://"))
    found = select(config(tmp_path))
    assert (found.name, found.provider, found.model, found.cloud) == (
        "ollama:qwen2.5:3b",
        "ollama",
        "qwen2.5:3b",
        False,
    )
    ollama.replies["/api/tags"] = lambda handler, body: handler.json(200, {"models": []})
    assert local_ollama_model() is None
    assert select(config(tmp_path)).name == DEFAULT_MODEL


def test_a_strange_server_on_ollamas_port_is_passed_over(
    ollama: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("OLLAMA_HOST", ollama.url)
    ollama.replies["/api/tags"] = lambda handler, body: handler.json(200, b"<html>")
    assert local_ollama_model() is None


def test_without_anything_the_embedded_one_serves(tmp_path: Path) -> None:
    path = pulled(tmp_path)
    found = select(config(tmp_path))
    assert (found.name, found.provider, found.context) == (DEFAULT_MODEL, "llamacpp", 8192)
    assert found.chat.path == path  # type: ignore[attr-defined]  # the llamacpp provider's field


def test_no_model_at_all_says_how_to_get_one(tmp_path: Path) -> None:
    absent = ModelConfig(provider="llamacpp", path=tmp_path / "none.gguf")
    with pytest.raises(UsageError, match=r"none\.gguf") as caught:
        select(config(tmp_path, "a", a=absent))
    assert "clawdbot models pull" in caught.value.hint and "ollama serve" in caught.value.hint


def test_names_beside_the_configuration(ollama: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OLLAMA_HOST", ollama.url)
    path = pulled(tmp_path, "qwen2.5-0.5b")
    empty = config(tmp_path)
    assert select(empty, name="ollama:qwen2.5:3b").model == "qwen2.5:3b"
    assert select(empty, name="qwen2.5-0.5b").model == "qwen2.5-0.5b"
    assert select(empty, name="llamacpp:qwen2.5-0.5b").model == "qwen2.5-0.5b"
    assert select(empty, name=f"llamacpp:{path}").model == "qwen2.5-0.5b"


@pytest.mark.parametrize(
    ("name", "kind", "says"),
    [
        ("qwen2.5-coder-1.5", UsageError, "Did you mean 'qwen2.5-coder-1.5b'?"),
        ("zzz", UsageError, "ollama:TAG"),
        ("ollama:", UsageError, "no model 'ollama:'"),
        ("qwen2.5-coder-1.5b", ModelUnavailable, "clawdbot models pull qwen2.5-coder-1.5b"),
        ("llamacpp:/none.gguf", ModelUnavailable, "Check path"),
        ("ollama:absent", ModelUnavailable, "ollama serve"),
    ],
)
def test_a_named_model_that_cannot_serve_is_an_error(
    name: str, kind: type[Exception], says: str, tmp_path: Path
) -> None:
    with pytest.raises(kind) as caught:
        select(config(tmp_path), name=name)
    assert says in str(caught.value)


def test_a_tag_that_is_not_pulled_is_named(ollama: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OLLAMA_HOST", ollama.url)
    with pytest.raises(ModelUnavailable, match="has no model 'absent'") as caught:
        select(config(tmp_path), name="ollama:absent")
    assert caught.value.hint == "Get it with: ollama pull absent"


def first(ladder: Ladder) -> str:
    """The name of the first model that can serve."""
    found = ladder.first()
    assert found is not None
    return found.name


def test_the_ladder_holds_the_order_with_reasons(tmp_path: Path) -> None:
    absent = ModelConfig(provider="llamacpp", path=tmp_path / "none.gguf")
    keyless = ModelConfig(provider="openai", model="m", api_key_env="NOT_SET")
    ladder = open_ladder(config(tmp_path, "key", "file", "ok", ok=SCRIPT, file=absent, key=keyless))
    places = {place.name: place for place in ladder.places()}
    assert list(places) == ["key", "file", "ok"]
    assert "NOT_SET" in places["key"].unavailable and places["key"].rung is None
    assert "none.gguf" in places["file"].unavailable
    assert places["ok"].unavailable == ""
    assert (first(ladder), ladder.pinned) == ("ok", "")


def test_without_an_order_all_models_are_on_the_ladder_but_the_one_that_embeds(tmp_path: Path) -> None:
    embeds = KnowledgeConfig(embedding="e")
    settings = config(tmp_path, a=SCRIPT, e=SCRIPT, b=SCRIPT).model_copy(update={"knowledge": embeds})
    assert [place.name for place in open_ladder(settings).places()] == ["a", "b"]


def test_the_named_model_is_the_only_one(tmp_path: Path) -> None:
    ladder = open_ladder(config(tmp_path, "a", "b", a=SCRIPT, b=SCRIPT), name="b")
    assert ([place.name for place in ladder.places()], ladder.pinned) == (["b"], "b")


def test_without_models_the_ladder_has_the_one_that_is_here(tmp_path: Path) -> None:
    pulled(tmp_path)
    assert [place.name for place in open_ladder(config(tmp_path)).places()] == [DEFAULT_MODEL]


def test_a_model_that_comes_later_is_found(tmp_path: Path) -> None:
    path = tmp_path / "late.gguf"
    late = ModelConfig(provider="llamacpp", path=path)
    settings = config(tmp_path, "late", "ok", late=late, ok=SCRIPT)
    now = [0.0]
    places = open_ladder(settings).places()
    ladder = Ladder(places, look=lambda name: open_ladder(settings).place(name), clock=lambda: now[0])
    path.write_bytes(b"GGUF")
    assert first(ladder) == "ok", "nobody looks at every step"
    now[0] += ASKED_AGAIN_S + 1
    until = time.monotonic() + 20
    while first(ladder) != "late" and time.monotonic() < until:
        time.sleep(0.01)
    assert first(ladder) == "late"


def test_a_provider_without_its_package_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = Provider(module="clawdbot_no_such_package", extra="openai", package="clawdbot_no_such_package")
    monkeypatch.setitem(PROVIDERS, "openai", gone)
    with pytest.raises(UsageError, match="optional dependency") as caught:
        build("m", ModelConfig(provider="openai", model="m"), home=tmp_path)
    assert "clawdbot[openai]" in caught.value.hint
