"""Files of questions: TOML, JSON lines or CSV, and what is wrong with them, by line."""

from __future__ import annotations

import csv
import io
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from clawdbot.errors import LoadFailed, UsageError
from clawdbot.knowledge.evaluation.question import EvalQuestion
from clawdbot.knowledge.loaders.encoding import decode

KEYS = tuple(name for name in EvalQuestion.model_fields if name != "line")

_OTHER_NAMES = {
    "question": "text", "问题": "text", "编号": "id", "文档": "documents", "矛盾文档": "contradicting",
    "答案": "answers", "正则": "patterns", "不应出现": "absent", "无答案": "unanswerable", "类型": "kind",
    "document": "documents", "answer": "answers", "expected": "answers", "pattern": "patterns",
}  # fmt: skip
"""Headings that people write into tables, and what they mean."""

_MANY = ("documents", "contradicting", "answers", "patterns", "absent")
_PARTS = re.compile(r"(?<!\\)[;；]|[\r\n]+")
_YES = frozenset(["true", "yes", "y", "1", "x", "是", "对", "√"])
_NO = frozenset(["", "false", "no", "n", "0", "否"])
_TABLE = re.compile(r"\s*\[\[\s*question\s*\]\]")
_TOML_PLACE = re.compile(r"\(at line (\d+), column \d+\)")
_SHOWN = 20
_HINT = "See docs/howto/knowledge-eval.md; nothing was asked."

Row = tuple[int, Mapping[str, Any]]
"""The line where a question begins (0: not known), and its keys."""


class _Wrong(Exception):
    """What is wrong with the file, and in which line."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


def read_questions(path: Path) -> tuple[EvalQuestion, ...]:
    """The questions of a file, in its order; UsageError tells all that is wrong, with line numbers."""
    readers = {".toml": _toml, ".jsonl": _json_lines, ".ndjson": _json_lines, ".csv": _csv, ".tsv": _csv}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise UsageError(f"{str(path)!r} is no file of questions.", hint="It ends in .toml, .jsonl or .csv.")
    try:
        text, _ = decode(path.read_bytes())
    except OSError as error:
        raise UsageError(f"{str(path)!r} cannot be read: {error.strerror}.", hint="Check the path.") from error
    except LoadFailed as error:
        raise UsageError(f"{str(path)!r} is no text: {error.message}", hint="Save it as UTF-8.") from error
    complaints: list[str] = []
    questions: list[EvalQuestion] = []
    try:
        for number, (line, body) in enumerate(reader(text), 1):
            _take(questions, complaints, number, line, body)
    except _Wrong as error:
        complaints.append(_placed(error.line, 0, str(error)))
    if not questions and not complaints:
        complaints.append("It has no questions.")
    if complaints:
        shown = "\n".join(complaints[:_SHOWN])
        more = f"\n... and {len(complaints) - _SHOWN} more" if len(complaints) > _SHOWN else ""
        raise UsageError(f"{path.name}:\n{shown}{more}\n", hint=_HINT)
    return tuple(questions)


def _take(
    questions: list[EvalQuestion], complaints: list[str], number: int, line: int, body: Mapping[str, Any]
) -> None:
    """Add the question of a row, or what is wrong with it."""
    named: dict[str, Any] = {}
    for key, value in body.items():
        known = _OTHER_NAMES.get(key, key)
        if known not in KEYS:
            near = get_close_matches(key, [*KEYS, *_OTHER_NAMES], n=1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(KEYS)}"
            complaints.append(_placed(line, number, f"unknown key {key!r}{hint}"))
        elif known in named:
            complaints.append(_placed(line, number, f"{key!r} says again what another key says"))
        else:
            named[known] = value
    named["id"] = str(named.get("id") or number)
    try:
        question = EvalQuestion.model_validate({**named, "line": line})
    except ValidationError as error:
        complaints += [_placed(line, number, _said(each["loc"], each["msg"])) for each in error.errors()]
        return
    twin = next((other for other in questions if other.id == question.id), None)
    if twin is not None:
        complaints.append(_placed(line, number, f"the id {question.id!r} is used in line {twin.line} already"))
    questions.append(question)


def _said(place: tuple[int | str, ...], message: str) -> str:
    said = message.removeprefix("Value error, ")
    return f"{place[0]}: {said}" if place else said


def _placed(line: int, number: int, message: str) -> str:
    return f"line {line}: {message}" if line else f"question {number}: {message}" if number else message


def _toml(text: str) -> Iterator[Row]:
    try:
        body = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = _TOML_PLACE.search(str(error))
        said = _TOML_PLACE.sub("", str(error)).strip()
        raise _Wrong(int(place[1]) if place else text.count("\n") + 1, f"this is no TOML: {said}") from error
    rows = body.pop("question", [])
    if body:
        raise _Wrong(0, f"unknown key {next(iter(body))!r}; every question begins with [[question]]")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise _Wrong(0, "every question begins with [[question]]")
    lines = [n for n, line in enumerate(text.splitlines(), 1) if _TABLE.match(line)]
    # Questions may stand in an inline array, and a text of many lines may look like a heading: then no line is told.
    places = lines if len(lines) == len(rows) else [0] * len(rows)
    yield from zip(places, rows, strict=True)


def _json_lines(text: str) -> Iterator[Row]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            body = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise _Wrong(number, f"this is no JSON: {error}") from error
        if not isinstance(body, dict):
            raise _Wrong(number, "a question is an object, {...}, on a line of its own")
        yield number, body


def _csv(text: str) -> Iterator[Row]:
    head = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=head.count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    names: list[str] = []
    before = 0
    try:
        for cells in lines:
            line, before = before + 1, lines.line_num
            if not any(cell.strip() for cell in cells):
                continue
            if not names:
                names = [name.strip().lower() for name in cells]
                if len(set(names)) < len(names):
                    raise _Wrong(line, "two headings are the same")
                continue
            if len(cells) > len(names) and any(cell.strip() for cell in cells[len(names) :]):
                raise _Wrong(line, f"{len(cells)} cells under {len(names)} headings; put quotes around commas")
            yield line, _row(line, dict(zip(names, cells, strict=False)))
    except csv.Error as error:
        raise _Wrong(before + 1, f"this is no CSV: {error}") from error


def _row(line: int, cells: Mapping[str, str]) -> dict[str, Any]:
    """The cells that hold something, as the keys of a question; several values are parted by ';' or line breaks."""
    body: dict[str, Any] = {}
    for name, cell in cells.items():
        known, value = _OTHER_NAMES.get(name, name), cell.strip()
        if known == "unanswerable":
            if value.lower() not in _YES | _NO:
                raise _Wrong(line, f"{name}: {value!r} is neither yes nor no")
            body[name] = value.lower() in _YES
        elif value:
            body[name] = tuple(p.strip() for p in _PARTS.split(value) if p.strip()) if known in _MANY else value
    return body
