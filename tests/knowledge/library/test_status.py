"""What an operator sees: sizes, failures with reasons, ages, and everything as JSON lines."""

from __future__ import annotations

import json
from pathlib import Path

from clawdbot.config import AppConfig, Config, KnowledgeConfig, SourceConfig, StoreConfig
from clawdbot.knowledge.library import Library
from tests.knowledge.library.writing import COLLECTION, content, item, put


def test_an_empty_library(library: Library) -> None:
    status = library.status()
    assert (status.sources, status.documents, status.chunks, status.oldest_check) == ((), 0, 0, None)
    assert status.bytes_on_disk > 10_000


def test_the_status_counts_documents_and_says_why_some_failed(shelf: Library) -> None:
    put(shelf, "a.md", "one\ntwo")
    put(shelf, "a.md", "one\nthree\nfour", mark="2")
    known = put(shelf, "b.md", "five")
    shelf.fail("docs", item("b.md"), "The server does not answer.", before=known, transient=True)
    shelf.fail("docs", item("c.pdf"), "It needs a password.", before=None, content=content("c"))
    shelf.put_source("site", SourceConfig(kind="web"), "config")
    shelf.source_checked("docs")
    shelf.source_checked("site", "No route to host.")
    shelf.collection("new-4", 4)
    status = shelf.status()
    docs, site = status.sources
    assert (docs.documents, docs.failed, docs.chunks, docs.error) == (3, 2, 4, "")
    assert (site.documents, site.failed, site.chunks, site.error) == (0, 0, 0, "No route to host.")
    assert [(one.name, one.reason, one.live) for one in status.failures] == [
        ("b.md", "The server does not answer.", True), ("c.pdf", "It needs a password.", False),
    ]  # fmt: skip
    assert (status.documents, status.chunks, status.versions) == (3, 4, 3)
    assert status.pending == {COLLECTION: 0, "new-4": 4}
    assert docs.checked_at is not None and status.oldest_check is None, "one source was never reached"
    shelf.source_checked("site")
    assert shelf.status().oldest_check == docs.checked_at
    assert shelf.sources()[1].error == ""


def test_the_export_holds_every_version_with_its_text_and_access(shelf: Library) -> None:
    put(shelf, "a.md", "一\n二", title="标题")
    put(shelf, "a.md", "一\n三", mark="2")
    for n in range(60):
        put(shelf, f"more/{n}.md", f"text {n}")
    lines: list[str] = []
    assert shelf.export(lines.append) == 61
    source, first, *rest = map(json.loads, lines)
    assert (source["record"], source["kind"]) == ("source", "files") and source["scopes"][0]["access"] == ["everyone"]
    assert (first["record"], first["name"], first["access"], first["label"]) == (
        "document", "a.md", ["everyone"], "internal",
    )  # fmt: skip
    old, new = first["versions"]
    assert (old["text"], new["text"], old["retired_at"] is None) == ("一\n二", "一\n三", False)
    assert [chunk["text"] for chunk in new["chunks"]] == ["一", "三"]
    assert [chunk["live"] for chunk in old["chunks"]] == [False, False]
    assert {line["versions"][0]["text"] for line in rest} == {f"text {n}" for n in range(60)}
    assert all(line.endswith("\n") for line in lines)


def test_the_library_lies_where_the_runs_do(ledger_url: str) -> None:
    config = Config(store=StoreConfig(url=ledger_url), knowledge=KnowledgeConfig(keep_versions=1))
    first, second = Library.open(config), Library.open(config)
    first.put_source("docs", SourceConfig(), "config")
    first.collection(COLLECTION, 8)
    known = put(second, "a.md", "one")
    put(second, "a.md", "two", mark="2")
    assert [version.n for version in (first.version_text(known.id, 2),)] == [2]
    assert first.status().versions == 1
    first.close()
    second.close()


def test_without_a_store_it_lies_in_the_home(tmp_path: Path) -> None:
    home = Config(app=AppConfig.model_validate({"home": str(tmp_path)}))
    Library.open(home).close()
    assert (home.app.home / "clawdbot.db").exists()
