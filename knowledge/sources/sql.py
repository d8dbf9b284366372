"""Rows of a database as documents: each row through a template, named by its key."""

from __future__ import annotations

import datetime
import hashlib
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jinja2
from jinja2.sandbox import SandboxedEnvironment

from clawdbot.config import SourceConfig
from clawdbot.errors import ConfigError, KnowledgeError, LoadFailed
from clawdbot.knowledge.sources.source import Item

Rows = Callable[[str, str], Iterator[Mapping[str, Any]]]
"""Reads a configured database: (name in [databases], SELECT) -> rows.  Raises KnowledgeError, also when there are more
rows than it may give: a row that is left out would be taken for deleted."""


class SqlSource:
    """The rows of a SELECT; a :class:`~clawdbot.knowledge.sources.source.Source`."""

    def __init__(self, name: str, config: SourceConfig, *, rows: Rows) -> None:
        self._name, self._config, self._rows = name, config, rows
        self._texts: dict[str, str] | None = None  # of the last listing
        environment = SandboxedEnvironment(
            undefined=jinja2.StrictUndefined, finalize=_shown, keep_trailing_newline=True
        )
        self._template = _compiled(environment, config.template, f"[knowledge.sources.{name}] template")
        self._title = _compiled(environment, config.title, f"[knowledge.sources.{name}] title")

    @property
    def name(self) -> str:
        return self._name

    @property
    def config(self) -> SourceConfig:
        return self._config

    def items(self) -> Iterator[Item]:
        """One item for each row; KnowledgeError when the query fails, or a key is missing or not unique."""
        texts: dict[str, str] = {}
        for row in self._rows(self._config.database, self._config.query):
            key = self._key(row)
            if key in texts:
                raise KnowledgeError(
                    f"Source {self._name!r}: two rows have the {self._config.key} {key!r}.",
                    hint="Choose a key that is unique, or group the rows in the query.",
                )
            texts[key] = self._text(row, key)
        self._texts = texts
        for key, text in texts.items():
            uri = f"sql:{quote(self._config.database)}?{quote(self._config.key)}={quote(key)}"
            yield Item(name=key, uri=uri, fingerprint=hashlib.sha256(text.encode("utf-8", "replace")).hexdigest())

    @contextmanager
    def fetch(self, item: Item) -> Iterator[Path]:
        """The row's text as a Markdown file, as it was listed; LoadFailed when the row is gone."""
        if self._texts is None:
            for _ in self.items():
                pass
        text = (self._texts or {}).get(item.name)
        if text is None:
            raise LoadFailed("The row is not there any more.")
        with tempfile.TemporaryDirectory(prefix="clawdbot-") as folder:
            path = Path(folder) / "row.md"
            path.write_text(text, "utf-8", "replace")
            yield path

    def _key(self, row: Mapping[str, Any]) -> str:
        if self._config.key not in row:
            raise self._no_column(self._config.key, row)
        key = _shown(row[self._config.key])
        if not str(key).strip():
            raise KnowledgeError(
                f"Source {self._name!r}: a row has no {self._config.key}.",
                hint=f"Leave it out of the query: WHERE {self._config.key} IS NOT NULL.",
            )
        return " ".join(str(key).split())

    def _text(self, row: Mapping[str, Any], key: str) -> str:
        named = {str(column): value for column, value in row.items()}
        try:
            title = str(_shown(named[self._config.title])) if self._config.title in named else self._title.render(named)
            body = self._template.render(named)
        except jinja2.UndefinedError as error:
            raise self._broken(f"{error.message}", row) from error
        except Exception as error:  # whatever an expression of the operator's can raise
            raise self._broken(f"{type(error).__name__}: {error}", row) from error
        return f"# {' '.join(title.split()) or key}\n\n{body.strip()}\n"

    def _no_column(self, column: str, row: Mapping[str, Any]) -> KnowledgeError:
        return KnowledgeError(
            f"Source {self._name!r}: the query gives no column {column!r}.", hint=f"It gives: {', '.join(row)}."
        )

    def _broken(self, said: str, row: Mapping[str, Any]) -> KnowledgeError:
        return KnowledgeError(
            f"Source {self._name!r}: the template fails: {said}.", hint=f"The columns are: {', '.join(row)}."
        )


def _compiled(environment: SandboxedEnvironment, text: str, place: str) -> jinja2.Template:
    try:
        return environment.from_string(text)
    except jinja2.TemplateSyntaxError as error:
        raise ConfigError(
            f"{place} is no Jinja2 template: {error.message}.", hint="Columns are written {{ column }}."
        ) from error


def _shown(value: Any) -> Any:
    """What stands for a value in a text: nothing for NULL, ISO 8601 for moments."""
    if value is None:
        return ""
    return value.isoformat(" ") if isinstance(value, datetime.datetime) else value
