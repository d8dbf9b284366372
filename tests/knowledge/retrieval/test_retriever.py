"""Searching: what is found, how it is told, and what happens when a part is missing."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from clawdbot.access.identity import Identity
from clawdbot.errors import EmbeddingError, KnowledgeError
from clawdbot.knowledge.embedding.embedder import Vectors
from clawdbot.knowledge.embedding.fake import HashEmbedder
from clawdbot.knowledge.retrieval.measure import measure
from tests.knowledge.retrieval.desk import ANNA, BEN, Desk, documents


def test_finds_the_passage_that_answers(company: Desk) -> None:
    for asked, name in (
        ("客户的信用额度最多多少？", "credit.md"),
        ("How much may a hotel cost?", "travel.md"),
        ("adm-003", "badge.md"),
        ("超过50万元", "credit.md"),
    ):
        found = company.ask(asked)
        assert documents(found)[0] == name
        assert found.documents == 4


def test_a_passage_tells_where_it_comes_from(company: Desk) -> None:
    first = company.ask("visitor badge form").passages[0]
    assert (first.document, first.source, first.title, first.version) == ("badge.md", "docs", "Badges", 1)
    assert (first.locator, first.pages, first.label) == ("part 1", (3, 3), "internal")
    assert first.text == "Ask for a visitor badge with form ADM-003." == first.text[first.start : first.end]
    assert first.around == "Badges\n" + first.text
    assert first.uri == "file:///docs/badge.md" and first.modified_at.startswith("2026-01-01")
    assert first.coverage == pytest.approx(1.0) and first.similarity is not None
    assert first.as_json()["score"] == pytest.approx(first.score, abs=1e-6)


def test_best_first_and_no_more_than_asked(company: Desk) -> None:
    found = company.ask("annual leave of employees", top=2)
    scores = [passage.score for passage in found.passages]
    assert len(scores) == 2 and scores == sorted(scores, reverse=True)
    assert len(company.ask("annual leave", top=0).passages) == 1
    assert {"access", "embed", "find", "check", "around"} <= found.ms.keys()


def test_coverage_counts_rare_words_more(company: Desk) -> None:
    whole = company.ask("annual leave for employees").passages[0]
    part = company.ask("annual leave for zebras").passages[0]
    assert whole.document == part.document == "leave.md"
    assert 0 < part.coverage < whole.coverage == 1.0


def test_sources_and_dates_filter(company: Desk) -> None:
    company.source("old")
    company.put("travel-2019.md", "Hotels cost at most CNY 300 a night.", source="old", date="2019-05-01")
    asked = "hotel cost a night"
    assert set(documents(company.ask(asked))) >= {"travel.md", "travel-2019.md"}
    only = company.ask(asked, sources=("old",))
    assert documents(only) == ["travel-2019.md"] and only.documents == 1
    assert "travel-2019.md" not in documents(company.ask(asked, since=date(2019, 5, 2)))
    assert "travel-2019.md" in documents(company.ask(asked, since=date(2019, 5, 1)))
    nothing = company.ask(asked, sources=("no such source",))
    assert nothing.passages == () and nothing.documents == 0 and not nothing.hidden


def test_the_newest_and_a_year_are_preferred_lightly(desk: Desk) -> None:
    for year in (2022, 2023, 2024):
        desk.put(
            f"limit-{year}.md",
            f"The travel limit for hotels in every city of the country is {year - 2000} coins for each night.",
            title="Travel",
            date=f"{year}-02-01",
        )
    assert documents(desk.ask("latest travel limit"))[0] == "limit-2024.md"
    assert documents(desk.ask("最新 travel limit"))[0] == "limit-2024.md"
    assert documents(desk.ask("travel limit as of 2023"))[0] == "limit-2023.md"
    desk.put("other.md", "Something new about lamps.", date="2026-02-01")
    assert documents(desk.ask("latest travel limit"))[0] == "limit-2024.md", "being new does not answer"


def test_the_glossary_finds_other_words(tmp_path: Path) -> None:
    desk = Desk(tmp_path, glossary={"信用额度": ("credit limit",)})
    desk.source()
    desk.put("en.md", "The credit limit is 7.")
    desk.put("zh.md", "食堂在三楼开饭。")
    found = desk.ask("信用额度")
    assert found.passages[0].document == "en.md" and found.passages[0].coverage == 1.0
    desk.close()


def test_equal_texts_are_shown_once(desk: Desk) -> None:
    for name in ("a.md", "b.md", "c.md"):
        desk.put(name, "Doors close at seven.", "Only here: " + name)
    desk.put("d.md", "Doors  close at\nseven.")
    found = desk.ask("when do the doors close")
    assert [passage.text.split() for passage in found.passages].count(["Doors", "close", "at", "seven."]) == 1
    same = desk.library.passages(found.passages[0].same)
    assert {found.passages[0].document, *(chunk.document for chunk in same.values())} == {
        "a.md", "b.md", "c.md", "d.md",
    }  # fmt: skip


def test_around_holds_what_was_cut(desk: Desk) -> None:
    path = (("Handbook", "Doors"),) * 3
    desk.put("doors.md", "They open at six.", "They close at seven sharp.", "Guards have keys.", headings=path)
    first = desk.ask("close at seven sharp").passages[0]
    assert first.text == "They close at seven sharp."
    assert first.around == "Handbook > Doors\nThey open at six.\nThey close at seven sharp.\nGuards have keys."


def test_hidden_is_said_and_nothing_else(company: Desk) -> None:
    asked = "What is the salary band of grade seven?"
    ben, anna = company.ask(asked, BEN), company.ask(asked, ANNA)
    assert ben.hidden and not anna.hidden
    assert documents(anna)[0] == "pay.md" and anna.documents == 5 and ben.documents == 4
    told = repr(ben.passages) + repr(ben.notes)
    assert "pay.md" not in told and "41,000" not in told and "hr" not in {p.source for p in ben.passages}
    assert not company.ask("zebra crossings in the desert", BEN).hidden
    assert not company.ask("form ADM-003 for a visitor badge", BEN).hidden, "what is visible answers"
    assert not company.ask(asked, BEN, sources=("docs",)).hidden, "it is in another source"
    assert not company.ask(asked, BEN, since=date(2026, 1, 2)).hidden


def test_hidden_can_be_turned_off(tmp_path: Path) -> None:
    desk = Desk(tmp_path, tell_hidden=False)
    desk.source("hr", access=("group:hr",))
    desk.put("pay.md", "The salary band of grade seven is 41,000.", source="hr")
    assert not desk.ask("What is the salary band of grade seven?", BEN).hidden
    desk.close()


def test_an_access_list_counts_at_once(company: Desk) -> None:
    asked = "salary band of grade seven"
    assert "pay.md" not in documents(company.ask(asked, BEN))
    company.source("hr", access=("everyone",))
    assert documents(company.ask(asked, BEN))[0] == "pay.md"
    company.source("hr", access=())
    assert "pay.md" not in documents(company.ask(asked, ANNA))


def test_an_empty_library(desk: Desk) -> None:
    for parts in ({}, {"embedder": None}):
        desk.over(desk.library, **parts)
        found = desk.ask("anything")
        assert found.passages == () and found.documents == 0 and not found.hidden


def test_an_empty_question_finds_something_or_nothing_but_does_not_fail(company: Desk) -> None:
    assert company.ask("   ").documents == 4
    assert company.ask("的了是").documents == 4


class Silent(HashEmbedder):
    """A model that cannot be loaded."""

    def query(self, text: str) -> Vectors:
        raise EmbeddingError("The model is not there.", hint="Pull it.")


@pytest.mark.parametrize("parts", [{"embedder": Silent(64)}, {"embedder": None}, {"dense": None}])
def test_words_answer_without_meaning(company: Desk, parts: dict[str, object]) -> None:
    company.over(company.library, **parts)
    found = company.ask("visitor badge form")
    assert documents(found)[0] == "badge.md" and found.passages[0].similarity is None
    assert found.passages[0].coverage == pytest.approx(1.0)
    assert any(note.startswith("Only words were searched") for note in found.notes)
    assert company.ask("salary band of grade seven").hidden


def test_meaning_answers_without_words_and_words_come_back(company: Desk) -> None:
    company.ask("warm up")
    folder = company.config.app.home / "knowledge" / "lexical"
    (folder / "current").write_text("v1-999999")
    (folder / "writing.lock").unlink()
    (folder / "writing.lock").mkdir()
    found = company.ask("Ask for a visitor badge with form ADM-003.")
    assert documents(found)[0] == "badge.md" and found.passages[0].similarity is not None
    assert any(note.startswith("Only meaning was searched") for note in found.notes)
    (folder / "writing.lock").rmdir()
    company.retriever.sync()
    assert company.ask("adm-003").notes == ()


def test_when_nothing_can_answer_it_says_so(company: Desk) -> None:
    company.over(company.library, embedder=None)
    folder = company.config.app.home / "knowledge" / "lexical"
    (folder / "writing.lock").mkdir(parents=True)
    with pytest.raises(KnowledgeError, match="knowledge rebuild"):
        company.ask("adm-003")


def test_vectors_of_another_length_leave_the_words(company: Desk) -> None:
    company.over(company.library, embedder=HashEmbedder(32))
    found = company.ask("adm-003")
    assert documents(found) == ["badge.md"]
    assert any("Only words were searched" in note for note in found.notes)


class TwoLanguages(HashEmbedder):
    """Knows that two sentences mean the same, and places texts by language first."""

    def query(self, text: str) -> Vectors:
        chinese = any("\u4e00" <= c <= "\u9fff" for c in text)
        vector = super().query("cellar humidity" if "湿度" in text or "humidity" in text else text)
        vector[0] += 2.0 if chinese else -2.0
        return vector / float((vector @ vector) ** 0.5)


def test_a_question_finds_what_only_the_other_language_says(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.embedder = TwoLanguages(64)
    desk.source()
    for n, text in enumerate(("食堂在三楼开饭。", "停车位在后院。", "前台八点开门。", "会议室要预订。")):
        desk.put(f"zh{n}.md", text, title="手册")
    desk.put("en.md", "Keep the humidity of the cellar low.", title="Manual")
    desk.over(desk.library)
    found = desk.ask("酒窖的湿度应当怎样？")
    assert found.passages[0].document == "en.md"
    similarity = found.passages[0].similarity
    usual = measure(desk.embedder, tmp_path / "knowledge" / "measures").usual["zh", "zh"]
    assert similarity is not None and similarity > usual
    desk.put("zh.md", "酒窖的湿度要低。", title="手册")
    assert documents(desk.ask("酒窖的湿度应当怎样？"))[0] == "zh.md", "the question's own language comes first"
    desk.close()


def test_who_may_see_nothing_gets_nothing(company: Desk) -> None:
    company.source("docs", access=("group:board",))
    found = company.ask("hotel", Identity(user="stranger"))
    assert found.passages == () and found.documents == 0
