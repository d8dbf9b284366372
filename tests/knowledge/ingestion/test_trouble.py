"""Other processes, dying databases, full disks and failing models: what was told stays, and a sentence says why."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import URL, create_engine, text

from clawdbot.errors import EmbeddingError, StoreError
from clawdbot.knowledge.library import Library
from clawdbot.store.database import Database
from tests.knowledge.ingestion.desk import BROKEN, Desk, Shelf, counts


def test_what_was_ready_stays_when_the_embedding_model_fails(desk: Desk, shelf: Shelf) -> None:
    shelf.texts = {"a.txt": "alpha"}
    desk.take(shelf)
    shelf.texts = {"b.txt": "beta"}

    def fail() -> None:
        raise EmbeddingError("The model does not answer.")

    desk.embedder.before = fail
    with pytest.raises(EmbeddingError):
        desk.take(shelf)
    assert desk.texts() == set(), "what was deleted vanishes all the same"


def test_another_process_that_takes_in_the_same_document_loses_nothing(desk: Desk, shelf: Shelf) -> None:
    shelf.texts = {"a.txt": "mine"}
    other = Desk(desk.library)
    rival = replace(shelf, texts={"a.txt": "theirs"}, fetched=[])
    desk.embedder.before = lambda: rival.fetched or other.take(rival)
    assert counts(desk.take(shelf)) == {"changed": 1, "chunks": 1}
    assert desk.texts() == {"mine"} and desk.library.documents()[0].version == 2


def test_two_processes_that_disagree_for_ever_stop(desk: Desk, shelf: Shelf) -> None:
    shelf.texts = {"a.txt": "mine"}
    other = Desk(desk.library)
    rival = replace(shelf, texts={}, fetched=[])

    def again() -> None:
        rival.texts["a.txt"] = f"theirs {len(desk.embedder.asked)} {len(shelf.fetched)}"
        other.take(rival)
        shelf.texts["a.txt"] += " more"

    desk.embedder.before = again
    assert counts(desk.take(shelf)) == {"failed": 1}
    assert "Another process" in desk.reason("a.txt")


def test_a_source_that_is_dropped_while_it_is_taken_in_stays_dropped(desk: Desk, shelf: Shelf) -> None:
    shelf.texts = {"a.txt": "alpha"}
    desk.embedder.before = lambda: desk.library.drop_source("docs")
    assert "no source 'docs'" in desk.take(shelf).error
    assert desk.library.documents() == () and desk.library.sources() == ()


def test_processes_that_take_in_the_same_source_at_once_agree(
    desk: Desk, shelf: Shelf, ledger_url: str, tmp_path: Path
) -> None:
    desks = [Desk(Library(Database(ledger_url))) for _ in range(3)]
    shelves = []
    for n in range(3):
        (tmp_path / str(n)).mkdir()
        shelves.append(replace(shelf, folder=tmp_path / str(n), fetched=[]))
    for state in ({"a.txt": "alpha", "b.txt": "beta", "c.txt": "gamma"}, {"a.txt": "alpha 2", "c.txt": BROKEN}):
        for one in shelves:
            one.texts = dict(state)
        with ThreadPoolExecutor(3) as pool:
            reports = list(pool.map(Desk.take, desks, shelves))
        assert [report.error for report in reports] == [""] * 3
        good = {text for text in state.values() if text != BROKEN}
        assert desk.texts() == good and {one.name for one in desk.library.documents()} == set(state)
    assert sum(report.changed for report in reports) == 1, "it was stored once, whoever came first"
    for each in desks:
        each.library.close()


def test_vectors_that_were_swept_meanwhile_are_made_again(desk: Desk, shelf: Shelf) -> None:
    shared, other = "alpha " * 25, "beta " * 50
    shelf.texts = {"a.txt": shared}
    desk.take(shelf)
    twin = replace(shelf, name="twin", texts={"b.txt": f"{shared}\n\n{other}"}, fetched=[])
    desk.embedder.before = lambda: desk.library.known("docs") and desk.library.drop_source("docs")
    assert counts(desk.take(twin)) == {"new": 1, "chunks": 2} and len(desk.texts()) == 2
    first, *again = desk.embedder.asked
    assert first == other.strip() and shared.strip() in again, "it was known at first"


@pytest.mark.parametrize("ledger_url", ["postgresql"], indirect=True)
def test_a_server_that_dies_stops_with_a_sentence(desk: Desk, shelf: Shelf, postgres: URL) -> None:
    shelf.texts = {"a.txt": "alpha"}
    desk.take(shelf)
    shelf.texts = {"a.txt": "alpha", "b.txt": "beta"}
    server = create_engine(postgres)

    def die() -> None:
        with server.connect() as connection:
            others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            connection.execute(text(others + " AND backend_type = 'client backend'"))

    desk.embedder.before = die
    with pytest.raises(StoreError, match="cannot be used"):
        desk.take(shelf)
    server.dispose()
    desk.embedder.before = lambda: None
    assert desk.texts() == {"alpha"}, "it goes on when the server is back"
    assert counts(desk.take(shelf)) == {"new": 1, "unchanged": 1, "chunks": 1}


def test_a_disk_that_is_full_stops_with_a_sentence(tmp_path: Path, root: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _FULL, str(tmp_path)], cwd=root, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert "the disk is full or failing" in said[0] and "Free some space" in said[0]
    ready, kept = said[1].split()
    assert int(kept) >= int(ready) > 0, "what was told to be ready is there"


_FULL = """
import resource, sys
from pathlib import Path
from clawdbot.errors import StoreError
from clawdbot.knowledge.library import Library
from clawdbot.store.database import Database, sqlite_url
from clawdbot.store.database import Database
from tests.knowledge.ingestion.desk import Desk, Shelf
folder = Path(sys.argv[1])
url = sqlite_url(folder / "l.db")
desk = Desk(Library(Database(url)))
shelf = Shelf(folder, texts={f"{n}.txt": f"{n} " + "word " * 400 for n in range(300)})
resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, resource.RLIM_INFINITY))
try:
    desk.take(shelf)
except StoreError as error:
    print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print(len(desk.told("ready")), len(Library(Database(url)).known("docs")))
"""
