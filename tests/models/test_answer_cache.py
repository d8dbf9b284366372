"""Answers given again: to the same person, at the same label, for exactly the same question, with their age."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clawdbot.config import LABELS, CacheConfig
from clawdbot.errors import ConfigError
from clawdbot.models.answer_cache import READ_ONLY, AnswerCache, family_of
from clawdbot.models.interface import ModelAnswer
from clawdbot.store.cached_answers import CachedAnswerStore
from clawdbot.store.database import Database, sqlite_url

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
ASKED: dict[str, Any] = {
    "kind": "sql",
    "user": "ana",
    "label": "internal",
    "family": "qwen2.5-7b",
    "messages": [{"role": "user", "content": "上个季度的收入?"}],
    "schema": {"type": "object", "properties": {"table": {"enum": ["orders"]}}},
    "versions": {"sales": "7", "query": "1"},
}
ABOUT: dict[str, Any] = {"kind": "sql", "user": "ana", "label": "internal", "model": "small"}


def said(value: dict[str, Any] | None = None, **rest: Any) -> ModelAnswer:
    body = value or {"tool": "query"}
    given = {"prompt_tokens": 9, "cached_tokens": 0, "completion_tokens": 5, "ms": 10, "text": json.dumps(body)}
    return ModelAnswer(**{**given, "value": body, **rest})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[CachedAnswerStore]:
    database = Database(sqlite_url(tmp_path / "clawdbot.db"))
    yield CachedAnswerStore(database)
    database.close()


@pytest.fixture
def cache(store: CachedAnswerStore) -> AnswerCache:
    return AnswerCache(CacheConfig(kinds=("sql", "summarise")), store)


def test_an_answer_is_given_again_with_its_age(cache: AnswerCache) -> None:
    key = cache.key(**ASKED)
    assert cache.get(key, max_age_s=60, now=NOON) is None
    cache.put(key, **ABOUT, answer=said({"tool": "query", "why": "收入"}), now=NOON)
    found = cache.get(key, max_age_s=60, now=NOON + timedelta(seconds=12))
    assert found is not None
    assert (found.value, found.model, found.age_s) == ({"tool": "query", "why": "收入"}, "small", 12)


def test_an_answer_of_unknown_or_too_great_age_is_not_given(cache: AnswerCache) -> None:
    key = cache.key(**ASKED)
    cache.put(key, **ABOUT, answer=said(), now=NOON.astimezone(timezone(timedelta(hours=8))))
    assert cache.get(key, max_age_s=60, now=NOON + timedelta(seconds=60)) is not None
    assert cache.get(key, max_age_s=60, now=NOON + timedelta(seconds=61)) is None
    assert cache.get(key, max_age_s=60, now=NOON - timedelta(seconds=1)) is None, "the clock was set back"
    assert cache.get(key, max_age_s=0, now=NOON) is None, "0 seconds is never"


def test_kinds_that_are_not_named_are_not_kept(cache: AnswerCache, store: CachedAnswerStore) -> None:
    off = AnswerCache(CacheConfig(), store)
    assert off.key(**ASKED) == cache.key(**{**ASKED, "kind": "verify"}) == ""
    off.put("", **ABOUT, answer=said(), now=NOON)
    off.forget("")
    assert off.get("", max_age_s=60, now=NOON) is None
    assert store.get("") is None


@pytest.mark.parametrize("kind", ["mail", "report", "chart", "plan"])
def test_steps_with_effects_cannot_be_named(store: CachedAnswerStore, kind: Any) -> None:
    with pytest.raises(ConfigError, match=f"'{kind}'.*these can be kept: brief, sql"):
        AnswerCache(CacheConfig(kinds=("sql", kind)), store)
    assert kind not in READ_ONLY


def test_what_went_wrong_is_not_kept(cache: AnswerCache) -> None:
    key = cache.key(**ASKED)
    cache.put(key, **ABOUT, answer=said(truncated=True), now=NOON)
    cache.put(key, **ABOUT, answer=said(text="x" * 200_000), now=NOON)
    assert cache.get(key, max_age_s=60, now=NOON) is None
    cache.put(key, **ABOUT, answer=said(), now=NOON)
    cache.forget(key)
    assert cache.get(key, max_age_s=60, now=NOON) is None


def test_old_answers_and_too_many_are_deleted(store: CachedAnswerStore) -> None:
    config = CacheConfig(kinds=("sql",), fresh_s=10, stale_s=1000)
    cache = AnswerCache(config, store, max_rows=20)
    keys = [cache.key(**{**ASKED, "user": f"u{n}"}) for n in range(101)]
    cache.put(keys[0], **ABOUT, answer=said(), now=NOON - timedelta(seconds=1001))
    for n, key in enumerate(keys[1:], 1):
        cache.put(key, **ABOUT, answer=said(), now=NOON + timedelta(seconds=n))
    left = [n for n, key in enumerate(keys) if store.get(key)]
    assert left == list(range(81, 101)), "the newest stay"


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("kind", "summarise"), ("user", "bob"), ("label", "public"), ("family", "qwen2.5-1.5b"),
        ("messages", [{"role": "system", "content": "上个季度的收入?"}]), ("schema", {"type": "object"}),
        ("versions", {"sales": "8", "query": "1"}),
    ],
)  # fmt: skip
def test_everything_that_an_answer_depends_on_is_in_its_key(cache: AnswerCache, name: str, other: Any) -> None:
    assert cache.key(**{**ASKED, name: other}) != cache.key(**ASKED)


def test_the_order_of_names_is_not(cache: AnswerCache) -> None:
    turned = {**ASKED, "versions": {"query": "1", "sales": "7"}}
    turned["schema"] = dict(reversed(ASKED["schema"].items()))
    assert cache.key(**turned) == cache.key(**ASKED)
    assert len(cache.key(**ASKED)) == 64


WHO = st.tuples(st.text(max_size=8), st.sampled_from(LABELS), st.sampled_from(["a", 'a"', '","label":"secret']))


@given(asked=st.lists(WHO, min_size=2, max_size=6, unique=True))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nobody_gets_the_answer_of_another_person_or_label(
    cache: AnswerCache, asked: list[tuple[str, str, str]]
) -> None:
    keys = []
    for user, label, text in asked:
        mine = {**ASKED, "user": user, "label": label, "messages": [{"role": "user", "content": text}]}
        keys.append(cache.key(**mine))
    for key, (user, label, text) in zip(keys, asked, strict=True):
        about: dict[str, Any] = {**ABOUT, "user": user, "label": label}
        cache.put(key, **about, answer=said({"mine": [user, label, text]}), now=NOON)
    for key, who in zip(keys, asked, strict=True):
        found = cache.get(key, max_age_s=60, now=NOON)
        assert found is not None and found.value == {"mine": list(who)}


@pytest.mark.parametrize(
    ("provider", "model", "family"),
    [
        ("ollama", "qwen2.5:7b-instruct-q4_K_M", "qwen2.5-7b-instruct"),
        ("ollama", "qwen2.5:7b-instruct", "qwen2.5-7b-instruct"),
        ("ollama", "hf.co/bartowski/Qwen2.5-7B-Instruct-GGUF:Q4_K_M", "qwen2.5-7b-instruct"),
        ("llamacpp", "/models/Qwen2.5-7B-Instruct-Q8_0.gguf", "qwen2.5-7b-instruct"),
        ("llamacpp", "Llama-3.2-1B-Instruct.IQ4_XS.gguf", "llama-3.2-1b-instruct"),
        ("llamacpp", "qwen2.5-coder-1.5b", "qwen2.5-coder-1.5b"),
        ("ollama", "qwen2.5-coder:1.5b", "qwen2.5-coder-1.5b"),
        ("ollama", "llama3.2:latest", "llama3.2"),
        ("ollama", "qwq", "qwq"),
        ("openai", "gpt-4o-2024-08-06", "openai:gpt-4o-2024-08-06"),
        ("langchain", "pkg.Chat", "langchain:pkg.Chat"),
    ],
)
def test_a_family_is_the_model_without_its_packing(provider: str, model: str, family: str) -> None:
    assert family_of(provider, model) == family
