"""The knowledge for people: found passages, the state of sources, one document."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from clawdbot.cli.moments import local_time
from clawdbot.cli.snippet import snippet
from clawdbot.cli.streams import clean
from clawdbot.cli.wording import Words
from clawdbot.knowledge.library.records import DocumentRecord, FailedDocument, LibraryStatus, SourceStatus, Version
from clawdbot.knowledge.passage import Passage, Retrieval
from clawdbot.text.language import detect

_SNIPPET = {"en": 280, "zh": 150}
"""Characters of a passage that are shown: about four lines of a terminal."""
_TABLE_WIDTH = 60
_UNITS = ("B", "KB", "MB", "GB", "TB")


def print_retrieval(console: Console, found: Retrieval, question: str, words: Words) -> None:
    """Numbered passages with their place, the question's words marked; else why there are none."""
    for number, passage in enumerate(found.passages, 1):
        if number > 1:
            console.print()
        _passage(console, number, passage, question)
    if not found.passages:
        seen = words("knowledge.nothing", n=found.documents) if found.documents else words("knowledge.none_seen")
        console.print(Text(seen))
    if found.hidden:
        console.print(Text(words("knowledge.hidden"), style="yellow"))


def _passage(console: Console, number: int, passage: Passage, question: str) -> None:
    head = Text.assemble((f"{number}. ", "bold"), (_line(passage.document), "bold cyan"))
    for part in (passage.locator, passage.modified_at[:10]):
        if part:
            head.append(f" · {_line(part)}")
    console.print(head)
    piece = snippet(clean(passage.text), question, width=_SNIPPET[detect(passage.text)])
    shown = Text(piece.text)
    for start, end in piece.marks:
        shown.stylize("bold", start, end)
    console.print(Padding(shown, (0, 0, 0, 3), expand=False))


def print_status(console: Console, status: LibraryStatus, words: Words) -> None:
    """Sources with their counts, what failed and why, and totals."""
    if not status.sources:
        console.print(Text(words("knowledge.empty")))
        return
    if console.width < _TABLE_WIDTH:
        _lines_of_sources(console, status.sources, words)
    else:
        console.print(_table_of_sources(status.sources, words))
    for source in status.sources:
        if source.error:
            console.print(Text(_line(f"✗ {source.name}: {source.error}"), style="yellow"))
    print_failures(console, status.failures, words)
    total = words("knowledge.total", documents=status.documents, chunks=status.chunks, size=size(status.bytes_on_disk))
    console.print(Text(total, style="dim"))
    pending = sum(status.pending.values())
    if pending:
        console.print(Text(words("knowledge.pending", n=pending), style="yellow"))


def _table_of_sources(sources: Iterable[SourceStatus], words: Words) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(words("knowledge.column_source"), overflow="fold")
    for key in ("knowledge.column_documents", "knowledge.column_failed", "knowledge.column_chunks"):
        table.add_column(words(key), justify="right")
    table.add_column(words("knowledge.column_checked"))
    for source in sources:
        table.add_row(
            Text(_line(source.name)), f"{source.documents}", f"{source.failed}", f"{source.chunks}",
            Text(_checked(source, words)),
        )  # fmt: skip
    return table


def _lines_of_sources(console: Console, sources: Iterable[SourceStatus], words: Words) -> None:
    """Where a table would not fit: a head and a line for each source."""
    for source in sources:
        console.print(Text(_line(source.name), style="bold"))
        counts = (
            ("knowledge.column_documents", source.documents),
            ("knowledge.column_failed", source.failed),
            ("knowledge.column_chunks", source.chunks),
            ("knowledge.column_checked", _checked(source, words)),
        )
        said = words.separator.join(f"{words(key)} {value}" for key, value in counts)
        console.print(Padding(Text(said), (0, 0, 0, 3), expand=False))


def _checked(source: SourceStatus, words: Words) -> str:
    return local_time(source.checked_at) if source.checked_at else words("knowledge.never")


def print_failures(console: Console, failures: Sequence[FailedDocument], words: Words) -> None:
    """Documents that could not be taken in, with the reason."""
    if not failures:
        return
    console.print(Text(words("knowledge.failures", n=len(failures)), style="bold"))
    for failure in failures:
        console.print(Text(_line(f"✗ {failure.source}: {failure.name}"), style="yellow"))
        said = f"{failure.reason} {words('knowledge.still_answers')}" if failure.live else failure.reason
        console.print(Padding(Text(_line(said)), (0, 0, 0, 3), expand=False))


def print_document(console: Console, document: DocumentRecord, version: Version | None, words: Words) -> None:
    """Who may see a document, where it is, and its text as it was read."""
    rows = (
        ("knowledge.column_source", document.source),
        ("knowledge.place", document.uri),
        ("knowledge.version", f"{document.version} ({local_time(document.modified_at)})"),
        ("knowledge.owner_is", document.owner),
        ("knowledge.label_is", document.label),
        ("knowledge.seen_by", words.separator.join(document.access) or words("knowledge.nobody")),
        ("knowledge.reason", document.reason),
    )
    console.print(Text(_line(document.title or document.name), style="bold"))
    for key, value in rows:
        if value:
            console.print(Text(f"{words(key)}: {_line(value)}"), soft_wrap=key == "knowledge.place")
    if version is not None:
        console.print()
        console.print(Text(clean(version.text)), soft_wrap=True)


def size(number: int) -> str:
    """Bytes in the unit that keeps them short."""
    value = float(number)
    for unit in _UNITS:
        if value < 1000 or unit == _UNITS[-1]:
            break
        value /= 1000
    return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"


def _line(text: str) -> str:
    return clean(" ".join(text.split()))
