"""Which model serves a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from clawdbot.config import AppConfig, Config, ModelConfig, RouterConfig
from clawdbot.errors import ModelUnavailable, PolicyRefused, UsageError
from clawdbot.models.catalog import DEFAULT_MODEL, model_file
from clawdbot.models.providers import PROVIDERS, Provider, build
from clawdbot.models.selection import SingleModel, local_ollama_model, router, select

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


def test_a_cloud_model_may_not_see_more_than_its_label(tmp_path: Path) -> None:
    cloud = SCRIPT.model_copy(update={"cloud": True})
    chosen = router(config(tmp_path, c=cloud, l=SCRIPT), name="c")
    assert chosen.choose("reason", "public").name == "c"
    with pytest.raises(PolicyRefused, match="'internal' data may not go to the cloud model 'c'") as caught:
        chosen.choose("reason", "internal")
    assert "cloud_max_label" in caught.value.hint
    assert router(config(tmp_path, l=SCRIPT), name="l").choose("reason", "secret").name == "l"


def test_the_limit_is_inclusive(tmp_path: Path) -> None:
    rung = build("c", SCRIPT.model_copy(update={"cloud": True}), home=tmp_path)
    single = SingleModel(rung=rung, cloud_max_label="confidential")
    assert single.choose("reason", "confidential") is rung
    with pytest.raises(PolicyRefused):
        single.choose("reason", "secret")


def test_a_provider_without_its_package_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = Provider(module="clawdbot_no_such_package", extra="openai", package="clawdbot_no_such_package")
    monkeypatch.setitem(PROVIDERS, "openai", gone)
    with pytest.raises(UsageError, match="optional dependency") as caught:
        build("m", ModelConfig(provider="openai", model="m"), home=tmp_path)
    assert "clawdbot[openai]" in caught.value.hint
