"""Answers judged: what they say, what they cite, and whether the cited words carry them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clawdbot.config import Config
from clawdbot.knowledge.embedding.fake import HashEmbedder
from clawdbot.knowledge.evaluation.answering import GivenAnswer, Judged, judge, totals
from clawdbot.knowledge.evaluation.citations import Citation, Cited, library_text, read_citations
from clawdbot.knowledge.evaluation.question import EvalQuestion
from clawdbot.knowledge.service import Knowledge

NEW = """# 信用政策（2026 版）

| 等级 | 信用额度（人民币） | 付款期限 |
| --- | --- | --- |
| A | 500,000 元 | 开票后 60 天 |
| B | 200,000 元 | 开票后 45 天 |

提额由财务总监批准。
"""
OLD = "# Credit policy 2024\n\nGrade B customers have a limit of CNY 150,000.\n"
TEXTS = {"new.md": NEW, "old.md": OLD}
ROW = "| B | 200,000 元 | 开票后 45 天 |"
SENTENCE = "Grade B customers have a limit of CNY 150,000."
LIMIT = EvalQuestion(
    text="B级客户的信用额度是多少？", documents=("new.md",), contradicting=("new.md", "old.md"),
    answers=("200,000",), absent=("总经理",),
)  # fmt: skip
NONE = EvalQuestion(text="How long is parental leave?", unanswerable=True)


def text_of(citation: Citation) -> str | None:
    return TEXTS.get(citation["document"])


def cite(n: int, document: str, quote: str, *, moved: int = 0) -> dict[str, Any]:
    start = TEXTS[document].index(quote) + moved
    return {"n": n, "document": document, "source": "kb", "version": 1, "start": start, "end": start + len(quote),
            "quote": quote, "title": "", "locator": "§ 1", "dated": ""}  # fmt: skip


BOTH = (cite(1, "new.md", ROW), cite(2, "old.md", SENTENCE))


def given(text: str, *citations: Citation, verdict: str = "verified", error: str = "") -> GivenAnswer:
    return GivenAnswer(text=text, verdict=verdict, citations=citations, ms=1500.0, error=error, run="r1")


def judged(text: str, *citations: Citation, question: EvalQuestion = LIMIT, verdict: str = "verified") -> Judged:
    return judge(question, given(text, *citations, verdict=verdict), text_of)


def kinds(row: Judged) -> list[str]:
    return [problem.kind for problem in row.problems]


def test_an_answer_that_is_right_and_well_cited() -> None:
    row = judged("B级客户的信用额度为20万元[1]。\n另一份文档：Grade B has a limit of CNY 150,000 [2]", *BOTH)
    assert row.right and row.sound and not row.problems
    assert [s.marks for s in row.cited.sentences] == [(1,), (2,)]


@pytest.mark.parametrize(
    ("text", "citations", "verdict", "wrong"),
    [
        ("额度为150,000元[2]。", BOTH, "verified", ["not_said"]),
        ("额度为20万元[1]，总经理批[1]。", BOTH, "verified", ["said"]),
        ("额度为20万元[1]。", BOTH[:1], "verified", ["not_cited"]),
        ("额度为20万元[1]。", BOTH[1:], "verified", ["not_cited", "unresolved", "unsupported"]),
        ("额度为20万元[1]。", BOTH, "partial", ["verdict"]),
        ("文档中没有找到答案（已搜索 14 份文档）。", (), "partial", ["refused"]),
        ("额度为20万元。", (), "verified", ["not_cited", "not_cited", "uncited"]),
    ],
)
def test_what_makes_an_answer_wrong(text: str, citations: tuple[Citation, ...], verdict: str, wrong: list[str]) -> None:
    row = judged(text, *citations, verdict=verdict)
    assert kinds(row) == wrong and not row.right


def test_refusals_and_answers_where_the_contrary_was_right() -> None:
    refused = judged("No document answers it (14 were searched).", question=NONE, verdict="partial")
    assert refused.right and refused.sound and refused.given.refused and not refused.cited.sentences
    invented = judged("It is 90 days[1].", BOTH[0], question=NONE)
    assert kinds(invented) == ["answered", "unsupported"] and not invented.right
    bare = judged("It is long.", question=NONE)
    assert kinds(bare) == ["answered"], "a verdict of 'verified' is no refusal"


def test_a_run_that_failed_is_wrong_and_no_refusal() -> None:
    row = judge(NONE, given("", verdict="", error="No model is available."), text_of)
    assert kinds(row) == ["failed"] and not row.right and not row.given.refused


def test_citations_that_lead_elsewhere_are_found() -> None:
    moved = cite(1, "new.md", ROW, moved=3)
    gone = {**cite(2, "old.md", SENTENCE), "document": "gone.md"}
    row = judged("额度为20万元[1]。Limit of CNY 150,000[2]. And more[7].", moved, gone)
    assert row.cited.unresolved == (1, 2, 7) and row.cited.citations == 3
    assert not row.sound and "[7]" in [p.detail for p in row.problems]


def cited(answer: str, question: str = "q") -> Cited:
    return read_citations(answer, question, BOTH, text_of)


@pytest.mark.parametrize(
    ("answer", "missing"),
    [
        ("B级客户的额度是25万元[1]。", ["25万"]),
        ("Grade B customers pay Huaxin 150,000[2].", ["Huaxin"]),
        ("Parental leave is granted to everybody[2].", ["Parental leave is granted to everybody."]),
        ("付款期限为开票后 45 天[1]。", []),
        ("人民币20万元，付款期限45天[1]。", []),
        ("Yes[2].", []),
    ],
)
def test_what_the_cited_words_do_not_say(answer: str, missing: list[str]) -> None:
    (sentence,) = cited(answer).sentences
    assert list(sentence.missing) == missing and sentence.supported is not bool(missing)


def test_sentences_end_where_their_mark_stands() -> None:
    found = cited(
        "new.md (§ 1): 等级: B; 信用额度（人民币）: 200,000 元; 付款期限: 开票后 45 天 [1]\nThanks for asking."
    )
    assert [(s.marks, s.supported) for s in found.sentences] == [((1,), True)]
    after = cited("It is CNY 150,000. [2]")
    assert [(s.text, s.marks) for s in after.sentences] == [("It is CNY 150,000.", (2,))]


def test_figures_without_a_citation_are_told_unless_the_question_had_them() -> None:
    found = cited("You asked about 8,500. The limit is 150,000.", "What of 8,500?")
    assert [(s.text, s.supported) for s in found.sentences] == [("The limit is 150,000.", False)]


def test_totals_count_what_is_promised() -> None:
    rows = [
        judged("额度为20万元[1]。Limit: CNY 150,000[2].", *BOTH),
        judged("额度为30万元[1]。", *BOTH),
        judged("No document answers it.", question=NONE, verdict="partial"),
    ]
    found = totals(rows)
    assert (found.asked, found.right, found.answerable, found.answered_right) == (3, 2, 2, 1)
    assert (found.unanswerable, found.refused_rightly) == (1, 1)
    assert (found.citations, found.resolved, found.sentences, found.supported) == (4, 4, 3, 2)
    assert found.ms_p50 == found.ms_p95 == 1500.0 and totals([]).ms_p50 is None
    body = rows[1].as_json()
    assert body["right"] is False and body["sound"] is False and body["citations"][0]["n"] == 1
    assert {"kind": "unsupported", "detail": "30万"} in body["problems"]


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Knowledge]:
    (tmp_path / "kb").mkdir()
    for name, text in TEXTS.items():
        (tmp_path / "kb" / name).write_text(text, "utf-8")
    config = Config.model_validate({"app": {"home": str(tmp_path / "home")}, "knowledge": {"keep_versions": 1}})
    with Knowledge.open(config, embedder=HashEmbedder()) as knowledge:
        knowledge.add([str(tmp_path / "kb")])
        knowledge.ingest()
        yield knowledge


def test_citations_are_followed_into_a_library(library: Knowledge, tmp_path: Path) -> None:
    version = library.library.version_text(library.library.documents(name="old.md")[0].id, 1)
    place = version.text.index(SENTENCE)
    body = {**BOTH[1], "start": place, "end": place + len(SENTENCE)}
    answer = "The limit is CNY 150,000[2]."
    assert read_citations(answer, "q", [body], library_text(library.library)).unresolved == ()
    gone = {**body, "document": "gone.md"}
    assert read_citations(answer, "q", [gone], library_text(library.library)).unresolved == (2,)
    (tmp_path / "kb" / "old.md").write_text("# Credit policy 2024\n\nWithdrawn.\n")
    library.ingest()
    assert read_citations(answer, "q", [body], library_text(library.library)).unresolved == (2,), "no longer kept"
