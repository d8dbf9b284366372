"""Answers given again: exact ones, for steps that only read, to the person and at the label that they were made for."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import PurePath
from typing import Any

from clawdbot.config import CacheConfig, Label, StepKind
from clawdbot.errors import ConfigError
from clawdbot.models.chat import Schema
from clawdbot.models.interface import ModelAnswer
from clawdbot.store.cached_answers import CachedAnswerStore, CachedRow

READ_ONLY: tuple[StepKind, ...] = ("brief", "sql", "search", "summarise", "verify", "final")
"""Kinds of steps whose answer leads to nothing that is written or sent."""

_PRUNE_EVERY = 50
_LARGEST = 100_000
"""Characters of an answer that is still kept."""


@dataclass(frozen=True, kw_only=True)
class CachedAnswer:
    """An answer that was given before, by ``model``, ``age_s`` seconds ago."""

    value: dict[str, Any]
    model: str
    age_s: float


class AnswerCache:
    """The cache of one installation; safe to share between threads and processes.

    A kind that ``[cache] kinds`` does not name has no key (""), and under no key nothing is looked for or kept.
    At most about ``max_rows`` answers stay, none older than could still be given.  Raises ConfigError when kinds are
    named whose steps have effects, StoreError when the database cannot be used.
    """

    def __init__(self, config: CacheConfig, store: CachedAnswerStore, *, max_rows: int = 5_000) -> None:
        if effects := [kind for kind in config.kinds if kind not in READ_ONLY]:
            raise ConfigError(
                f"[cache] kinds names {', '.join(map(repr, effects))}, but answers are kept only for steps that read.",
                hint=f"Take them out; these can be kept: {', '.join(READ_ONLY)}.",
            )
        self._config = config
        self._store = store
        self._max_rows = max_rows
        self._puts = 0
        self._lock = threading.Lock()

    def key(
        self,
        *,
        kind: StepKind,
        user: str,
        label: Label,
        family: str,
        messages: Sequence[Mapping[str, str]],
        schema: Schema,
        versions: Mapping[str, str],
    ) -> str:
        """The name of the answer to exactly this: SHA-256 over canonical JSON; "" for a kind that is not kept.

        ``family`` is :func:`family_of` the first model that may serve; ``versions`` are those of the tools and of the
        data that the step can see, by name.
        """
        if kind not in self._config.kinds:
            return ""
        asked = {
            "kind": kind, "user": user, "label": label, "family": family, "versions": dict(versions),
            "messages": [dict(message) for message in messages], "schema": schema,
        }  # fmt: skip
        return hashlib.sha256(json.dumps(asked, sort_keys=True, separators=(",", ":")).encode("ascii")).hexdigest()

    def get(self, key: str, *, max_age_s: float, now: datetime) -> CachedAnswer | None:
        """The answer under ``key`` that is not older than ``max_age_s`` seconds; 0 is never.

        ``now`` has a time zone.  An answer from the future (the clock was set back) has no known age and is not given.
        """
        if not key or max_age_s <= 0:
            return None
        row = self._store.get(key)
        if row is None:
            return None
        age = (now - datetime.fromisoformat(row.made_at)).total_seconds()
        return CachedAnswer(value=row.answer, model=row.model, age_s=age) if 0 <= age <= max_age_s else None

    def put(
        self, key: str, *, kind: StepKind, user: str, label: Label, model: str, answer: ModelAnswer, now: datetime
    ) -> None:
        """Keep an answer that its checks accepted; one that was cut off or is very long is not kept.

        When a later check refuses it, :meth:`forget` it.
        """
        if not key or answer.truncated or len(answer.text) > _LARGEST:
            return
        row = CachedRow(
            key=key, kind=kind, user=user, label=label, model=model, answer=answer.value, made_at=_written(now)
        )
        self._store.put(row)
        with self._lock:
            due = self._puts % _PRUNE_EVERY == 0
            self._puts += 1
        if due:
            oldest = max(self._config.fresh_s, self._config.stale_s)
            self._store.prune(before=_written(now - timedelta(seconds=oldest)), rows=self._max_rows)

    def forget(self, key: str) -> None:
        """The answer under ``key`` turned out to be wrong."""
        if key:
            self._store.forget(key)


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


_PACKING = re.compile(
    r"[-:.](?:i?q\d+(?:_\w+)*|b?f16|f32|fp16|int[48]|[48]bit|awq|gptq|gguf|mlx)(?![^-:.])", re.IGNORECASE
)


def family_of(provider: str, model: str) -> str:
    """The model without the way it is packed: registry, file type and quantisation go, size and variant stay.

    ``qwen2.5:7b-instruct-q4_K_M`` in Ollama and ``Qwen2.5-7B-Instruct-Q4_K_M.gguf`` on disk are both
    ``qwen2.5-7b-instruct``; a 1.5B model or a coder is another family.  Names of other providers stay as they are, with
    the provider.
    """
    if provider not in ("ollama", "llamacpp"):
        return f"{provider}:{model}"
    plain = _PACKING.sub("", PurePath(model).name)
    return plain.lower().removesuffix(":latest").replace(":", "-")
