"""Killing ingestion at random moments, and looking after each kill at what is left without mending anything."""

from __future__ import annotations

import hashlib
import multiprocessing
import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.ingestion.mortal import SOURCE, Place, take_in
from benchmarks.ingestion.texts import write_document
from clawdbot.knowledge.embedding.embedder import Vectors
from clawdbot.knowledge.embedding.fake import HashEmbedder
from clawdbot.knowledge.index import Index, Where
from clawdbot.knowledge.library import Library

_PAUSE_S = 0.03
_ASKED = 4
"""Documents that each index is asked for after a kill."""


@dataclass
class Outcome:
    """What happened; ``moments`` counts the last thing that was told before each kill."""

    kills: int = 0
    ready: int = 0
    removed: int = 0
    finished: int = 0
    moments: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


@dataclass
class Office:
    """The folder as it is now, and what the library said of it."""

    place: Place
    chance: random.Random
    marks: dict[str, str] = field(default_factory=dict)
    """Document -> the word that only its present text holds."""
    acknowledged: dict[str, str] = field(default_factory=dict)
    """Document -> hash of the bytes that were said to be ready."""
    stale: set[str] = field(default_factory=set)
    """Words of texts that were changed or deleted."""
    written: int = 0

    def work(self, changes: int) -> None:
        """Add, change and delete some documents."""
        for _ in range(changes):
            names = sorted(self.marks)
            kind = self.chance.choice(("add", "add", "change", "delete")) if len(names) > 6 else "add"
            name = f"{self.chance.choice('abc')}/{self.written}.md" if kind == "add" else self.chance.choice(names)
            if name in self.marks:
                self.stale.add(self.marks.pop(name))
            path = self.place.documents / name
            if kind == "delete":
                path.unlink()
                continue
            self.written += 1
            self.marks[name] = f"mark{self.written}x{self.chance.randrange(10**6)}"
            chinese = self.chance.random() < 0.5
            write_document(
                path, self.written, chinese=chinese, sections=self.chance.randint(1, 4), marker=self.marks[name]
            )

    def hash_of(self, name: str) -> str:
        """Of the file as it is now."""
        return hashlib.sha256((self.place.documents / name).read_bytes()).hexdigest()


def kill(place: Place, times: int, *, seed: int = 0, changes: int = 8) -> Iterator[Outcome]:
    """Work, take in and kill ``times`` times, and let one pass end at last; the outcome so far after each."""
    office, outcome = Office(place, random.Random(seed)), Outcome()
    place.documents.mkdir(parents=True, exist_ok=True)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["benchmarks.ingestion.mortal", *(["chromadb"] if place.chroma else [])])
    for _ in range(times):
        office.work(changes)
        _one(context, office, outcome, after=office.chance.randint(0, changes * 3))
        outcome.faults += faults_of(office)
        yield outcome
    _one(context, office, outcome, after=None)
    outcome.faults += faults_of(office)
    with closing(place.library()) as library:
        hashes = {name: document.content_hash for name, document in library.known(SOURCE).items()}
    if hashes != {name: office.hash_of(name) for name in office.marks}:
        outcome.faults.append("at the end the library does not hold what the folder holds")
    yield outcome


def _one(
    context: multiprocessing.context.ForkServerContext, office: Office, outcome: Outcome, *, after: int | None
) -> None:
    """One process, killed a moment after it told ``after`` things; it ends by itself when that is None."""
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=take_in, args=(office.place, theirs), daemon=True)
    process.start()
    theirs.close()
    number, last = 0, "start"
    while True:
        if number == after:
            time.sleep(office.chance.uniform(0, _PAUSE_S))  # so that the kill hits any place between two events
            process.kill()
        try:
            last, name = ours.recv()
        except EOFError:
            break
        number += last != "unchanged"  # that is told without any work
        _note(office, outcome, last, name)
    process.join()
    ours.close()
    outcome.finished += last == "end"
    if after is not None:
        outcome.kills += 1
        outcome.moments[last] += 1
    elif last != "end":
        outcome.faults.append(f"the last pass ended with {process.exitcode} after {last!r}")


def _note(office: Office, outcome: Outcome, kind: str, name: str) -> None:
    if kind in ("ready", "unchanged"):
        outcome.ready += kind == "ready"
        office.acknowledged[name] = office.hash_of(name)
    elif kind == "removed":
        outcome.removed += 1
        office.acknowledged.pop(name, None)
    elif kind == "failed":
        outcome.faults.append(f"{name} failed")


def faults_of(office: Office) -> list[str]:
    """What is not as it should be, seen by a process that starts after the kill and mends nothing by hand."""
    with closing(office.place.library()) as library:
        faults = list(_lost(office, library))
        lexical, dense = office.place.indexes(library)
        with closing(lexical):
            lexical.sync()
            faults += [f"words: {said}" for said in lexical.verify()]
            faults += _unanswered(office, library, lexical)
        if dense is not None:
            with closing(dense):
                dense.sync()
                faults += [f"vectors: {said}" for said in (*dense.notes, *dense.verify())]
                faults += _unfound(library, dense, office.chance)
    return faults


def _lost(office: Office, library: Library) -> Iterator[str]:
    known = library.known(SOURCE)
    for name, content in office.acknowledged.items():
        there = known.get(name)
        if there is None:  # deleted from the folder, and from the library just before it could be told
            if name in office.marks:
                yield f"{name} was ready and is gone"
        elif not there.live or there.content_hash not in (content, _current(office, name)):
            yield f"{name} was ready and is not what answers"
    ids = [entry.chunk for batch in library.live(HashEmbedder().collection, 500) for entry in batch]
    chunks = library.passages(ids).values()
    if {chunk.document for chunk in chunks} != {name for name, document in known.items() if document.live}:
        yield "documents and live chunks do not belong together"
    for chunk in chunks:
        if chunk.version != known[chunk.document].version:
            yield f"{chunk.document} answers with an old version"
    if pending := library.pending(HashEmbedder().collection):
        yield f"{pending} passages have no vector"


def _current(office: Office, name: str) -> str:
    return office.hash_of(name) if name in office.marks else ""


def _unanswered(office: Office, library: Library, lexical: Index[str]) -> Iterator[str]:
    where = Where(scopes=frozenset(scope.id for scope in library.scopes()))
    current = [name for name, content in office.acknowledged.items() if content == _current(office, name)]
    for name in office.chance.sample(sorted(current), min(_ASKED, len(current))):
        hits = lexical.search(office.marks[name], where, 3)
        if name not in {chunk.document for chunk in library.passages(hit.chunk for hit in hits).values()}:
            yield f"{name} is not found by its words"
    live = {name for name, document in library.known(SOURCE).items() if document.live}
    for word in office.chance.sample(sorted(office.stale), min(_ASKED, len(office.stale))):
        for chunk in library.passages(hit.chunk for hit in lexical.search(word, where, 3)).values():
            if not chunk.live or (word in chunk.text and chunk.document not in live):
                yield f"{chunk.document} is found by words that it does not hold any more"


def _unfound(library: Library, dense: Index[Vectors], chance: random.Random) -> Iterator[str]:
    where = Where(scopes=frozenset(scope.id for scope in library.scopes()))
    entries = [entry for batch in library.live(HashEmbedder().collection, 500) for entry in batch]
    for entry in chance.sample(entries, min(_ASKED, len(entries))):
        assert entry.vector is not None
        hits = dense.search(entry.vector, where, 5)
        if entry.chunk not in {hit.chunk for hit in hits}:
            yield f"chunk {entry.chunk} is not found by its own vector"


def place_in(folder: Path, *, url: str = "", chroma: bool = True, confined: bool = False) -> Place:
    """An office below this folder."""
    return Place(home=folder / "home", documents=folder / "documents", url=url, chroma=chroma, confined=confined)
