"""The figures of retrieval, against values worked out by hand, and over a real library under other settings."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import pytest

from clawdbot.access.identity import Identity
from clawdbot.config import Config
from clawdbot.errors import ClawdbotError, KnowledgeError, UsageError
from clawdbot.knowledge.embedding.fake import HashEmbedder
from clawdbot.knowledge.evaluation.metrics import first, mean, ndcg, percentile, recall
from clawdbot.knowledge.evaluation.question import EvalQuestion
from clawdbot.knowledge.evaluation.retrieval import Ranked, figures, rank
from clawdbot.knowledge.evaluation.setting import opened, read_setting
from clawdbot.knowledge.ingest_event import IngestEvent
from clawdbot.knowledge.passage import Passage, Query, Retrieval
from clawdbot.knowledge.service import Knowledge

ANYBODY = Identity(user="anna")
PAPERS = {
    "credit.md": "# Credit\n\nNew customers have a credit limit of 80,000 EUR.\n",
    "travel.md": "# Travel\n\n" + "\n\n".join(f"Rule {n}: trains go in second class, number {n}." for n in range(60)),
    "zh/报销.md": "# 报销\n\n费用发生后 30 天内提交报销。\n",
}


def test_the_metrics_by_hand() -> None:
    hits = [False, True, False, True]
    assert recall(hits, 4) == 0.5 and first(hits) == 2 and first([False]) == 0
    best = 1 + 1 / math.log2(3) + 1 / math.log2(4)
    assert ndcg(hits, 3) == pytest.approx((1 / math.log2(3) + 1 / math.log2(5)) / best)
    assert ndcg([True] * 12, 12) == 1.0 and ndcg([False] * 10 + [True], 1) == 0.0
    assert mean([]) is None and percentile([], 0.5) is None
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0 and percentile([0.0, 10.0], 0.95) == pytest.approx(9.5)


def passage(document: str, n: int) -> Passage:
    return Passage(
        chunk=n, document=document, source="kb", title="", version=1, locator="", text="", around="", headings=(),
        pages=None, start=0, end=1, score=1.0, similarity=None, coverage=0.0, label="internal", modified_at="",
    )  # fmt: skip


def asked(*names: str, questions: list[EvalQuestion], top: int = 10) -> list[Ranked]:
    """Questions to a search that always finds these, in a library that has a.md to d.md."""
    found = Retrieval(passages=tuple(passage(name, n) for n, name in enumerate(names)), documents=4)
    return rank(questions, lambda query: found, top=top, known={("kb", f"{c}.md") for c in "abcd"})


def test_documents_rank_by_their_best_passage() -> None:
    question = EvalQuestion(text="q", documents=("b.md",), contradicting=("b.md", "kb/d.md"))
    (row,) = asked("a.md", "a.md", "b.md", "d.md", questions=[question], top=3)
    assert row.found == (("kb", "a.md"), ("kb", "b.md"), ("kb", "d.md")) and row.place == 2
    assert row.recall == 0.5 and [str(problem) for problem in row.problems] == ["not_found: kb/d.md"]
    assert row.ndcg == pytest.approx((1 / math.log2(3) + 1 / math.log2(4)) / (1 + 1 / math.log2(3)))


def test_two_names_of_one_document_are_one_and_one_name_of_two_is_met_by_either() -> None:
    (row,) = asked("b.md", questions=[EvalQuestion(text="q", documents=("b.md", "kb/b.md"))])
    assert (row.recall, row.ndcg, row.problems) == (1.0, 1.0, ())
    found = Retrieval(passages=(passage("a.md", 1),), documents=2)
    known = {("kb", "a.md"), ("other", "a.md")}
    (row,) = rank([EvalQuestion(text="q", documents=("a.md",))], lambda query: found, top=5, known=known)
    assert (row.recall, row.ndcg, row.problems) == (1.0, 1.0, ())


def test_what_nobody_has_is_told_apart_from_what_was_not_found() -> None:
    rows = asked("a.md", questions=[
        EvalQuestion(id="1", text="q", documents=("z.md",)),
        EvalQuestion(id="2", text="q", unanswerable=True),
        EvalQuestion(id="3", text="q", documents=("a.md",)),
    ])  # fmt: skip
    assert [str(p) for p in rows[0].problems] == ["not_in_library: z.md"] and not rows[1].problems
    means = figures(rows)
    assert (means.questions, means.recall, means.ndcg, means.mrr) == (2, 0.5, 0.5, 0.5)
    assert rows[1].as_json()["recall"] is None and rows[2].as_json()["place"] == 1
    nothing = figures(asked("a.md", questions=[EvalQuestion(text="q", answers=("x",))]))
    assert (nothing.questions, nothing.recall, nothing.mrr) == (0, None, None) and nothing.ms_p50 is not None
    assert rank([], lambda query: Retrieval(passages=(), documents=0), top=3, known=()) == []


def test_a_search_that_fails_is_a_row_with_its_reason() -> None:
    def fails(query: Query) -> Retrieval:
        raise KnowledgeError("The index is gone.", hint="Rebuild it.")

    (row,) = rank([EvalQuestion(text="q", documents=("a.md",))], fails, top=3, known={("kb", "a.md")})
    assert [str(p) for p in row.problems] == ["failed: The index is gone. Rebuild it."] and row.recall == 0.0


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Knowledge]:
    """Three papers, of which one has many chunks, embedded without weights."""
    for name, text in PAPERS.items():
        path = tmp_path / "papers" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    config = Config.model_validate({
        "app": {"home": str(tmp_path / "home")}, "knowledge": {"glossary": {"报销": ["expense claim"]}},
    })  # fmt: skip
    with Knowledge.open(config, embedder=HashEmbedder()) as knowledge:
        knowledge.add([str(tmp_path / "papers")], name="papers")
        knowledge.ingest()
        yield knowledge


def found(knowledge: Knowledge, text: str) -> Retrieval:
    return knowledge.search(Query(text=text, top=10), ANYBODY)


def test_other_settings_search_the_same_library(library: Knowledge) -> None:
    heard: list[IngestEvent] = []
    for text in ("index=exact", "search=words", "search=embedding", "glossary=none"):
        with opened(read_setting(text, library.config), library, heard.append) as other:
            (note,) = found(other, "credit limit of new customers").notes or ("",)
            if text.startswith("search="):
                assert note.startswith("Only words" if text == "search=words" else "Only meaning")
            else:
                assert found(other, "credit limit of new customers").passages[0].document == "credit.md"
            assert other.config.knowledge.folder == library.config.knowledge.folder
    assert not heard, "nothing is taken in for these"
    with opened(read_setting("search=words", library.config), library, heard.append) as other:
        assert found(other, "expense claim").passages[0].document == "zh/报销.md", "the glossary has the word"
    words_alone = read_setting("glossary=none", library.config)
    with opened(words_alone, library, heard.append) as other:
        assert other.config.knowledge.glossary == {} and library.config.knowledge.glossary
    assert found(library, "credit limit of new customers").notes == ()


def test_other_chunks_are_made_in_a_library_that_is_thrown_away(library: Knowledge) -> None:
    before = library.status()
    heard: list[IngestEvent] = []
    with opened(read_setting("chunk_tokens=64", library.config), library, heard.append) as other:
        folder = other.config.knowledge.folder
        assert other.status().documents == before.documents and other.status().chunks > before.chunks
        assert found(other, "credit limit of new customers").passages[0].document == "credit.md"
    assert folder is not None and not folder.exists()
    assert len([event for event in heard if event.kind == "ready"]) == len(PAPERS)
    assert library.status().chunks == before.chunks


def test_a_comparison_without_documents_says_so(library: Knowledge, tmp_path: Path) -> None:
    for name in PAPERS:
        (tmp_path / "papers" / name).unlink()
    setting = read_setting("chunk_tokens=64", library.config)
    with pytest.raises(ClawdbotError, match="No document could be taken in"), opened(setting, library, print):
        pytest.fail("there is nothing to search")


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("indx=exact", "Did you mean index=VALUE?"),
        ("index", "One of: index=exact"),
        ("index=", "One of: index=exact"),
        ("colour=red", "One of: index=exact"),
        ("index=faiss", "One of: index=exact"),
        ("chunk_tokens=5", "One of: index=exact"),
        ("search=luck", "search=words or search=embedding"),
        ("glossary=some", "glossary=none"),
        ("embedding=nothing", "[models.nothing]"),
    ],
)
def test_settings_that_cannot_be_compared(text: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_setting(text, Config())
    assert hint in caught.value.hint
