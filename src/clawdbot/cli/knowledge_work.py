"""What the knowledge commands do: open the knowledge, take documents in, say what became of them."""

from __future__ import annotations

import dataclasses
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from rapidfuzz import process

from clawdbot.access.identity import Identity
from clawdbot.cli import exit_codes
from clawdbot.cli.ingest_progress import IngestProgress
from clawdbot.cli.interrupts import second_ends_at_once
from clawdbot.cli.knowledge_view import print_failures
from clawdbot.cli.session import Session, os_user
from clawdbot.cli.streams import clean, emit, say, tell
from clawdbot.cli.terminal import output
from clawdbot.config import LABELS, Config, Label, SourceConfig
from clawdbot.errors import UsageError
from clawdbot.knowledge.ingest_report import IngestReport
from clawdbot.knowledge.library.records import DocumentRecord, FailedDocument, Version
from clawdbot.knowledge.service import Knowledge
from clawdbot.knowledge.sources.patterns import is_glob
from clawdbot.knowledge.sources.sql import Rows


@contextmanager
def opened(session: Session) -> Iterator[Knowledge]:
    """The knowledge of the configuration, with its databases for sources that read them."""
    assert session.config is not None, "the command has read it"
    with ExitStack() as stack:
        rows = _rows(session.config, stack) if session.config.databases else None
        yield stack.enter_context(Knowledge.open(session.config, rows=rows))


def _rows(config: Config, stack: ExitStack) -> Rows:
    # pandas and a parser of SQL take a second to load; only who has a database pays for them.
    from clawdbot.tools.database.databases import Databases
    from clawdbot.tools.database.document_rows import document_rows

    return document_rows(stack.enter_context(closing(Databases(config))))


def identity(config: Config, user: str | None) -> Identity:
    """Who asks, with the groups of ``[groups]``."""
    return Identity.of(user or os_user(), config.groups)


def existing(paths: Sequence[str], session: Session) -> tuple[str, ...]:
    """The paths, absolute; UsageError, before anything is written, when one of them is not there."""
    for path in paths:
        if path.startswith(("http://", "https://", "imap://")):
            raise UsageError(
                session.words("knowledge.no_path_but_address", path=path),
                hint=session.words("knowledge.address_hint"),
            )
    found = [os.path.abspath(os.path.expanduser(path)) for path in paths]
    missing = [path for path in found if not os.path.lexists(path) and not _is_glob_of_something(path)]
    if missing:
        raise UsageError(
            session.words("knowledge.missing", paths=session.words.separator.join(map(repr, missing))),
            hint=session.words("knowledge.missing_hint"),
        )
    return tuple(dict.fromkeys(found))


def _is_glob_of_something(path: str) -> bool:
    parts = Path(path).parts
    fixed = next((at for at, part in enumerate(parts) if is_glob(part)), None)
    return fixed is not None and Path(*parts[:fixed]).is_dir()


def label_of(text: str, session: Session) -> Label:
    """The label of this name; UsageError names all of them."""
    for label in LABELS:
        if label == text:
            return label
    raise UsageError(
        session.words("knowledge.wrong_label", label=text),
        hint=session.words("knowledge.one_of", names=" ".join(LABELS)),
    )


def since_day(text: str | None, session: Session) -> date | None:
    """A day written as 2026-01-31; UsageError."""
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise UsageError(session.words("knowledge.wrong_day", day=text), hint="2026-01-31") from None


def known_sources(names: Iterable[str], knowledge: Knowledge, session: Session) -> tuple[str, ...]:
    """The names; UsageError with the nearest one when one is unknown."""
    wanted = tuple(names)
    known = [source.name for source in knowledge.sources()] if wanted else []
    for name in wanted:
        if name not in known:
            raise unknown(name, known, session)
    return wanted


def unknown(name: str, known: Sequence[str], session: Session) -> UsageError:
    """The error for a name that nothing has; the nearest one is named."""
    near = process.extractOne(name, known, score_cutoff=50)
    hint = session.words("knowledge.nearest", name=near[0]) if near else session.words("knowledge.see_status")
    return UsageError(session.words("knowledge.unknown", name=name), hint=hint)


def put(
    knowledge: Knowledge, session: Session, paths: tuple[str, ...], *, name: str | None, owner: str | None,
    label: str | None, access: Sequence[str] | None,
) -> str:  # fmt: skip
    """Record the paths as a source, or find the one that has them already; returns its name."""
    sources = knowledge.sources()
    there = next(
        (source for source in sources if name in (None, source.name) and set(paths) <= set(source.config.paths)), None
    )
    if there is not None and (owner, label, access) == (None, None, None):
        tell(session.words("knowledge.already", name=there.name))
        return there.name
    # A name that is there already: what it has stays, and is added to.
    there = there or next((source for source in sources if source.name == name), None)
    _tell_overlaps(knowledge, session, paths, besides=None if there is None else there.name)
    kept = SourceConfig() if there is None else there.config
    return knowledge.add(
        tuple(dict.fromkeys((*kept.paths, *paths))),
        name=name if there is None else there.name,
        owner=kept.owner if owner is None else owner,
        label=kept.label if label is None else label_of(label, session),
        access=kept.access if access is None else tuple(access),
    )


def _tell_overlaps(knowledge: Knowledge, session: Session, paths: Iterable[str], *, besides: str | None) -> None:
    """Say which sources hold some of it already: whoever may see either of them sees it."""
    for other in knowledge.sources():
        places = [Path(path) for path in other.config.paths if not is_glob(path)]
        pairs = [(Path(path), place) for path in paths for place in places]
        if other.name != besides and any(a.is_relative_to(b) or b.is_relative_to(a) for a, b in pairs):
            seen_by = session.words.separator.join(other.config.access) or session.words("knowledge.nobody")
            tell(session.words("knowledge.overlap", name=other.name, access=seen_by))


def remove(knowledge: Knowledge, session: Session, what: str) -> int:
    """Remove a source or a document; returns how many documents went.  UsageError with the nearest name."""
    known = [source.name for source in knowledge.sources()]
    documents = [document.name for document in knowledge.library.documents()]
    if what not in known and what not in documents:
        raise unknown(what, [*known, *documents], session)
    return knowledge.remove(what)


def document(knowledge: Knowledge, session: Session, name: str, who: Identity) -> tuple[DocumentRecord, Version | None]:
    """A document that this user may see, with its newest text if it has one; UsageError with the nearest name."""
    seen = knowledge.library.documents(identity=who)
    found = [each for each in seen if name in (each.name, f"{each.source}/{each.name}")]
    if not found:
        raise unknown(name, [each.name for each in seen], session)
    if len(found) > 1:
        named = session.words.separator.join(f"{each.source}/{each.name}" for each in found)
        raise UsageError(session.words("knowledge.several", name=name), hint=named)
    (one,) = found
    return one, knowledge.library.version_text(one.id, one.version) if one.version else None


def take_in(knowledge: Knowledge, session: Session, names: Sequence[str] = ()) -> int:
    """Take documents in with progress, and print what became of them; returns the exit code."""
    before = [source.name for source in knowledge.library.sources()]
    with second_ends_at_once(), IngestProgress(session.words) as listener:
        try:
            reports = knowledge.ingest(tuple(names), listener=listener)
        except KeyboardInterrupt:
            tell(session.words("knowledge.stopped"))
            raise
    for name in set(before) - {source.name for source in knowledge.library.sources()}:
        tell(session.words("knowledge.dropped", name=name))
    ours = {report.source for report in reports}
    failures = [failure for failure in knowledge.status().failures if failure.source in ours]
    if session.json:
        emit({
            "reports": [dataclasses.asdict(report) for report in reports],
            "failures": [dataclasses.asdict(failure) for failure in failures],
        })  # fmt: skip
    else:
        _tell_reports(reports, failures, session)
    well = not failures and not any(report.error for report in reports)
    return exit_codes.VERIFIED if well else exit_codes.PARTIAL_OR_FAILED


def _tell_reports(reports: Sequence[IngestReport], failures: Sequence[FailedDocument], session: Session) -> None:
    words = session.words
    if not reports:
        say(words("knowledge.empty"))
    for report in reports:
        counts = {
            "knowledge.count_new": report.new,
            "knowledge.count_changed": report.changed,
            "knowledge.count_unchanged": report.unchanged,
            "knowledge.count_removed": report.removed,
            "knowledge.count_failed": report.failed,
        }
        parts = [words(key, n=n) for key, n in counts.items() if n]
        said = words.separator.join(parts) or words("knowledge.count_none")
        say(words("knowledge.report", source=report.source, said=said, chunks=report.chunks, seconds=report.seconds))
        if report.error:
            say(clean(f"✗ {report.error}"))
    print_failures(output(), failures, words)


def watch(knowledge: Knowledge, session: Session) -> int:
    """Take in what changes until the person or the system says stop."""
    stop = threading.Event()
    before = signal.signal(signal.SIGTERM, lambda number, frame: stop.set())
    try:
        tell(session.words("knowledge.watching"))
        with second_ends_at_once(), IngestProgress(session.words, lines=True) as listener:
            knowledge.watch(listener, stop)
    except KeyboardInterrupt:
        stop.set()
    finally:
        signal.signal(signal.SIGTERM, before)
    tell(session.words("knowledge.stopped"))
    return exit_codes.VERIFIED


def with_progress(session: Session, work: Callable[[IngestProgress], Any]) -> None:
    """Do something that tells of itself as ingestion does."""
    with second_ends_at_once(), IngestProgress(session.words) as listener:
        work(listener)
