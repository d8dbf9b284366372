"""From a configured source to one that can be read, with its settings checked."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

import httpx

from clawdbot.config import SourceConfig
from clawdbot.errors import ConfigError
from clawdbot.knowledge.sources.browsing import Limits
from clawdbot.knowledge.sources.files import FilesSource
from clawdbot.knowledge.sources.imap import ImapSource
from clawdbot.knowledge.sources.patterns import matches
from clawdbot.knowledge.sources.source import Source
from clawdbot.knowledge.sources.sql import Rows, SqlSource
from clawdbot.knowledge.sources.web import WebSource

MAX_BYTES: Final = 100_000_000

_OF_KIND: Final[Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "files": (("paths",), ("exclude",)),
    "web": (("urls",), ("ca_file",)),
    "imap": (
        ("host", "username"),
        ("port", "security", "password_env", "password_file", "ca_file", "folder"),
    ),
    "sql": (("database", "query", "template", "key"), ("title",)),
}
"""Kind -> settings that it must have, and those that it may have besides access."""

_OF_ALL: Final = ("kind", "owner", "label", "access", "rules")
_NAME: Final = re.compile(r"[\w.\-]{1,80}")
_PRINCIPAL: Final = re.compile(r"everyone|(user|group):\S.*")


def open_source(name: str, config: SourceConfig, *, rows: Rows | None = None, max_bytes: int = MAX_BYTES) -> Source:
    """The source of these settings; nothing is read yet.

    ``rows`` reads databases, for kind 'sql'.  ConfigError when settings are missing, belong to another kind or cannot
    be meant.
    """
    check(name, config)
    if config.kind == "files":
        return FilesSource(name, config)
    if config.kind == "web":
        return WebSource(name, config, limits=Limits(bytes=max_bytes))
    if config.kind == "imap":
        return ImapSource(name, config, max_bytes=max_bytes)
    if rows is None:
        raise ConfigError(f"Source {name!r} reads a database, and here is none.", hint="Configure it in [databases].")
    return SqlSource(name, config, rows=rows)


def check(name: str, config: SourceConfig) -> None:
    """ConfigError when the settings cannot be used, before anything is opened."""
    section = f"[knowledge.sources.{name}]"
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"{name!r} is no name for a source.", hint="Use letters, digits, '.', '-' and '_', at most 80."
        )
    needed, allowed = _OF_KIND[config.kind]
    for key in needed:
        if not getattr(config, key):
            raise ConfigError(f"{section} is of kind {config.kind!r} and lacks {key}.", hint=f"Set {key} there.")
    defaults = SourceConfig()
    for key in SourceConfig.model_fields:
        if key in (*needed, *allowed, *_OF_ALL) or getattr(config, key) == getattr(defaults, key):
            continue
        owner = next(kind for kind, keys in _OF_KIND.items() if key in (*keys[0], *keys[1]))
        raise ConfigError(
            f"{section} is of kind {config.kind!r}; {key} belongs to kind {owner!r}.", hint="Correct kind, or leave it."
        )
    if config.kind in _CHECKS:
        _CHECKS[config.kind](section, config)
    _check_access(section, config)


def _check_files(section: str, config: SourceConfig) -> None:
    for glob in (*config.paths, *config.exclude):
        _check_glob(section, glob)


def _check_web(section: str, config: SourceConfig) -> None:
    for address in config.urls:
        try:
            url = httpx.URL(address)
        except httpx.InvalidURL as error:
            raise ConfigError(f"{section}: {address!r} is no address: {error}.", hint="Correct urls.") from None
        if url.userinfo:
            shown = url.copy_with(userinfo=b"***")
            raise ConfigError(
                f"{section}: a password stands in {str(shown)!r}.", hint="Web sources read pages that need no login."
            )
        if url.scheme not in ("http", "https") or not url.host:
            raise ConfigError(f"{section}: {address!r} is no web address.", hint="Write https://host/page.")


def _check_imap(section: str, config: SourceConfig) -> None:
    if not config.password_env and config.password_file is None:
        raise ConfigError(
            f"{section} has a username, but no password.", hint="Set password_env or password_file there."
        )


_CHECKS: Final[Mapping[str, Callable[[str, SourceConfig], None]]] = {
    "files": _check_files,
    "web": _check_web,
    "imap": _check_imap,
}
"""What a kind asks for besides; a statement and a template are checked where they are used."""


def _check_access(section: str, config: SourceConfig) -> None:
    for principal in (*config.access, *(each for rule in config.rules for each in rule.access)):
        if not _PRINCIPAL.fullmatch(principal):
            raise ConfigError(
                f"{section}: access names {principal!r}.", hint="Write 'everyone', 'user:NAME' or 'group:NAME'."
            )
    for rule in config.rules:
        _check_glob(section, rule.match)


def _check_glob(section: str, glob: str) -> None:
    try:
        matches(glob, "")
    except re.error as error:
        raise ConfigError(f"{section}: {glob!r} is no glob: {error}.", hint="Ranges are written [a-z].") from None
