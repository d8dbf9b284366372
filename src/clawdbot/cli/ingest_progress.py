"""What a person sees while documents are taken in: a bar on a terminal, lines in a pipe."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.table import Column
from rich.text import Text

from clawdbot.cli.streams import clean
from clawdbot.cli.terminal import progress
from clawdbot.cli.wording import Words
from clawdbot.knowledge.ingest_event import IngestEvent


class IngestProgress:
    """An ingest listener on standard error.  Use it as a context manager; the bar ends with it.

    ``lines``: never a bar, for work that has no end.
    """

    def __init__(self, words: Words, *, lines: bool = False, console: Console | None = None) -> None:
        self._words = words
        self._console = console or progress()
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        if self._console.is_terminal and not lines:
            name = TextColumn(
                "{task.description}", markup=False, table_column=Column(ratio=2, no_wrap=True, overflow="ellipsis")
            )
            bar = BarColumn(bar_width=None, table_column=Column(ratio=1))
            self._bar = Progress(name, bar, MofNCompleteColumn(), console=self._console, transient=True, expand=True)

    def __enter__(self) -> IngestProgress:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, event: IngestEvent) -> None:
        """Take one event."""
        match event.kind:
            case "failed":
                self._line("✗", event, "yellow")
            case "removed":
                self._line("-", event, "dim")
            case "ready" if self._bar is None:
                self._line("✓", event, "")
        if self._bar is not None:
            self._advance(self._bar, event)

    def _advance(self, bar: Progress, event: IngestEvent) -> None:
        """Documents move the bar; passages too where they belong to none."""
        if event.kind in ("failed", "removed", "done"):
            return
        done, total = event.done, event.total or None
        shown = event.document or event.source
        if event.kind == "index":
            shown = self._words("knowledge.indexing")
        elif event.kind == "embedding":
            shown = self._words("knowledge.embedding", done=done, total=event.total, document=event.document)
        shown = clean(" ".join(shown.split()))
        if self._task is None:
            self._task = bar.add_task(shown, total=total, completed=done)
        elif event.kind == "index" or (event.kind == "embedding" and event.source):
            bar.update(self._task, description=shown)
        else:
            bar.update(self._task, description=shown, total=total, completed=done)

    def _line(self, mark: str, event: IngestEvent, style: str) -> None:
        said = ": ".join(part for part in (event.source, event.document, event.reason) if part)
        self._console.print(Text(clean(f"{mark} {' '.join(said.split())}"), style=style))
