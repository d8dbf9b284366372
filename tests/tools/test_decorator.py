"""What a function's hints and docstring become for a model, and which functions are refused."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import BaseModel, Field, ValidationError

from clawdbot.errors import InvalidTool
from clawdbot.tools import ToolContext, tool


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Filter(BaseModel):
    """A condition."""

    column: str = Field(description="which column")
    title: str = "none"
    least: Decimal | None = None


class Tree(BaseModel):
    branches: list[Tree] = []


@tool(effect="read", provides="table")
def everything(
    text: str,
    count: Annotated[int, Field(ge=1, le=9, description="from Field")],
    colour: Colour,
    grain: Literal["day", "week"],
    filters: list[Filter],
    weights: dict[str, float],
    since: date,
    price: Decimal,
    *,
    context: ToolContext,
    limit: int = 10,
    note: str | None = None,
    level: Annotated[Optional[int], Field(ge=2)] = None,  # noqa: UP045 (the older spelling is what authors write)
    exact: bool = False,
) -> str:
    """Do everything
    at once.

    A second paragraph that a model never reads.

    Args:
        text (str): what to say,
            in many words
        count: overridden by Field
        limit： 最多几行
    :param note: an aside

    Returns:
        note: not a description
    """
    return f"{context.run_id} {text} {count} {limit}"


def test_the_schema_is_small_and_closed() -> None:
    properties = everything.schema["properties"]
    condition = {
        "type": "object",
        "description": "A condition.",
        "properties": {
            "column": {"type": "string", "description": "which column"},
            "title": {"type": "string", "default": "none"},
            "least": {"anyOf": [{"type": "number"}, {"type": "null"}], "default": None},
        },
        "required": ["column"],
        "additionalProperties": False,
    }
    assert properties == {
        "text": {"type": "string", "description": "what to say, in many words"},
        "count": {"type": "integer", "minimum": 1, "maximum": 9, "description": "from Field"},
        "colour": {"type": "string", "enum": ["red", "blue"]},
        "grain": {"type": "string", "enum": ["day", "week"]},
        "filters": {"type": "array", "items": condition},
        "weights": {"type": "object", "additionalProperties": {"type": "number"}},
        "since": {"type": "string", "format": "date"},
        "price": {"type": "number"},
        "limit": {"type": "integer", "default": 10, "description": "最多几行"},
        "note": {"type": "string", "description": "an aside"},
        "level": {"type": "integer", "minimum": 2},
        "exact": {"type": "boolean", "default": False},
    }
    assert everything.schema["required"] == [
        "text", "count", "colour", "grain", "filters", "weights", "since", "price",
    ]  # fmt: skip
    assert everything.schema["additionalProperties"] is False
    Draft202012Validator.check_schema(everything.schema)


def test_the_first_paragraph_is_the_description() -> None:
    assert everything.description == "Do everything at once."
    assert (everything.name, everything.effect, everything.provides) == ("everything", "read", "table")
    assert everything.context_parameter == "context"


GIVEN = {
    "text": 2026, "count": "3", "colour": "red", "grain": "day", "filters": [{"column": "a", "least": 1.5}],
    "weights": {"x": 1}, "since": "2026-07-01", "price": 2.5,
}  # fmt: skip


def test_arguments_are_converted_as_the_hints_say() -> None:
    made = everything.validate(GIVEN)
    assert made == {
        "text": "2026", "count": 3, "colour": Colour.RED, "grain": "day",
        "filters": [Filter(column="a", least=Decimal("1.5"))], "weights": {"x": 1.0}, "since": date(2026, 7, 1),
        "price": Decimal("2.5"),
    }  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    [
        {"count": 0}, {"colour": "green"}, {"grain": "year"}, {"since": "soon"}, {"filters": [{}]},
        {"context": "mine"}, {"unknown": 1}, {"weights": {"x": "heavy"}},
    ],
)  # fmt: skip
def test_wrong_arguments_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        everything.validate({**GIVEN, **wrong})


def test_calling_the_tool_calls_the_function() -> None:
    @tool(effect="artifact", name="other_name")
    def times(number: int, by: int = 2) -> int:
        """Multiply."""
        return number * by

    assert times(4) == 8
    assert times(4, by=3) == 12
    assert (times.name, times.effect) == ("other_name", "artifact")


def test_a_context_may_be_missing_and_hints_may_be_strings() -> None:
    @tool(effect="external", resumes=True)
    async def post(body: str) -> dict[str, str]:
        """Post it."""
        return {"body": body}

    assert post.context_parameter is None
    assert post.resumes
    assert post.schema["properties"] == {"body": {"type": "string"}}


def no_docstring(text: str) -> str:
    return text


def only_arguments(text: str) -> str:
    """text: what to say"""
    return text


def no_hint(text) -> str:  # type: ignore[no-untyped-def]  # what is tested
    """Say it."""
    return str(text)


def starred(*texts: str) -> str:
    """Say it."""
    return str(texts)


def double_starred(**texts: str) -> str:
    """Say it."""
    return str(texts)


def positional(text: str, /) -> str:
    """Say it."""
    return text


def callback(text: Callable[[], str]) -> str:
    """Say it."""
    return text()


def thing(text: object, other: ToolContext, third: ToolContext) -> str:
    """Say it."""
    return f"{text}{other}{third}"


def odd_class(text: threading_lock) -> str:  # type: ignore[name-defined]  # noqa: F821 (what is tested)
    """Say it."""
    return str(text)


def field_default(text: str = Field("x")) -> str:
    """Say it."""
    return text


def odd_default(text: str = everything) -> str:  # type: ignore[assignment]  # what is tested
    """Say it."""
    return text


def itself(tree: Tree) -> str:
    """Say it."""
    return str(tree)


def parts(text: str) -> Iterator[str]:
    """Say it."""
    yield text


def Shout(text: str) -> str:
    """Say it."""
    return text


def finish(text: str) -> str:
    """Say it."""
    return text


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (no_docstring, "no docstring"),
        (only_arguments, "no docstring"),
        (no_hint, "argument 'text' has no type hint.*text: str"),
        (starred, r"takes \*texts.*Name every argument"),
        (double_starred, r"takes \*\*texts"),
        (positional, "positional-only"),
        (callback, "argument 'text' has type Callable.*no JSON Schema"),
        (thing, "two contexts, 'other' and 'third'"),
        (odd_class, "'threading_lock' is not known"),
        (field_default, r"Field\(...\) as its default.*Annotated"),
        (odd_default, "default of argument 'text' is not a JSON value"),
        (itself, "contains itself"),
        (parts, "generator"),
        (Shout, "'Shout' is not a name"),
        (finish, "belongs to the planner"),
        (Filter, "not a function"),
    ],
)
def test_what_a_model_could_not_use_is_refused(function: Callable[..., Any], says: str) -> None:
    with pytest.raises(InvalidTool, match=says) as caught:
        tool(effect="read", name="filter_rows" if function is Filter else None)(function)
    assert "\n" not in str(caught.value)


def test_effect_has_no_default_and_is_one_of_three() -> None:
    with pytest.raises(TypeError, match="effect"):
        tool()  # type: ignore[call-arg]  # what is tested
    with pytest.raises(InvalidTool, match=r"effect is 'reads'.*nearest is 'read'"):
        tool(effect="reads")(positional)  # type: ignore[arg-type]  # what is tested
    with pytest.raises(InvalidTool, match=r"provides is 'charts'.*nearest is 'chart'"):
        tool(effect="read", provides="charts")(positional)  # type: ignore[arg-type]  # what is tested


@given(st.text(max_size=80))
def test_a_name_is_lower_case_ascii(name: str) -> None:
    allowed = name.isascii() and name.replace("_", "a").isalnum() and name == name.lower() and name[:1].isalpha()
    try:
        made = tool(effect="read", name=name)(echo)
    except InvalidTool:
        assert not allowed or len(name) > 64 or name == "finish"
    else:
        assert allowed and made.name == name


def echo(text: str) -> str:
    """Say it."""
    return text
