"""Other settings to compare with: what each changes, and the knowledge as it would be with it."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from clawdbot.config import Config, KnowledgeConfig
from clawdbot.errors import KnowledgeError, UsageError
from clawdbot.knowledge.embedding.embedder import Embedder
from clawdbot.knowledge.embedding.opening import open_embedder
from clawdbot.knowledge.index import Hit, Where
from clawdbot.knowledge.ingest_event import IngestListener
from clawdbot.knowledge.lexical.index import LexicalIndex
from clawdbot.knowledge.lexical.terms import Terms
from clawdbot.knowledge.place import knowledge_folder
from clawdbot.knowledge.service import Knowledge

SETTINGS = ("index", "search", "glossary", "chunk_tokens", "embedding")
"""What can be compared; the last two take all documents in anew, into a library that is thrown away."""

_ANEW = ("chunk_tokens", "embedding")

Legs = Literal["both", "words", "embedding"]


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One change to the configuration.  ``name`` is how the person wrote it; empty: nothing is changed."""

    name: str = ""
    legs: Legs = "both"
    changes: Mapping[str, Any] = field(default_factory=dict)
    anew: bool = False


def read_setting(text: str, config: Config) -> Setting:
    """A setting written as NAME=VALUE; UsageError says what can be written."""
    name, parted, value = (part.strip() for part in text.partition("="))
    if not parted or not value or name not in SETTINGS:
        near = get_close_matches(name, SETTINGS, n=1)
        hint = f"Did you mean {near[0]}=VALUE?" if near and parted and value else f"One of: {_FORMS}."
        raise UsageError(f"{text!r} cannot be compared.", hint=hint)
    if name == "search":
        legs = _legs(value)
        if legs is None:
            raise UsageError(f"{text!r} cannot be compared.", hint="It is search=words or search=embedding.")
        return Setting(name=text, legs=legs)
    if name == "glossary":
        if value != "none":
            raise UsageError(f"{text!r} cannot be compared.", hint="It is glossary=none: without [knowledge.glossary].")
        return Setting(name=text, changes={"glossary": {}})
    changed = _changed(config, {name: value}, text)
    if name == "embedding":
        open_embedder(changed)  # an unknown model is told before anything is asked
    return Setting(name=text, changes={name: value}, anew=name in _ANEW)


_FORMS = "index=exact, index=chroma, search=words, search=embedding, glossary=none, chunk_tokens=NUMBER, embedding=NAME"


@contextmanager
def opened(setting: Setting, base: Knowledge, listener: IngestListener) -> Iterator[Knowledge]:
    """The knowledge under a setting; ``base`` itself when nothing changes.

    With other chunks or another model everything that the sources hold now is taken into a library of its own, in a
    folder that is deleted in the end; ``listener`` hears of it.
    """
    if not setting.name:
        yield base
        return
    if not setting.anew:
        with _Changed.of(base, _changed(base.config, setting.changes, setting.name), setting.legs) as knowledge:
            yield knowledge
        return
    with tempfile.TemporaryDirectory(prefix="clawdbot-eval-") as folder:
        config = _changed(base.config, {**setting.changes, "folder": Path(folder)}, setting.name)
        with _Changed.of(base, config, setting.legs) as knowledge:
            for source in base.sources():
                if source.origin == "command":
                    knowledge.library.put_source(source.name, source.config, "command")
            knowledge.ingest(listener=listener)
            if not knowledge.has_documents():
                raise KnowledgeError(
                    f"No document could be taken in with {setting.name}.", hint="See the reasons above."
                )
            yield knowledge


def _legs(value: str) -> Legs | None:
    return {"words": "words", "embedding": "embedding"}.get(value)  # type: ignore[return-value]  # keys are literals


def _changed(config: Config, changes: Mapping[str, Any], text: str) -> Config:
    try:
        knowledge = KnowledgeConfig.model_validate({**config.knowledge.model_dump(), **changes})
    except ValidationError as error:
        raise UsageError(
            f"{text!r} cannot be compared: {error.errors()[0]['msg']}.", hint=f"One of: {_FORMS}."
        ) from error
    return config.model_copy(update={"knowledge": knowledge})


class _Changed(Knowledge):
    """The knowledge with another configuration, searched by words, by meaning, or by both."""

    _by: Legs = "both"

    @classmethod
    def of(cls, base: Knowledge, config: Config, legs: Legs) -> _Changed:
        same = config.knowledge.embedding == base.config.knowledge.embedding
        made = cls(config, rows=base._rows, embedder=base._given_embedder if same else None)
        made._by = legs
        return made

    @property
    def _query_embedder(self) -> Embedder | None:
        return None if self._by == "words" else super()._query_embedder

    @cached_property
    def _lexical(self) -> LexicalIndex:
        kind = _NoWords if self._by == "embedding" else LexicalIndex
        return kind(knowledge_folder(self.config) / "lexical", self.library)


class _NoWords(LexicalIndex):
    """An index that is kept and never answers, so that meaning alone is searched."""

    def search_terms(self, terms: Terms, where: Where, limit: int) -> Sequence[Hit]:
        raise KnowledgeError("Words are left out of the comparison.")

    def fits(self, terms: Terms, chunks: Collection[int]) -> dict[int, float]:
        raise KnowledgeError("Words are left out of the comparison.")

    def rarities(self, terms: Iterable[str]) -> dict[str, float]:
        raise KnowledgeError("Words are left out of the comparison.")
