"""``clawdbot knowledge eval``: figures on a person's own documents, and what is wrong with their questions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rich.cells import cell_len

from clawdbot.agents.briefing import MAX_GOAL
from clawdbot.cli.session import os_user
from tests.cli.conftest import Desk
from tests.office import step

_SETTINGS = """
[knowledge]
index = "exact"
[knowledge.sources.policies]
paths = ["policies"]
[[knowledge.sources.policies.rules]]
match = "pay.md"
access = ["user:boss"]
"""
PAPERS = {
    "credit.md": "# Credit policy\n\nNew customers have a credit limit of 80,000 EUR.\n",
    "报销.md": "# 报销制度\n\n费用发生后 30 天内提交报销。\n",
    "pay.md": "# Pay\n\nThe director earns 900,000 EUR a year.\n",
}
QUESTIONS = """
[[question]]
id = "limit"
text = "What is the credit limit of new customers?"
documents = ["policies/credit.md"]
answers = ["80,000"]

[[question]]
id = "leave"
text = "How many days of parental leave are there?"
unanswerable = true

[[question]]
id = "pay"
text = "What does the director earn a year?"
documents = ["pay.md"]
"""
SAYS = [
    {"translation": "新客户的信用额度是多少？"},
    step("quote", answered=True, lines=[1]),
    {"answer": "New customers have a credit limit of 80,000 EUR."},
    {"translation": "育儿假有多少天？"},
    step("quote", answered=False, lines=[]),
]


@pytest.fixture
def kb(desk: Desk) -> Desk:
    """Three papers, one of them for the boss alone, and questions about them."""
    desk.plays(SAYS, more=_SETTINGS)
    (desk.folder / "policies").mkdir()
    for name, text in PAPERS.items():
        (desk.folder / "policies" / name).write_text(text, "utf-8")
    (desk.folder / "questions.toml").write_text(QUESTIONS, "utf-8")
    code, out, err = desk.call("knowledge", "ingest")
    assert code == 0, out + err
    return desk


def test_figures_for_people_fit_a_narrow_window(kb: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for width, language in (("40", "en"), ("40", "zh"), ("80", "en")):
        monkeypatch.setenv("COLUMNS", width)
        monkeypatch.setenv("CLAWDBOT_APP__LANGUAGE", language)
        code, out, err = kb.call("knowledge", "eval", "questions.toml", "--compare", "search=embedding")
        assert code == 0, err
        assert all(cell_len(line) <= int(width) for line in out.splitlines()), out
        assert "search=embedding" in out and "R@10" in out and "✓ limit" in out and "✗ pay" in out
        assert ("hidden from you: pay.md" if language == "en" else "无权查看") in " ".join(out.split())
        assert "search=embedding" in err and "Only meaning" not in err


def test_json_has_a_row_for_each_question_and_setting(kb: Desk) -> None:
    code, body = kb.json("knowledge", "eval", "questions.toml", "--compare", "glossary=none", "--user", "boss")
    assert code == 0 and body["questions"] == 3 and body["answers"] is None
    assert [each["setting"] for each in body["retrieval"]] == ["", "glossary=none"]
    here = body["retrieval"][0]
    assert (here["questions"], here["recall"], here["mrr"]) == (2, 1.0, 1.0) and here["ms_p95"] > 0
    assert [row["problems"] for row in here["rows"]] == [[], [], []], "the boss sees what anybody else does not"
    assert here["rows"][0]["found"][0] == "policies/credit.md" and here["rows"][1]["recall"] is None


def test_answers_are_run_and_judged(kb: Desk) -> None:
    lines = QUESTIONS.split('[[question]]\nid = "pay"')[0]
    (kb.folder / "two.toml").write_text(lines, "utf-8")
    code, out, err = kb.call("knowledge", "eval", "two.toml", "--answers")
    assert code == 0, err
    assert "1/2 ✓ limit" in err and "2/2 ✓ leave" in err
    assert "Right: 2 of 2" in out and "refused rightly: 1 of 1" in out and "Citations that resolve: 1 of 1" in out
    runs = kb.json("runs")[1]["runs"]
    assert len(runs) == 2 and {run["user"] for run in runs} == {os_user()}, "they are real runs"


def test_a_wrong_answer_says_what_is_wrong(kb: Desk) -> None:
    kb.plays(SAYS[:3], more=_SETTINGS)
    row = {"id": "one", "question": "What is the credit limit of new customers?", "answers": ["90,000"]}
    rows = [row, {**row, "id": "two"}, {**row, "id": "three", "question": "why? " * (MAX_GOAL // 5 + 1)}]
    (kb.folder / "one.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    code, body = kb.json("knowledge", "eval", "one.jsonl", "--answers")
    answers = body["answers"]
    assert code == 0 and (answers["asked"], answers["right"], answers["resolved"]) == (3, 0, 1)
    assert answers["rows"][0]["problems"] == [{"kind": "not_said", "detail": "90,000"}]
    assert answers["rows"][1]["problems"], "a model without words is a row too, not the end"
    assert [problem["kind"] for problem in answers["rows"][2]["problems"]] == ["failed"], (
        "nor is an impossible question"
    )
    code, out, _ = kb.call("knowledge", "eval", "one.jsonl")
    assert code == 0 and "only the times are measured" in out


def test_what_is_wrong_with_the_file_is_told_before_anything_is_asked(kb: Desk) -> None:
    (kb.folder / "bad.csv").write_text("question,documents\nq,credit.md\nw,\n", "utf-8")
    code, out, err = kb.call("knowledge", "eval", "bad.csv", "--answers")
    assert code == 2 and not out and "line 3: nothing is expected" in err and "Searching" not in err
    code, _, err = kb.call("knowledge", "eval", "questions.toml", "--compare", "indx=exact")
    assert code == 2 and "Did you mean index=VALUE?" in err
    assert kb.json("runs")[1]["runs"] == []


def test_without_documents_it_says_how_to_add_some(desk: Desk) -> None:
    desk.plays([])
    (desk.folder / "questions.toml").write_text(QUESTIONS, "utf-8")
    code, _, err = desk.call("knowledge", "eval", "questions.toml")
    assert code == 2 and "knowledge add" in err


def test_a_setting_that_fails_leaves_the_others(kb: Desk) -> None:
    for path in (kb.folder / "policies").iterdir():
        path.unlink()
    code, out, err = kb.call("knowledge", "eval", "questions.toml", "--compare", "chunk_tokens=64")
    assert code == 3 and "✗ chunk_tokens=64: No document could be taken in" in err
    assert "as it is" in out and "chunk_tokens" not in out


def test_stopping_keeps_what_was_done(kb: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    # A person's Ctrl-C, at the moment when the first answer is asked for.
    (kb.folder / "stops.py").write_text(
        "from clawdbot.models.fake import ScriptedChatModel\n"
        "class Stops(ScriptedChatModel):\n"
        "    def answer(self, request):\n"
        "        raise KeyboardInterrupt\n",
        "utf-8",
    )
    monkeypatch.syspath_prepend(str(kb.folder))
    kb.model = "stops:Stops"
    kb.plays([], more=_SETTINGS)
    code, out, err = kb.call("knowledge", "eval", str(Path("questions.toml")), "--answers")
    assert code == 130 and "Stopped" in err and "✓ limit" in out
