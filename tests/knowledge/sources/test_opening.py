"""Settings become sources, or errors that say what to write."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from clawdbot.config import AccessRule, SourceConfig
from clawdbot.config_file import load
from clawdbot.errors import ConfigError
from clawdbot.knowledge.sources.files import FilesSource
from clawdbot.knowledge.sources.imap import ImapSource
from clawdbot.knowledge.sources.opening import open_source
from clawdbot.knowledge.sources.sql import SqlSource
from clawdbot.knowledge.sources.web import WebSource

SQL: dict[str, Any] = {"kind": "sql", "database": "shop", "query": "SELECT 1", "template": "{{ a }}", "key": "a"}
IMAP: dict[str, Any] = {"kind": "imap", "host": "imap.example.com", "username": "u", "password_env": "P"}


def rows(database: str, query: str) -> Iterator[Mapping[str, Any]]:
    return iter(())


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        ({"paths": ("~/docs",), "exclude": ("a[b]*",)}, FilesSource),
        ({"kind": "web", "urls": ("https://example.com/a", "http://10.0.0.1:8080/"), "label": "public"}, WebSource),
        (IMAP | {"ca_file": Path("ca.pem"), "folder": "归档"}, ImapSource),
        (SQL | {"title": "a", "access": ("user:anna", "group:财务")}, SqlSource),
    ],
)
def test_each_kind_opens(settings: dict[str, Any], kind: type) -> None:
    found = open_source("policies-2026.v1", SourceConfig(**settings), rows=rows)
    assert isinstance(found, kind) and found.name == "policies-2026.v1"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "kind 'files' and lacks paths"),
        ({"kind": "web"}, "kind 'web' and lacks urls"),
        ({"kind": "web", "urls": ("https://a",), "paths": ("x",)}, "paths belongs to kind 'files'"),
        ({"paths": ("x",), "port": 143}, "port belongs to kind 'imap'"),
        ({"paths": ("x[z-a]",)}, "is no glob"),
        ({"paths": ("x",), "rules": (AccessRule(match="[z-a]", access=()),)}, "is no glob"),
        ({"paths": ("x",), "access": ("anna",)}, "access names 'anna'.*'user:NAME'"),
        ({"paths": ("x",), "rules": (AccessRule(match="*", access=("groups:hr",)),)}, "access names 'groups:hr'"),
        ({"kind": "web", "urls": ("ftp://a/b",)}, "is no web address"),
        ({"kind": "web", "urls": ("example.com",)}, "is no web address"),
        ({"kind": "web", "urls": ("https://a:b",)}, "is no address"),
        (IMAP | {"password_env": ""}, "username, but no password"),
        (IMAP | {"host": ""}, "lacks host"),
        ({**SQL, "key": ""}, "lacks key"),
    ],
)
def test_what_cannot_be_meant(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        open_source("docs", SourceConfig(**settings), rows=rows)
    assert "[knowledge.sources.docs]" in str(caught.value) and caught.value.hint


def test_a_password_in_an_address_is_refused_and_not_shown() -> None:
    with pytest.raises(ConfigError, match="a password stands in") as caught:
        open_source("docs", SourceConfig(kind="web", urls=("https://anna:s3cret@example.com/",)))
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("name", ["", "a b", "a/b", "x" * 81])
def test_names_of_sources(name: str) -> None:
    with pytest.raises(ConfigError, match="is no name for a source"):
        open_source(name, SourceConfig(paths=("x",)))
    assert open_source("制度", SourceConfig(paths=("x",))).name == "制度"


def test_without_databases() -> None:
    with pytest.raises(ConfigError, match="reads a database"):
        open_source("notes", SourceConfig(**SQL))


def test_relative_paths_start_at_the_configuration_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "clawdbot.toml").write_text('[knowledge.sources.docs]\npaths = ["docs/**/*.md", "~/a", "/b"]\n')
    monkeypatch.setenv("HOME", "/home/anna")
    monkeypatch.chdir("/")
    config = load(tmp_path / "clawdbot.toml", environ={}).knowledge.sources["docs"]
    assert config.paths == (f"{tmp_path}/docs/**/*.md", "/home/anna/a", "/b")
