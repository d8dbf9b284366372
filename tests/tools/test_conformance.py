"""What an author is told about a tool, and the start that the scaffold gives."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from clawdbot.config import Config
from clawdbot.errors import InvalidTool, RetryableToolError, UsageError
from clawdbot.tools import RunView, Schema, ToolContext, tool
from clawdbot.tools.conformance import Problem, check_path, check_tool
from clawdbot.tools.contract import Tool
from clawdbot.tools.registry import Registry
from clawdbot.tools.sample_arguments import sample_arguments
from clawdbot.tools.scaffold import new_tool

GOOD = '''
from clawdbot.tools import tool


@tool(effect="read")
def rate(base: str) -> str:
    """Look up an exchange rate.

    base: currency code
    """
    return f"1 {base}"
'''


def fresh() -> Tool[[str], str]:
    @tool(effect="read")
    def rate(base: str) -> str:
        """Look up an exchange rate.

        base: currency code
        """
        return f"1 {base}"

    return rate


def told(made: Tool[..., Any], *, call: bool = False) -> list[str]:
    return [f"{problem.severity}: {problem.message}" for problem in check_tool(made, call=call)]


def test_a_good_tool_has_no_problems() -> None:
    assert check_tool(fresh(), call=True) == []


def test_the_built_in_tools_have_no_errors() -> None:
    tools = Registry.load(Config()).tools()
    assert tools
    problems = [problem for made in tools for problem in check_tool(made)]
    assert [problem for problem in problems if problem.severity == "error"] == []


def test_wording_that_a_model_would_miss() -> None:
    @tool(effect="read")
    def send_it(a: str, b: Any, c: str, d: str, e: str, f: str, g: str, h: str, i: str, j: str, k: str):  # type: ignore[no-untyped-def]  # what is tested
        """Send."""

    said = "\n".join(told(send_it))
    assert "warning: The description has 5 characters; say what it does in 12 to 300." in said
    assert "warning: Argument 'a' is not described; add a line 'a: ...'" in said
    assert "warning: It has 11 arguments; a small model handles about 10." in said
    assert "warning: The return type is not declared" in said
    assert "warning: It is called 'send_it' but declares effect 'read'" in said
    assert "error: In the schema: argument 'b' may be anything; give it a type." in said


def test_an_effect_that_cannot_be() -> None:
    made = fresh()
    made.provides = "mail"
    assert told(made) == ["error: It provides a mail but declares effect 'read'."]


def raising(error: Exception) -> Callable[..., Any]:
    def hook(*_: object) -> Any:
        raise error

    return hook


def in_place(_: RunView, schema: Schema) -> Schema:
    schema["properties"]["base"]["enum"] = ["EUR"]
    return schema


def emptied(_: RunView, schema: Schema) -> Schema:
    return {**schema, "properties": {"base": {"type": "text", "enum": []}}}


def opened(_: RunView, schema: Schema) -> Schema:
    return {"type": "object", "properties": schema["properties"]}


@pytest.mark.parametrize(
    ("ready", "narrow", "says"),
    [
        (None, in_place, "error: Its 'narrows' changes the schema that it is given"),
        (None, emptied, "error: In the narrowed schema: .*not JSON Schema draft 2020-12"),
        (None, opened, "error: In the narrowed schema: it must be an object with additionalProperties false"),
        (None, lambda *_: None, "error: Its 'narrows' returns NoneType; return a schema"),
        (None, raising(ValueError("eek")), "error: Its 'when' or 'narrows' fails .*: ValueError: eek"),
        (raising(KeyError(dict)), None, "warning: Its 'when' or 'narrows' looks for <class 'dict'>"),
        (lambda _: "yes", None, "error: Its 'when' returns 'yes'; return True or False"),
        (lambda _: False, raising(ValueError("not ready")), ""),
    ],
)
def test_hooks_that_would_break_a_run(ready: Any, narrow: Any, says: str) -> None:
    made = fresh()
    if ready is not None:
        made.when(ready)
    if narrow is not None:
        made.narrows(narrow)
    problems = told(made)
    assert len(problems) == (1 if says else 0)
    assert re.search(says, "".join(problems)), problems


def test_calling_shows_what_it_returns_and_raises() -> None:
    @tool(effect="read")
    def odd(kind: Literal["lock"], *, context: ToolContext) -> object:
        """Return an object that is no JSON.

        kind: which
        """
        return threading.Lock() if context.remaining_s() > 0 else kind

    assert told(odd) == []
    assert told(odd, call=True)[0].startswith("error: Called with {'kind': 'lock'}: TypeError: it returned lock")

    @tool(effect="read")
    def choosy(word: Annotated[str, Field(pattern="^[0-9]{4}$")]) -> str:
        """Take four digits only.

        word: four digits
        """
        return word

    assert told(choosy, call=True) == [
        "warning: No arguments could be generated from its schema, so it was not called."
    ]

    @tool(effect="read")
    def polite(word: str) -> str:
        """Refuse with words for the model.

        word: any
        """
        raise RetryableToolError(f"Not {word}.")

    assert told(polite, call=True) == []

    @tool(effect="artifact")
    def writes(word: str) -> str:
        """Write a file, and so is not called by a check.

        word: any
        """
        raise AssertionError(word)

    assert told(writes, call=True) == []


class Part(BaseModel):
    name: Annotated[str, Field(min_length=9, max_length=12)]
    ratio: Annotated[float, Field(gt=0, lt=1)]


def test_arguments_are_generated_for_every_type() -> None:
    @tool(effect="read")
    def take(
        a: Annotated[int, Field(ge=10)], b: Annotated[int, Field(le=-3)], c: Annotated[int, Field(ge=4, le=9)],
        d: Annotated[float, Field(gt=5)], e: Annotated[int, Field(multiple_of=5, ge=7)], f: bool, g: date, h: Decimal,
        i: Part, j: Annotated[list[Part], Field(min_length=2)], k: tuple[int, str], z: int | None,
        m: Literal["only"], n: dict[str, int], o: Annotated[str, Field(max_length=2)], p: None, q: str = "unused",
    ) -> str:  # fmt: skip
        """Take one of each kind."""
        return ""

    made = take.validate(sample_arguments(take.schema))
    assert len(made["j"]) == 2 and made["m"] == "only" and "q" not in made and made["z"] == 1


@given(low=st.integers(-1000, 1000), width=st.integers(2, 50))
def test_a_generated_number_is_within_its_limits(low: int, width: int) -> None:
    schema = {"properties": {"n": {"type": "integer", "minimum": low, "maximum": low + width}}, "required": ["n"]}
    assert low <= sample_arguments(schema)["n"] <= low + width


def test_a_path_is_checked_file_by_file(tmp_path: Path) -> None:
    assert check_path(tmp_path / "nowhere") == [
        Problem(tool=str(tmp_path / "nowhere"), message="There is no such file or folder.")
    ]
    assert check_path(tmp_path) == [Problem(tool=str(tmp_path), message="It holds no Python file.")]
    (tmp_path / "good.py").write_text(GOOD)
    assert check_path(tmp_path / "good.py", call=True) == []
    assert check_path(tmp_path) == []
    (tmp_path / "bad.py").write_text("1 / 0")
    (tmp_path / "empty.py").write_text("")
    (tmp_path / "test_good.py").write_text("1 / 0")
    (tmp_path / "_private.py").write_text("1 / 0")
    problems = check_path(tmp_path)
    assert [problem.tool for problem in problems] == ["bad.py", "empty.py"]
    assert "ZeroDivisionError" in problems[0].message and "defines no tool" in problems[1].message
    (tmp_path / "notes.txt").write_text("x")
    assert "is not a Python file" in check_path(tmp_path / "notes.txt")[0].message


def test_a_new_tool_passes_its_own_test_and_the_check(tmp_path: Path) -> None:
    path = new_tool("my_tool", tmp_path / "tools")
    assert path == tmp_path / "tools" / "my_tool.py"
    assert check_path(tmp_path / "tools", call=True) == []
    test = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", ".", "."]
    plain = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(test, cwd=path.parent, capture_output=True, text=True, timeout=120, env=plain)
    assert "2 passed" in done.stdout, done.stdout + done.stderr
    with pytest.raises(UsageError, match="exists"):
        new_tool("my_tool", tmp_path / "tools")


@pytest.mark.parametrize("name", ["class", "json"])
def test_a_new_tool_does_not_hide_what_belongs_to_python(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="word or a module of Python"):
        new_tool(name, tmp_path)


def test_a_new_tool_needs_a_name_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(InvalidTool, match="not a name"):
        new_tool("../evil", tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be written"):
        new_tool("fine", tmp_path / "file" / "folder")
    assert os.listdir(tmp_path) == ["file"]
