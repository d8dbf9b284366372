"""From a configured database to an engine that can only read it."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from typing import Any, Literal, Protocol
from urllib.parse import quote

import sqlalchemy as sa
from rapidfuzz import process

from clawdbot.config import DatabaseConfig
from clawdbot.errors import ConfigError
from clawdbot.tools.database.postgres import PostgresEngine, postgres_url
from clawdbot.tools.database.rows import Limits, RawRows
from clawdbot.tools.database.sqlite import SQLiteEngine

_SUPPORTED = ("sqlite", "postgresql")


class Engine(Protocol):
    """What SQLite and PostgreSQL have in common here."""

    name: str
    dialect: Literal["sqlite", "postgres"]
    alchemy: sa.Engine

    def allow(self, *, tables: frozenset[str], views: frozenset[str], existing: frozenset[str]) -> None:
        """Name the tables that queries may read."""

    def execute(self, sql: str, limits: Limits) -> RawRows:
        """Run one guarded statement within limits; ToolError when it fails."""

    def session(self, seconds: float) -> AbstractContextManager[Any]:
        """A driver connection for our own sampling statements, read-only, with a time limit."""

    def close(self) -> None:
        """Close connections."""


def open_engine(name: str, config: DatabaseConfig) -> Engine:
    """Open the database read-only; ConfigError or TerminalToolError say what to mend, without the password."""
    url = _url(name, config)
    backend = url.get_backend_name()
    if backend == "sqlite":
        return SQLiteEngine(name=name, url=url)
    if backend in ("postgresql", "postgres"):
        return PostgresEngine(name=name, url=postgres_url(name, url))
    near = process.extractOne(backend, _SUPPORTED, score_cutoff=60)
    meant = f" Did you mean {near[0]!r}?" if near else ""
    raise ConfigError(
        f"Database {name!r} has the unknown dialect {backend!r}.{meant}",
        hint="Supported are sqlite:///path/to/file.sqlite and postgresql://user@host/database.",
    )


def _url(name: str, config: DatabaseConfig) -> sa.URL:
    password = _password(name, config)
    text = config.url.replace("{password}", quote(password, safe="")) if password else config.url
    if "{password}" in text:
        raise ConfigError(
            f"Database {name!r}: the url asks for {{password}} but none is given.",
            hint=f"Set password_env or password_file in [databases.{name}].",
        )
    try:
        url = sa.make_url(text)
    except (sa.exc.ArgumentError, ValueError):
        raise ConfigError(
            f"Database {name!r}: the url is not a database URL.",
            hint="Write sqlite:///path/to/file.sqlite or postgresql://user@host/database.",
        ) from None
    if password and "{password}" not in config.url:
        url = url.set(password=password)
    return url


def _password(name: str, config: DatabaseConfig) -> str:
    if config.password_env:
        value = os.environ.get(config.password_env)
        if value is None:
            raise ConfigError(
                f"Database {name!r}: the environment variable {config.password_env} is not set.",
                hint=f"Set it, or correct password_env in [databases.{name}].",
            )
        return value
    if config.password_file is not None:
        try:
            return config.password_file.read_text("utf-8").strip()
        except OSError as error:
            raise ConfigError(
                f"Database {name!r}: password_file cannot be read: {error.strerror}.",
                hint=f"Correct password_file in [databases.{name}].",
            ) from None
    return ""
