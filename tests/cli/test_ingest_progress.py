"""Progress of ingestion: a bar where a person looks on, lines where a file does."""

from __future__ import annotations

import io

import pytest
from rich.cells import cell_len
from rich.console import Console

from clawdbot.cli.ingest_progress import IngestProgress
from clawdbot.cli.wording import Words
from clawdbot.knowledge.ingest_event import IngestEvent

EVENTS = [
    IngestEvent(kind="source", source="制度", total=3),
    IngestEvent(kind="removed", source="制度", document="旧.md", total=3),
    IngestEvent(kind="loading", source="制度", document="信用 " * 20 + ".md", total=3),
    IngestEvent(kind="embedding", source="制度", document="a.md", done=32, total=64),
    IngestEvent(kind="ready", source="制度", document="a.md", done=1, total=3),
    IngestEvent(kind="failed", source="制度", document="b\x1b[31m.pdf", done=2, total=3, reason="It is encrypted."),
    IngestEvent(kind="unchanged", source="制度", document="c.md", done=3, total=3),
    IngestEvent(kind="done", source="制度", done=3, total=3),
    IngestEvent(kind="embedding", done=1, total=9),
    IngestEvent(kind="index"),
]


def shown(*, terminal: bool, width: int = 80, lines: bool = False, language: str = "en") -> str:
    out = io.StringIO()
    console = Console(file=out, force_terminal=terminal, width=width, color_system=None, highlight=False)
    with IngestProgress(Words("zh" if language == "zh" else "en"), lines=lines, console=console) as listener:
        for event in EVENTS:
            listener(event)
    return out.getvalue()


@pytest.mark.parametrize(("terminal", "lines"), [(False, False), (True, True)])
def test_lines_for_what_became_of_each_document(terminal: bool, lines: bool) -> None:
    said = shown(terminal=terminal, lines=lines).splitlines()
    assert [line.strip() for line in said] == ["- 制度: 旧.md", "✓ 制度: a.md", "✗ 制度: b[31m.pdf: It is encrypted."]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_bar_with_failures_above_it_also_at_forty_columns(language: str) -> None:
    said = shown(terminal=True, width=40, language=language)
    assert "✗ 制度: b[31m.pdf: It is encrypted." in said.replace("\n", " ").replace("  ", " ")
    assert "✓" not in said
    assert ("正在更新索引" if language == "zh" else "Updating the indexes") in said
    for line in said.replace("\r", "\n").splitlines():
        text = line.replace("\x1b[2K", "").replace("\x1b[1A", "").replace("\x1b[?25l", "").replace("\x1b[?25h", "")
        assert cell_len(text) <= 40, text


def test_a_source_that_fails_as_a_whole() -> None:
    out = io.StringIO()
    with IngestProgress(Words("en"), console=Console(file=out, width=80)) as listener:
        listener(IngestEvent(kind="failed", source="docs", reason="There is no folder."))
    assert out.getvalue() == "✗ docs: There is no folder.\n"
