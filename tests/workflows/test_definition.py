"""Workflow files: what they may hold, and what is said of wrong ones."""

from __future__ import annotations

import tomllib
from pathlib import Path

import jsonschema
import pytest

from clawdbot.config import Config
from clawdbot.tools.registry import Registry
from clawdbot.workflows.catalogue import LIBRARY
from clawdbot.workflows.definition import Definition
from clawdbot.workflows.definition_checks import check
from clawdbot.workflows.definition_file import InvalidWorkflow, json_schema, json_schema_text, parse, read

STEP = '[[step]]\nid = "a"\ntool = "sql"\nargs = { sql = "SELECT 1", title = "one" }\n'


@pytest.fixture(scope="module")
def registry() -> Registry:
    return Registry.load(Config())


def said(registry: Registry, text: str) -> list[str]:
    """Everything that is wrong with a file that begins with a name."""
    try:
        definition = parse(f'name = "x"\n{text}', "x.toml")
    except InvalidWorkflow as error:
        return [str(problem) for problem in error.problems]
    return [str(problem) for problem in check(definition, registry, contacts={"finance": "finance@example.com"})]


def test_a_whole_definition_is_json_and_comes_back(registry: Registry) -> None:
    text = (
        """
version = 2
title = { en = "One", zh = "一" }
label = "secret"
budget_usd = "0.50"
inputs.day = { type = "date", default = 2026-01-31 }
notify.on_failure = { mail = ["finance"] }
[[trigger]]
name = "daily"
cron = "0 9 * * *"
"""
        + STEP
    )
    assert said(registry, text) == []
    definition = parse(f'name = "x"\n{text}', "x.toml")
    again = Definition.from_json(definition.as_json())
    assert again.as_json() == definition.as_json()
    assert again.digest == definition.digest
    assert (definition.version, definition.heading("zh"), definition.heading("en")) == ("2", "一", "One")
    assert definition.digest != parse(f'name = "y"\n{text}', "x.toml").digest


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("stepp = 1\n" + STEP, "there is no key 'stepp'. Did you mean 'step'?"),
        ("version = [1]\n" + STEP, "version: must be text in quotes, not [1]."),
        ('name = "Bad Name"', "it is not valid TOML: Cannot overwrite a value"),
        (STEP.replace("tool", "tol"), "step 'a': there is no key 'tol'. Did you mean 'tool'?"),
        (STEP + 'retries = { attempts = 0 }', "step 'a', retries.attempts: must be at least 1, not 0."),
        ('label = "top"\n' + STEP, "label: must be one of 'public', 'internal', 'confidential' or 'secret', not"),
        ("title = 'x'", "the key 'step' is missing."),
        ('[[step]]\ntool = "sql"', "step 1: the key 'id' is missing. Add id = ..."),
        (STEP + 'goal = "x"', "step 'a': a step has exactly one of goal, tool and write; it has goal and tool."),
        ('[[step]]\nid = "a"', "it has none of them."),
        (STEP + "parallel = 2", "step 'a': parallel means nothing without foreach. Remove parallel."),
        (STEP + "ask = true", "ask means nothing without goal."),
        (STEP + 'approval = ""', "approval is empty."),
        (STEP + STEP, "step 'a': the name stands 2 times."),
        (STEP + 'needs = ["b"]\n' + STEP.replace('"a"', '"bb"'), "needs: there is no step 'b'. Did you mean 'bb'?"),
        (STEP + 'needs = ["a"]', "steps wait for each other: a -> a."),
        (STEP.replace('"sql"', '"qury"'), "Did you mean 'query'?"),
        (STEP.replace("title", "titel"), "title is missing; there is no argument 'titel'"),
        (STEP.replace('"one"', "[]"), "title is []"),
        (STEP.replace('"one"', '"{{ inputs.x }}"'), "there is no input 'x'."),
        (STEP.replace('"one"', '"{{ steps.b.output }}"'), "there is no step 'b'."),
        (STEP.replace('"one"', '"{{ itm }}"'), "there is no 'itm' here."),
        (STEP.replace('"one"', '"{{ item }}"'), "It is there in steps with foreach."),
        (STEP.replace('"one"', '"{{ 1 | nofilter }}"'), "the template cannot be read: No filter named 'nofilter'"),
        (STEP + 'when = "1 =="', "step 'a', when: the template cannot be read"),
        (STEP + '[outputs]\nx = "{{ steps.a.rwos }}"', "outputs.x: a step has no 'rwos'. Did you mean 'rows'?"),
        ('inputs.n = { type = "choice" }\n' + STEP, "choices belong to type choice"),
        ('inputs.n = { type = "choice", choices = ["x"], default = "y" }\n' + STEP, "'y' is none of x."),
        ('inputs.n = { type = "integer", default = "many" }\n' + STEP, "'many' is no number."),
        ('inputs.n = { type = "period", default = "soon" }\n' + STEP, "'soon' names no period."),
        ('inputs.n = { type = "date", default = "{{ inputs.m }}" }\n' + STEP, "no input 'm' stands before it."),
        ('inputs.n = { type = "date", default = "{{ run.id }}" }\n' + STEP, "there is no 'run' here."),
        ('inputs.n = { type = "address", default = "nobody" }\n' + STEP, "'nobody' is not a mail address."),
        (STEP + '[[step]]\nid = "g"\ngoal = "x"\nneeds = []\ngiven = ["a"]', "'a' need not have ended before."),
        (STEP + '[[trigger]]\nname = "t"\ncron = "x"', "trigger 't', cron:"),
        (STEP + '[[trigger]]\nname = "t"\nevery = "1h"\ninputs = { y = 1 }', "'t': the workflow has no input 'y'."),
        ('inputs.n = { type = "integer" }\n' + STEP + '[[trigger]]\nname = "t"\nevery = "1h"', "'n' must be given."),
        (
            'inputs.n = { type = "integer" }\n' + STEP + '[[trigger]]\nname = "t"\nevery = "1h"\ninputs = { n = "x" }',
            "trigger 't', inputs.n: 'x' is no number.",
        ),
        (STEP + '[[trigger]]\nname = "t"\nfolder = { path = "/x" }', "the workflow has no input 'file'."),
        (
            STEP + '[[step]]\nid = "m"\ntool = "mail"\n'
            'args = { to = ["{{ steps.a.rows[0].x }}"], subject = "s", body = "b" }',
            "step 'm', args.to[0]: the address comes from results of a step",
        ),
        (
            STEP + '[[step]]\nid = "m"\ntool = "mail"\nforeach = "steps.a.rows"\n'
            'args = { to = "{{ item.x }}", subject = "s", body = "b" }',
            "the address comes from results of a step, which nobody reviews.",
        ),
        ('[[step]]\nid = "m"\ntool = "mail"\nargs = { subject = "s", body = "b" }', "a mail has args.to."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place(registry: Registry, text: str, problem: str) -> None:
    found = said(registry, text)
    assert any(problem in one for one in found), found


def test_everything_wrong_is_said_at_once(registry: Registry) -> None:
    found = said(registry, 'labl = "x"\n[[step]]\nid = "a"\ntol = "sql"\nretries = { attempts = 0 }')
    assert len(found) == 3


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="cannot be read: No such file"):
        read(tmp_path / "none.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(Exception, match="is not UTF-8"):
        read(tmp_path / "bytes.toml")


def test_the_published_schema_is_what_code_makes(root: Path) -> None:
    assert (root / "docs" / "workflow.schema.json").read_text("utf-8") == json_schema_text()


@pytest.mark.parametrize("path", sorted(LIBRARY.glob("*.toml")), ids=lambda path: path.stem)
def test_the_schema_takes_what_the_reader_takes(path: Path) -> None:
    validator = jsonschema.Draft202012Validator(json_schema())
    body = tomllib.loads(path.read_text("utf-8"))
    assert [error.message for error in validator.iter_errors(body)] == []
    wrong = {**body, "step": [{**body["step"][0], "unknown": 1}]}
    assert list(validator.iter_errors(wrong))
