"""The lexical index: what it finds, how it follows the library, and how it mends itself."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clawdbot.errors import KnowledgeError
from clawdbot.knowledge.index import Where
from clawdbot.knowledge.lexical.index import LexicalIndex
from clawdbot.knowledge.lexical.terms import Terms
from tests.knowledge.feed import MemoryFeed

ALL = Where(scopes=frozenset({1, 2, 3}))


def chunks(index: LexicalIndex, query: str, where: Where = ALL, limit: int = 10) -> list[int]:
    """Numbers of the chunks that were found, best first."""
    return [hit.chunk for hit in index.search(query, where, limit)]


def test_finds_by_words_in_both_languages(index: LexicalIndex) -> None:
    assert chunks(index, "客户信用额度")[0] == 1
    assert chunks(index, "credit limits for customers")[0] == 2
    assert set(chunks(index, "500,000")) == {1, 2}, "50万 is the same number"
    assert chunks(index, "adm-003") == [5]
    assert chunks(index, "zebra") == []
    assert chunks(index, "") == []


def test_scores_fall_and_a_limit_cuts(index: LexicalIndex) -> None:
    hits = index.search("credit limit 450", ALL, 10)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert [hit.chunk for hit in index.search("credit limit 450", ALL, 1)] == [hits[0].chunk]
    assert index.search("credit", ALL, 0) == []


def test_scope_and_day_filter_before_ranking(index: LexicalIndex) -> None:
    assert chunks(index, "450", Where(scopes=frozenset({1}))) == []
    assert chunks(index, "450", Where(scopes=frozenset())) == []
    assert chunks(index, "450", Where(scopes=frozenset({2}), since_day=31)) == [4]
    assert chunks(index, "450", Where(scopes=frozenset({2}), since_day=40)) == [4]
    assert chunks(index, "450", Where(scopes=frozenset({2}), since_day=-5), limit=1) in ([3], [4])


def test_what_others_hold_does_not_change_who_is_found(index: LexicalIndex, feed: MemoryFeed) -> None:
    mine = Where(scopes=frozenset({1, 2}))
    before = chunks(index, "credit limit of a hotel", mine)
    for _ in range(5):
        feed.add(scope=3, passage="credit limit of a hotel, credit limit")
    index.sync()
    assert chunks(index, "credit limit of a hotel", mine) == before


def test_fit_is_comparable_and_counts_what_a_glossary_adds_less(index: LexicalIndex) -> None:
    own = Terms(own={"credit": 1.0, "limit": 1.0})
    fits = index.fits(own, [1, 2, 3])
    assert fits.keys() == {2} and 0.5 < fits[2] <= 1.5
    assert [hit.chunk for hit in index.search_terms(own, ALL, 5)] == [2]
    added = Terms(own={"credit": 1.0, "limit": 1.0}, added={"信用": 0.5, "额度": 0.5})
    found = index.search_terms(added, ALL, 5)
    assert [hit.chunk for hit in found] == [2, 1] and found[0].score == pytest.approx(fits[2])
    missing = index.fits(Terms(own={"credit": 1.0, "zebra": 3.0}), [2])
    assert missing[2] < fits[2] / 2, "a term that is nowhere counts against every chunk"
    assert index.fits(own, []) == {} and index.search_terms(own, Where(scopes=frozenset()), 5) == []
    assert index.search_terms(Terms(own={"zebra": 1.0}), ALL, 5) == []


def test_rare_terms_tell_more(index: LexicalIndex) -> None:
    told = index.rarities(["450", "adm-003", "zebra"])
    assert 0 < told["450"] < told["adm-003"] < told["zebra"]


def test_a_pasted_mail_is_cut_to_its_rarest_words(index: LexicalIndex, feed: MemoryFeed) -> None:
    words = [f"word{n}" for n in range(60)]
    for _ in range(3):
        feed.add(scope=1, passage=" ".join(words))
    rare = feed.add(scope=1, passage="quokka")
    index.sync()
    assert rare in chunks(index, " ".join([*words, "quokka"]))


def test_follows_changes(index: LexicalIndex, feed: MemoryFeed) -> None:
    new = feed.add(scope=2, passage="A zebra crossing.")
    feed.remove(5)
    feed.move(1, 3)
    assert index.applied == 6 and chunks(index, "zebra") == []
    index.sync()
    assert index.applied == feed.head() and index.verify() == ()
    assert chunks(index, "zebra") == [new] and chunks(index, "adm-003") == []
    assert chunks(index, "信用额度", Where(scopes=frozenset({1}))) == []
    assert index.size == 6


def test_syncing_twice_changes_nothing(index: LexicalIndex) -> None:
    before = index.search("450", ALL, 10)
    index.sync()
    index.rebuild()
    assert index.search("450", ALL, 10) == before and index.verify() == ()


def test_another_reader_sees_a_commit_without_syncing(tmp_path: Path, index: LexicalIndex, feed: MemoryFeed) -> None:
    other = LexicalIndex(tmp_path / "lexical", feed)
    assert chunks(other, "adm-003") == [5]
    new = feed.add(scope=2, passage="A zebra crossing.")
    index.sync()
    assert other.applied == feed.head() and chunks(other, "zebra") == [new]
    index.rebuild()
    assert chunks(other, "zebra") == [new], "the folder that it had open is gone"


def test_one_writer_at_a_time(tmp_path: Path, index: LexicalIndex, feed: MemoryFeed) -> None:
    new = feed.add(scope=1, passage="zebra")
    with FileLock(tmp_path / "lexical" / "writing.lock"):
        index.sync()
        assert "Another process" in index.notes[0]
        assert chunks(index, "adm-003") == [5], "it still answers"
        with pytest.raises(KnowledgeError, match="Another process"):
            index.rebuild()
    index.sync()
    assert index.notes == () and chunks(index, "zebra") == [new]


def test_threads_share_an_index(index: LexicalIndex, feed: MemoryFeed) -> None:
    found: list[list[int]] = []
    threads = [threading.Thread(target=lambda: found.append(chunks(index, "adm-003"))) for _ in range(8)]
    feed.add(scope=1, passage="zebra")
    threads.append(threading.Thread(target=index.sync))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [[5]] * 8 and index.verify() == ()


def test_before_it_was_built(tmp_path: Path, feed: MemoryFeed) -> None:
    index = LexicalIndex(tmp_path / "new", feed)
    assert index.applied == -1
    with pytest.raises(KnowledgeError, match=r"never built.*knowledge rebuild"):
        index.search("credit", ALL, 5)
    assert "never built" in index.verify()[0]


@pytest.mark.parametrize("suffix", ["idx", "term", "fast", "fieldnorm", "store"])
@pytest.mark.parametrize("harm", ["cut", "overwritten", "gone"])
def test_damaged_files_are_built_anew(tmp_path: Path, index: LexicalIndex, suffix: str, harm: str) -> None:
    index.close()
    for file in (tmp_path / "lexical").glob(f"v*/*.{suffix}"):
        if harm == "gone":
            file.unlink()
        else:
            file.write_bytes(b"\x00" * (file.stat().st_size if harm == "overwritten" else 3))
    assert index.verify() != ()
    index.sync()
    assert index.verify() == () and chunks(index, "adm-003") == [5]


@pytest.mark.parametrize("suffix", ["idx", "term", "fast", "fieldnorm", "store"])
def test_damage_inside_a_file_is_never_a_wrong_answer_for_long(
    tmp_path: Path, index: LexicalIndex, feed: MemoryFeed, suffix: str, capfd: pytest.CaptureFixture[str]
) -> None:
    index.close()
    for file in (tmp_path / "lexical").glob(f"v*/*.{suffix}"):
        body = bytearray(file.read_bytes())
        body[: max(1, len(body) - 130)] = b"\xff" * max(1, len(body) - 130)  # the footer stays, so it can be opened
        file.write_bytes(body)
    other = LexicalIndex(tmp_path / "lexical", feed)
    if suffix == "fieldnorm":  # lengths only: scores change, and nothing is lost
        assert chunks(other, "credit limits for customers")[0] == 2
    else:
        assert other.verify() != ()
        with pytest.raises(KnowledgeError, match="cannot be read"):
            chunks(other, "credit limit 450")
        assert other.applied == -1
    other.sync()
    assert other.verify() == () and chunks(other, "adm-003") == [5]
    capfd.readouterr()  # the engine's own words about it


@pytest.mark.parametrize("suffix", ["idx", "term", "fast"])
def test_an_index_that_fails_while_it_is_open_is_built_anew(
    tmp_path: Path, index: LexicalIndex, suffix: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert index.applied == 6
    for file in (tmp_path / "lexical").glob(f"v*/*.{suffix}"):
        with file.open("r+b") as open_file:
            open_file.write(b"\xff" * (file.stat().st_size - 130))
    with pytest.raises(KnowledgeError, match="cannot be read"):
        chunks(index, "credit limit 450")
    assert index.applied == -1, "files that can be opened and do not answer are not trusted"
    index.sync()
    assert index.verify() == () and chunks(index, "adm-003") == [5]
    capfd.readouterr()  # the engine's own words about it


@pytest.mark.parametrize("written", ["", "{", "v1-000099", "../.."])
def test_a_lost_pointer_or_list_is_built_anew(tmp_path: Path, index: LexicalIndex, written: str) -> None:
    (tmp_path / "lexical" / "current").write_text(written)
    assert index.applied == -1
    index.sync()
    assert index.verify() == ()
    next((tmp_path / "lexical").glob("v*/meta.json")).write_text(written)
    index.sync()
    assert index.verify() == ()
    assert len(list((tmp_path / "lexical").glob("v*"))) == 1, "what was damaged is removed"


def test_an_index_of_other_terms_is_none(tmp_path: Path, index: LexicalIndex) -> None:
    folder = tmp_path / "lexical"
    name = (folder / "current").read_text()
    (folder / name).rename(folder / name.replace("v1-", "v999-"))
    (folder / "current").write_text(name.replace("v1-", "v999-"))
    assert index.applied == -1
    index.sync()
    assert index.verify() == () and not list(folder.glob("v999-*"))


def test_a_library_that_went_back_or_differs_in_number(tmp_path: Path, index: LexicalIndex) -> None:
    older = MemoryFeed()
    older.add(scope=1, passage="zebra")
    restored = LexicalIndex(tmp_path / "lexical", older)
    restored.sync()
    assert restored.verify() == () and chunks(restored, "zebra") == [1]
    other = MemoryFeed()
    other.add(scope=1, passage="zebra")
    other.remove(1)
    other.add(scope=1, passage="quagga")
    other.add(scope=1, passage="okapi")
    replaced = LexicalIndex(tmp_path / "lexical", MemoryFeed())
    replaced.rebuild()
    other_index = LexicalIndex(tmp_path / "lexical", other)
    other_index.sync()
    assert other_index.verify() == () and chunks(other_index, "okapi") == [3]


def test_verify_says_what_differs(tmp_path: Path, index: LexicalIndex, feed: MemoryFeed) -> None:
    changed = MemoryFeed()
    for entry in feed.entries([1, 2, 3, 4, 5], ""):
        passage = "something else" if entry.chunk == 2 else entry.passage
        changed.add(scope=entry.scope, day=entry.day, passage=passage)
    changed.remove(4)
    changed.add(chunk=9, scope=1, passage="not there")
    told = "\n".join(LexicalIndex(tmp_path / "lexical", changed).verify())
    for sentence in ("true up to change 6, the library is at 7", "2 differs", "9 is missing", "4 is in the lexical"):
        assert sentence in told


def test_leftovers_of_an_earlier_attempt_do_no_harm(tmp_path: Path, feed: MemoryFeed) -> None:
    (tmp_path / "lexical" / "v1-000001" / "meta.json").mkdir(parents=True)
    index = LexicalIndex(tmp_path / "lexical", feed)
    index.sync()
    assert index.verify() == ()


def test_a_folder_that_cannot_be_written(tmp_path: Path, feed: MemoryFeed) -> None:
    (tmp_path / "lexical").write_text("a file")
    with pytest.raises(KnowledgeError, match=r"cannot be written.*room and rights"):
        LexicalIndex(tmp_path / "lexical", feed).sync()


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_holds_what_the_library_holds(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    feed, words = MemoryFeed(), ("alpha", "bravo", "额度", "审批")
    folder = tmp_path_factory.mktemp("lexical")
    index = LexicalIndex(folder, feed)
    live: dict[int, tuple[int, int, frozenset[str]]] = {}
    for _ in range(data.draw(st.integers(1, 12), label="steps")):
        step = data.draw(st.sampled_from(["add", "add", "remove", "move", "sync", "reopen", "rebuild"]))
        if step == "add":
            held = data.draw(st.frozensets(st.sampled_from(words), min_size=1))
            scope, day = data.draw(st.integers(1, 3)), data.draw(st.integers(-3, 3))
            live[feed.add(scope=scope, day=day, passage=" ".join(held))] = (scope, day, held)
        elif step in ("remove", "move") and live:
            chunk = data.draw(st.sampled_from(sorted(live)))
            scope, day, held = live.pop(chunk)
            if step == "move":
                feed.move(chunk, 1)
                live[chunk] = (1, day, held)
            else:
                feed.remove(chunk)
        elif step == "reopen":
            index = LexicalIndex(folder, feed)
        elif step == "rebuild":
            index.rebuild()
        else:
            index.sync()
    index.sync()
    assert index.verify() == ()
    for word in words:
        where = Where(scopes=data.draw(st.frozensets(st.integers(1, 3))), since_day=data.draw(st.integers(-3, 3)))
        expected = {
            chunk
            for chunk, (scope, day, held) in live.items()
            if word in held and scope in where.scopes and day >= (where.since_day or 0)
        }
        assert set(chunks(index, word, where, 100)) == expected
