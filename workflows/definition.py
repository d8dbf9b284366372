"""What a workflow is, as its TOML file says it: inputs, steps, outputs, triggers, whom to tell.

The models check the form of a file.  Whether its parts fit together (needs, templates, tools, arguments) says
``definition_checks.py``; reading a file with its errors in plain words is ``definition_file.py``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from clawdbot.config import Label, Section
from clawdbot.text.language import Language
from clawdbot.workflows.drift import StandsOn
from clawdbot.workflows.schedules.trigger import Trigger
from clawdbot.workflows.writing.wanted import Write

NAME = r"^[a-z0-9\u4e00-\u9fff][a-z0-9_\u4e00-\u9fff-]{0,63}$"
"""Of workflows: small letters, digits, '_' and '-', or Chinese."""
IDENTIFIER = r"^[a-z_\u4e00-\u9fff][a-z0-9_\u4e00-\u9fff]{0,47}$"
"""Of steps, inputs and outputs, as templates can name them."""

InputType = Literal["string", "integer", "number", "boolean", "date", "period", "choice", "list", "address"]
ItemType = Literal["string", "integer", "number", "date", "address"]
StepKind = Literal["goal", "tool", "write"]

Template = Annotated[str, Field(max_length=8_000)]
"""Jinja2 text.  One that is nothing but ``{{ expression }}`` keeps the value's type, any other gives text."""


class Bilingual(Section):
    """Words for people in Chinese and English; a plain string in the file stands for both."""

    zh: str = ""
    en: str = ""

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        return {"zh": value, "en": value} if isinstance(value, str) else value

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [{"type": "string"}, handler.resolve_ref_schema(handler(core_schema))]}

    def in_(self, language: Language) -> str:
        """The words in that language, else in the other one."""
        return (self.zh or self.en) if language == "zh" else (self.en or self.zh)

    def __bool__(self) -> bool:
        return bool(self.zh or self.en)


class Input(Section):
    """A value that a run is given.  Without a default it must be given, unless ``required = false`` (then None)."""

    type: InputType
    of: ItemType = Field("string", description="list: what its items are.")
    choices: tuple[str, ...] = Field((), description="choice: what may be chosen.")
    default: Any = Field(None, description="May be a template with today(), period('last quarter') and other inputs.")
    required: bool | None = Field(None, description="Unset: required when there is no default.")
    description: Bilingual = Bilingual()

    @property
    def must_be_given(self) -> bool:
        """No run starts without it."""
        return self.default is None if self.required is None else self.required and self.default is None


class Retries(Section):
    """How often a step that failed is tried again; each wait is twice the one before, 300 s at most."""

    attempts: int = Field(1, ge=1, le=10, description="All of them, the first included.")
    wait_s: float = Field(1.0, ge=0, le=300, description="Seconds before the second attempt.")


class Step(Section):
    """One step: exactly one of ``goal``, ``tool`` and ``write``."""

    id: str = Field(pattern=IDENTIFIER)
    title: Bilingual = Bilingual()
    goal: Template = Field("", description="What is wanted, in plain words; a planner works on it.")
    ask: bool = Field(False, description="goal: it is a question to the documents alone.")
    given: tuple[str, ...] = Field((), description="goal: ids of steps whose tables and files it starts with.")
    tool: str = Field("", description="A tool that is called with args.")
    args: dict[str, Any] = Field(default_factory=dict, description="Every string in it is a template.")
    write: Write | None = Field(None, description="Texts about results, by a model or by plain sentences.")
    stands_on: StandsOn | None = Field(None, description="tool: what it was frozen on; compared before each call.")
    on_drift: Literal["replan", "fail"] = Field("replan", description="When that changed: plan anew, or fail.")
    original: Template = Field("", description="The goal that is planned anew then, in plain words.")
    needs: tuple[str, ...] | None = Field(None, description="Ids of steps; unset: the step before; []: none.")
    when: Template = Field("", description="Expression; the step is skipped unless it holds.")
    foreach: Template = Field("", description="Expression that gives a list; the step is done for each 'item'.")
    parallel: int = Field(1, ge=1, le=16, description="foreach: most items at once.")
    retries: Retries = Retries()
    timeout_s: float | None = Field(None, gt=0)
    approval: bool | Template = Field(False, description="A person must say yes first; a text is what they are asked.")
    continue_on_error: bool = Field(False, description="Later steps go on when it failed; the verdict says partial.")
    output: Template = Field("", description="Expression: what the step gives instead of its own result.")

    @property
    def kind(self) -> StepKind:
        return "goal" if self.goal else "write" if self.write is not None else "tool"


class Tell(Section):
    """Whom to tell that a run ended."""

    mail: tuple[Template, ...] = Field((), description="Addresses or contacts; only inputs may be used.")
    webhook: str = Field("", pattern=r"^(https?://.+)?$", description="URL that gets the notice as JSON by POST.")


class Notify(Section):
    on_success: Tell | None = None
    on_failure: Tell | None = None


def _version(value: Any) -> Any:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


class Definition(Section):
    """A whole workflow file."""

    name: str = Field(pattern=NAME)
    version: Annotated[str, BeforeValidator(_version)] = Field("1", min_length=1, max_length=40)
    title: Bilingual = Bilingual()
    description: Bilingual = Bilingual()
    label: Label | None = Field(None, description="Data of this workflow is at least so sensitive.")
    budget_usd: Decimal | None = Field(None, ge=0, description="Most that models may cost in one run.")
    timeout_s: float = Field(3600.0, gt=0, description="Most seconds of work; waiting for people is not counted.")
    databases: tuple[Template, ...] = Field((), description="That tools may read; empty: those that args name, or all.")
    recipients_from_data: bool = Field(False, description="Addresses from results may be written to.")
    inputs: dict[Annotated[str, Field(pattern=IDENTIFIER)], Input] = Field(default_factory=dict)
    step: tuple[Step, ...] = Field(min_length=1, max_length=200)
    outputs: dict[Annotated[str, Field(pattern=IDENTIFIER)], Template] = Field(
        default_factory=dict, description="What the run gives; 'answer' is the text that people read."
    )
    notify: Notify = Notify()
    trigger: tuple[Trigger, ...] = Field((), description="What starts it by itself, once it is enabled.")

    def needs(self, step: Step) -> tuple[str, ...]:
        """Ids of the steps that must have ended before that one."""
        if step.needs is not None:
            return step.needs
        position = next(n for n, known in enumerate(self.step) if known.id == step.id)
        return () if position == 0 else (self.step[position - 1].id,)

    def ancestors(self, step: Step) -> tuple[str, ...]:
        """Ids of all steps that come before it by needs, in the order of the file."""
        known = {one.id: one for one in self.step}
        found: set[str] = set()
        left = list(self.needs(step))
        while left:
            name = left.pop()
            if name not in found:
                found.add(name)
                left.extend(self.needs(known[name]))
        return tuple(one.id for one in self.step if one.id in found)

    def heading(self, language: Language) -> str:
        """What people call it."""
        return self.title.in_(language) or self.name

    def as_json(self) -> dict[str, Any]:
        """JSON values without what is as by default; :meth:`from_json` reads them."""
        body: dict[str, Any] = self.model_dump(mode="json", exclude_defaults=True)
        return body

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Definition:
        """The definition that :meth:`as_json` wrote; pydantic.ValidationError for another."""
        return cls.model_validate(dict(body))

    @property
    def digest(self) -> str:
        """SHA-256 of what it says, however its file is laid out."""
        return hashlib.sha256(json.dumps(self.as_json(), sort_keys=True).encode()).hexdigest()
