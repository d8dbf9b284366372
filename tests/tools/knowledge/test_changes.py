"""What changed in the documents lately: new, changed and removed ones, as far as the asker may see them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from clawdbot.access.envelope import Envelope
from clawdbot.access.identity import Identity
from clawdbot.config import Config
from clawdbot.errors import RetryableToolError
from clawdbot.knowledge.embedding.fake import HashEmbedder
from clawdbot.knowledge.service import Knowledge
from clawdbot.store.database import Database, ledger_url
from clawdbot.tools.contract import RunView, ToolContext
from clawdbot.tools.knowledge.changes import knowledge_changes
from clawdbot.tools.workspace import Workspace


@pytest.fixture
def context(tmp_path: Path) -> Iterator[ToolContext]:
    papers = tmp_path / "papers"
    (papers / "secret").mkdir(parents=True)
    rules = [{"match": "secret/**", "access": ["user:boss"], "label": "confidential"}]
    config = Config.model_validate(
        {
            "app": {"home": str(tmp_path / "home"), "timezone": "UTC"},
            "knowledge": {"index": "exact", "sources": {"papers": {"paths": [str(papers)], "rules": rules}}},
        }
    )
    knowledge = Knowledge.open(config, embedder=HashEmbedder())
    yield ToolContext(
        run_id="r", goal="g", language="en", workspace=Workspace(tmp_path / "run"), config=config,
        envelope=Envelope(), services={Knowledge: knowledge}, identity=Identity(user="ann"),
    )  # fmt: skip
    knowledge.close()


def changed(context: ToolContext, **arguments: Any) -> list[tuple[Any, ...]]:
    result = knowledge_changes(context, **arguments)
    assert result.table is not None
    return [tuple(row) for row in context.workspace.load_table(result.table).itertuples(index=False)]


def long_ago(context: ToolContext) -> None:
    """What was taken in so far was taken in last year."""
    database = Database(ledger_url(context.config))
    with database.write() as connection:
        for table, column in (("knowledge_documents", "added_at"), ("knowledge_versions", "loaded_at")):
            connection.execute(text(f"UPDATE {table} SET {column} = '2020-01-01T00:00:00.000000+00:00'"))
    database.close()


def test_new_changed_and_removed_documents_are_told_with_their_new_words(context: ToolContext, tmp_path: Path) -> None:
    papers, knowledge = tmp_path / "papers", context.service(Knowledge)
    (papers / "travel.md").write_text("# Travel\n\nHotels cost up to 500 CNY. Flights need a yes.", "utf-8")
    (papers / "old.md").write_text("# Old\n\nThis rule will go away soon.", "utf-8")
    (papers / "same.md").write_text("# Same\n\nNothing ever happens in here.", "utf-8")
    knowledge.ingest()
    long_ago(context)
    assert changed(context) == []
    (papers / "travel.md").write_text("# Travel\n\nHotels cost up to 650 CNY. Flights need a yes.", "utf-8")
    (papers / "old.md").unlink()
    (papers / "new.md").write_text("# Discounts\n\nMore than 10 % needs the manager. So be it.", "utf-8")
    (papers / "secret" / "pay.md").write_text("# Pay\n\nEverybody gets twice as much.", "utf-8")
    knowledge.ingest()
    rows = changed(context)
    assert [(row[0], row[2]) for row in rows] == [("new", "new.md"), ("changed", "travel.md"), ("removed", "old.md")]
    assert rows[1][4] == "Hotels cost up to 650 CNY."
    assert rows[0][4].startswith("More than 10 % needs the manager.")
    boss = dataclasses.replace(context, identity=Identity(user="boss"))
    assert changed(boss) == rows
    assert [row[2] for row in changed(boss, for_everybody=False)] == [
        "new.md", "secret/pay.md", "travel.md", "old.md",
    ]  # fmt: skip
    receipt = knowledge_changes(context, quotes=0, for_everybody=False).receipt
    assert (receipt["new"], receipt["changed"], receipt["removed"], receipt["label"]) == (1, 1, 1, "internal")


def test_the_stretch_of_time_is_chosen(context: ToolContext, tmp_path: Path) -> None:
    (tmp_path / "papers" / "a.md").write_text("# A\n\nA rule that stands here since long ago.", "utf-8")
    context.service(Knowledge).ingest()
    long_ago(context)
    assert changed(context, since="2019-12-31", until="2020-01-02")[0][:4] == ("new", "A", "a.md", "2020-01-01")
    assert changed(context, since="2020-01-02") == [] == changed(context, until="2020-01-01", days=30)
    with pytest.raises(RetryableToolError, match="is no day"):
        knowledge_changes(context, since="lately")


def test_a_removed_source_tells_of_its_documents(context: ToolContext, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "memo.md").write_text("# Memo\n\nA memo that nobody will miss.", "utf-8")
    knowledge = context.service(Knowledge)
    name = knowledge.add([str(other)])
    knowledge.ingest()
    long_ago(context)
    knowledge.remove(name)
    chinese = dataclasses.replace(context, language="zh")
    assert [(row[0], row[1]) for row in changed(chinese)] == [("删除", "Memo")]


def test_it_is_there_where_documents_are(context: ToolContext) -> None:
    view = RunView(
        goal="g", language="en", deliverables=frozenset(), workspace=context.workspace, config=context.config,
        envelope=context.envelope, services={},
    )  # fmt: skip
    assert not knowledge_changes.ready(view)
    assert knowledge_changes.ready(dataclasses.replace(view, services=context.services))
