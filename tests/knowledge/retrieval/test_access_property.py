"""Whatever users, groups, sources, rules and documents there are: nothing forbidden appears in any answer.

The machine puts, changes and removes documents, changes access lists and lets the indexes fall behind; after each step
anybody may ask, and the answer is compared with what a plain reading of the access lists allows.
"""

from __future__ import annotations

import dataclasses
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule

from clawdbot.access.identity import Identity
from clawdbot.config import AccessRule
from clawdbot.knowledge.index import Change, Entry
from clawdbot.knowledge.library import Library
from clawdbot.knowledge.passage import Retrieval
from tests.knowledge.retrieval.desk import Desk

GROUPS = {"hr": ("anna",), "sales": ("anna", "ben"), "board": ("cleo",)}
USERS = tuple(Identity.of(name, GROUPS) for name in ("anna", "ben", "cleo", "dora"))
SOURCES = ("docs", "files")
FOLDERS = ("", "hr/open/")
WORDS = ("credit", "limit", "额度", "审批", "travel")
CLAUSE = "This clause about credit 额度 stands in every policy of the company."

principals = st.sampled_from(["everyone", *(f"user:{u.user}" for u in USERS), *(f"group:{g}" for g in GROUPS)])
lists = st.lists(principals, max_size=2).map(tuple)
rules = st.lists(st.tuples(st.sampled_from(["hr/**", "hr/open/*", "**"]), lists), max_size=2, unique_by=lambda r: r[0])


class Lagging:
    """A library's feed as it was when :meth:`stop` was called: what is fed from it falls behind."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._kept: tuple[int, dict[int, Entry]] | None = None

    def stop(self, collection: str, *, now: bool) -> None:
        """Show nothing new from now on, or all again."""
        entries = {entry.chunk: entry for batch in self._library.live(collection, 100) for entry in batch}
        self._kept = (self._library.head(), entries) if now else None

    @property
    def stopped(self) -> bool:
        """The indexes see nothing new."""
        return self._kept is not None

    def head(self) -> int:
        return self._kept[0] if self._kept else self._library.head()

    def changes(self, after: int, limit: int) -> Sequence[Change]:
        return [change for change in self._library.changes(after, limit) if change.seq <= self.head()]

    def entries(self, chunks: Sequence[int], collection: str) -> Sequence[Entry]:
        if self._kept is None:
            return self._library.entries(chunks, collection)
        return [self._kept[1][chunk] for chunk in chunks if chunk in self._kept[1]]

    def live(self, collection: str, batch: int) -> Iterator[Sequence[Entry]]:
        if self._kept is None:
            yield from self._library.live(collection, batch)
        else:
            yield list(self._kept[1].values())

    def live_count(self) -> int:
        return len(self._kept[1]) if self._kept else self._library.live_count()


class Office(RuleBasedStateMachine):
    """The truth in plain dictionaries beside a real library, real indexes and a real retriever."""

    names = Bundle("names")

    @initialize(access=lists, ruled=rules)
    def open(self, access: tuple[str, ...], ruled: list[tuple[str, tuple[str, ...]]]) -> None:
        """Two sources; 'files' is open to everyone."""
        self.home = Path(tempfile.mkdtemp())
        self.desk = Desk(self.home)
        self.feed = Lagging(self.desk.library)
        self.desk.over(self.feed)
        self.lists: dict[str, tuple[tuple[str, ...], list[tuple[str, tuple[str, ...]]]]] = {}
        self.marks: dict[tuple[str, str], str] = {}
        self.gone: set[str] = set()
        self.number = 0
        self.list_access("docs", access, ruled)
        self.list_access("files", ("everyone",), [])

    @rule(source=st.sampled_from(SOURCES), access=lists, ruled=rules)
    def list_access(self, source: str, access: tuple[str, ...], ruled: list[tuple[str, tuple[str, ...]]]) -> None:
        """Say anew who may see a source."""
        listed = tuple(AccessRule(match=pattern, access=who) for pattern, who in ruled)
        self.desk.source(source, access=access, rules=listed)
        self.lists[source] = (access, ruled)

    @rule(
        target=names, source=st.sampled_from(SOURCES), folder=st.sampled_from(FOLDERS),
        words=st.lists(st.sampled_from(WORDS), min_size=1, max_size=3), clause=st.booleans(), n=st.integers(1, 2),
    )  # fmt: skip
    def put(self, source: str, folder: str, words: list[str], clause: bool, n: int) -> object:
        """A document, or a new version of one; every text has a mark that no other one ever had."""
        self.number += 1
        mark = f"mark{self.number}x"
        name = f"{folder}paper{n}.md"
        if (source, name) in self.marks:
            self.gone.add(self.marks[source, name])
        self.marks[source, name] = mark
        text = f"{mark} about {' and '.join(words)}."
        self.desk.put(name, text, *([CLAUSE] if clause else []), source=source, title=f"Title {mark}")
        return multiple((source, name))

    @rule(place=names)
    def remove(self, place: tuple[str, str]) -> None:
        """Take a document out, if it is still there."""
        if place in self.marks:
            self.gone.add(self.marks.pop(place))
            self.desk.remove(place[1], place[0])

    @rule(lag=st.booleans())
    def fall_behind(self, lag: bool) -> None:
        """From now on the indexes see nothing new; or everything again."""
        self.desk.retriever.sync()
        self.feed.stop(self.desk.embedder.collection, now=lag)

    @rule(who=st.sampled_from(USERS), words=st.lists(st.sampled_from([*WORDS, "clause", "policy"]), min_size=1))
    def ask_for_words(self, who: Identity, words: list[str]) -> None:
        """A question that fits many documents."""
        self.check(self.desk.ask(" ".join(words), who, top=20), who)

    @rule(who=st.sampled_from(USERS), place=names)
    def ask_for_one(self, who: Identity, place: tuple[str, str]) -> None:
        """A question that fits one document: it is found when it may be seen, and only then."""
        mark = self.marks.get(place, "mark0x")
        found = self.desk.ask(f"{mark} {CLAUSE}", who, top=20)
        self.check(found, who)
        if not self.feed.stopped and place in self.allowed(who):
            assert place in {(passage.source, passage.document) for passage in found.passages}

    @invariant()
    def who_sees_all_is_told_of_nothing_hidden(self) -> None:
        """Cheap, so it is looked at after every step."""
        for who in USERS[:1]:
            if self.allowed(who) == self.marks.keys() and not self.desk.library.scopes_hidden(who):
                assert not self.desk.ask("credit clause", who).hidden

    def allowed(self, who: Identity) -> set[tuple[str, str]]:
        """A plain reading of the lists: the last rule that matches the name counts, else the source's own."""
        return {place for place in self.marks if who.may_see(self.list_of(*place))}

    def list_of(self, source: str, name: str) -> tuple[str, ...]:
        """The access list of one document."""
        access, ruled = self.lists[source]
        for pattern, listed in ruled:
            if name.startswith(pattern.rstrip("*")):
                access = listed
        return access

    def check(self, found: Retrieval, who: Identity) -> None:
        """Nothing of what is forbidden, or gone, is anywhere in the answer."""
        allowed = self.allowed(who)
        assert found.documents == len(allowed)
        assert {(passage.source, passage.document) for passage in found.passages} <= allowed
        same = self.desk.library.passages([n for passage in found.passages for n in passage.same])
        assert len(same) == sum(len(passage.same) for passage in found.passages)
        assert {(chunk.source, chunk.document) for chunk in same.values()} <= allowed
        forbidden = {mark for place, mark in self.marks.items() if place not in allowed} | self.gone
        told = repr(dataclasses.replace(found, ms={}))
        assert not [mark for mark in forbidden if mark in told]

    def teardown(self) -> None:
        """Nothing stays on the disk."""
        if hasattr(self, "desk"):
            self.desk.close()
            shutil.rmtree(self.home)


TestNothingForbiddenAppears = Office.TestCase
TestNothingForbiddenAppears.settings = settings(max_examples=12, stateful_step_count=40, deadline=None)
