"""Files of questions: the three forms say the same, and what is wrong is told by line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clawdbot.errors import UsageError
from clawdbot.knowledge.evaluation.question import EvalQuestion
from clawdbot.knowledge.evaluation.reading import read_questions

TOML = """
# what we ask
[[question]]
text = "报销多少天内提交？"
documents = ["finance/expenses.md", "travel.md"]
patterns = '30\\s*天'

[[question]]
id = "leave"
kind = "gap"
text = "How long is parental leave?"
unanswerable = true
"""
JSONL = (
    '{"question": "报销多少天内提交？", "documents": ["finance/expenses.md", "travel.md"], "patterns": "30\\\\s*天"}\n'
    "\n"
    '{"id": "leave", "kind": "gap", "question": "How long is parental leave?", "unanswerable": true}\n'
)
CSV = (
    "id,question,documents,patterns,unanswerable,kind\r\n"
    ",报销多少天内提交？,finance/expenses.md; travel.md,30\\s*天,,\r\n"
    "leave,How long is parental leave?,,,yes,gap\r\n"
)
TABLE_ZH = (
    "编号\t问题\t文档\t正则\t无答案\t类型\n\t报销多少天内提交？\tfinance/expenses.md；travel.md\t30\\s*天\t否\t\n"
)


def read(folder: Path, name: str, content: str | bytes) -> tuple[EvalQuestion, ...]:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_questions(path)


def complaint(folder: Path, name: str, content: str | bytes) -> str:
    with pytest.raises(UsageError) as caught:
        read(folder, name, content)
    assert "nothing was asked" in caught.value.hint or caught.value.hint
    return caught.value.message


def without_line(question: EvalQuestion) -> EvalQuestion:
    return question.model_copy(update={"line": 0})


def test_three_forms_say_the_same(tmp_path: Path) -> None:
    toml, jsonl, csv = (read(tmp_path, f"q.{k}", t) for k, t in (("toml", TOML), ("jsonl", JSONL), ("csv", CSV)))
    assert [without_line(q) for q in toml] == [without_line(q) for q in jsonl] == [without_line(q) for q in csv]
    first, leave = toml
    assert (first.id, first.language, first.expected) == ("1", "zh", ("finance/expenses.md", "travel.md"))
    assert (leave.id, leave.unanswerable, leave.kind) == ("leave", True, "gap")
    assert [q.line for q in toml] == [3, 8] and [q.line for q in jsonl] == [1, 3] and [q.line for q in csv] == [2, 3]


def test_tables_as_chinese_offices_write_them(tmp_path: Path) -> None:
    (found,) = read(tmp_path, "q.tsv", TABLE_ZH.encode("gb18030"))
    assert without_line(found) == without_line(read(tmp_path, "q.csv", CSV)[0])
    (semicolons,) = read(tmp_path, "q.csv", '问题;文档;答案\n"额度多少？";"a.md;b.md";8万\n')
    assert semicolons.documents == ("a.md", "b.md") and semicolons.answers == ("8万",)
    (lines,) = read(tmp_path, "q.csv", 'question,documents,patterns\nq,"a.md\nb.md",one\\;two\n')
    assert lines.documents == ("a.md", "b.md") and lines.patterns == ("one\\;two",)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("q.toml", '[[question]]\ntext = "a"\ndocument = 1\n[[question]\n', "line 4: this is no TOML"),
        ("q.toml", "question = [\n", "line 2: this is no TOML"),
        ("q.toml", '\n[[question]]\ntext = "a?"\n', "line 2: nothing is expected"),
        ("q.toml", '[[question]]\ntext = " "\nanswers = "x"\n', "line 1: text: the question is empty"),
        ("q.toml", '[[question]]\ntext = "a"\ndocments = ["x"]\n', "unknown key 'docments'; did you mean 'documents'?"),
        ("q.toml", '[[question]]\ntext = "a"\nqwzj = 1\n', "unknown key 'qwzj'; known are id, text"),
        ("q.toml", '[[question]]\ntext = "a"\nquestion = "b"\nanswers = "x"', "'question' says again"),
        ("q.toml", '[[question]]\ntext = "a"\npatterns = ["(x"]\n', "line 1: patterns: '(x' is no regular expression"),
        ("q.toml", '[[question]]\ntext = "a"\npatterns = ["x*"]\n', "'x*' occurs in every text"),
        ("q.toml", '[[question]]\ntext = "a"\nunanswerable = true\nanswers = "x"\n', "line 1: it is unanswerable and"),
        ("q.toml", '[[question]]\ntext = "a"\ncontradicting = ["x.md"]\n', "contradicting needs two"),
        ("q.toml", '[[question]]\ntext = "a"\ndocuments = [""]\n', "documents: an empty text"),
        ("q.toml", '[[questions]]\ntext = "a"\n', "unknown key 'questions'"),
        ("q.toml", 'question = "a"\n', "every question begins with [[question]]"),
        ("q.toml", 'question = [{text = "a"}]\n', "question 1: nothing is expected"),
        ("q.toml", "", "It has no questions"),
        ("q.jsonl", '{"text": "a", "answers": "b"}\n{"text": \n', "line 2: this is no JSON"),
        ("q.jsonl", '\n["a"]\n', "line 2: a question is an object"),
        ("q.jsonl", '{"text": "a"}\n{"answers": 3}\n', "line 2: text: Field required"),
        ("q.csv", "question,answers\na,b,c\n", "line 2: 3 cells under 2 headings"),
        ("q.csv", 'question,answers\n\n"a"b,c\n', "line 3: this is no CSV"),
        ("q.csv", "question,question,answers\na,b,c\n", "line 1: two headings are the same"),
        ("q.csv", "question,unanswerable\na,maybe\n", "line 2: unanswerable: 'maybe' is neither yes nor no"),
        ("q.txt", "a", "is no file of questions"),
        ("q.csv", b"\x00\x01\x02\xff\xfe\x00\x00\x07", "is no text"),
    ],
)
def test_what_is_wrong_is_told_by_line(tmp_path: Path, name: str, content: str | bytes, said: str) -> None:
    assert said in complaint(tmp_path, name, content)


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    rows = [{"id": "same", "text": "a", "answers": "x"}, {"id": "same", "text": "b", "answers": "y"}, {"text": "c"}]
    said = complaint(tmp_path, "q.jsonl", "\n".join(json.dumps(row) for row in rows))
    assert "line 2: the id 'same' is used in line 1 already" in said and "line 3: nothing is expected" in said
    many = complaint(tmp_path, "q.jsonl", '{"text": "c"}\n' * 30)
    assert "line 20:" in many and "line 21:" not in many and "and 10 more" in many


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot be read: No such file"):
        read_questions(tmp_path / "gone.toml")


@settings(deadline=None, max_examples=60)
@given(content=st.binary(max_size=300), kind=st.sampled_from(["toml", "jsonl", "csv"]))
def test_any_bytes_are_questions_or_an_error_in_words(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, kind: str
) -> None:
    path = tmp_path_factory.getbasetemp() / f"any.{kind}"
    path.write_bytes(content)
    try:
        assert read_questions(path)
    except UsageError as error:
        assert error.hint
