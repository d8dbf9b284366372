"""Inputs of workflows: values of their types, from words, templates and contacts; and templates themselves."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawdbot.config import Config
from clawdbot.errors import UsageError
from clawdbot.workflows.definition_file import parse
from clawdbot.workflows.inputs import named, resolve
from clawdbot.workflows.starting import new_run
from clawdbot.workflows.templates import TemplateFailed, evaluate, moments, paths, render, span

DAY = date(2026, 11, 2)
CONTACTS = {"finance": "finance@example.com", "财务": "finance@example.com"}
STEP = '[[step]]\nid = "a"\ntool = "sql"\n'


def value(spec: str, given: Any = None) -> Any:
    definition = parse(f'name = "x"\ninputs.x = {{ {spec} }}\n{STEP}', "x.toml")
    return resolve(definition, {} if given is None else {"x": given}, day=DAY, contacts=CONTACTS)["x"]


@pytest.mark.parametrize(
    ("spec", "given", "expected"),
    [
        ('type = "string"', "a", "a"),
        ('type = "string"', 7, "7"),
        ('type = "integer"', "7", 7),
        ('type = "integer"', 7.0, 7),
        ('type = "number"', "7.5", 7.5),
        ('type = "boolean"', "是", True),
        ('type = "boolean"', "no", False),
        ('type = "date"', "2026-01-31", "2026-01-31"),
        ('type = "date"', date(2026, 1, 31), "2026-01-31"),
        ('type = "date"', "昨天", "2026-11-01"),
        ('type = "period"', "last quarter", {"start": "2026-07-01", "end": "2026-10-01", "label": "2026-Q3"}),
        ('type = "period"', "上个月", {"start": "2026-10-01", "end": "2026-11-01", "label": "2026-10"}),
        ('type = "period"', {"start": "2026-01-01"}, {"start": "2026-01-01", "end": None, "label": "2026-01-01.."}),
        ('type = "choice", choices = ["a", "b"]', "b", "b"),
        ('type = "address"', "财务", "finance@example.com"),
        ('type = "list", of = "address"', "finance, b@example.com", ["finance@example.com", "b@example.com"]),
        ('type = "list", of = "integer"', "[1, 2]", [1, 2]),
        ('type = "list"', "甲、乙", ["甲", "乙"]),
        ('type = "date", default = "{{ today() - days(7) }}"', None, "2026-10-26"),
        ('type = "period", default = "{{ period(\'last month\') }}"', None,
         {"start": "2026-10-01", "end": "2026-11-01", "label": "2026-10"}),
        ('type = "string", required = false', None, None),
        ('type = "list", of = "address", default = ["finance"]', None, ["finance@example.com"]),
    ],
)  # fmt: skip
def test_values_are_read_by_their_type(spec: str, given: Any, expected: Any) -> None:
    assert value(spec, given) == expected


@pytest.mark.parametrize(
    ("spec", "given", "said"),
    [
        ('type = "string"', None, "x must be given (string)"),
        ('type = "string"', True, "True is no text"),
        ('type = "integer"', "7.5", "'7.5' is no whole number"),
        ('type = "number"', "many", "'many' is no number"),
        ('type = "number"', True, "True is no number"),
        ('type = "boolean"', "perhaps", "is neither yes nor no"),
        ('type = "date"', "last quarter", "is no day"),
        ('type = "period"', "Q1 2026, Q3 2026", "names more than one period"),
        ('type = "period"', {"from": "2026-01-01"}, "is no period"),
        ('type = "choice", choices = ["north", "south"]', "nort", "Did you mean 'north'?"),
        ('type = "address"', "nobody", "is not a mail address"),
        ('type = "list", of = "integer"', "[1,", "is no list in JSON"),
    ],
)
def test_what_does_not_fit_is_said(spec: str, given: Any, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        value(spec, given)
    assert said in str(caught.value)


def test_all_inputs_that_do_not_fit_are_named() -> None:
    text = f'name = "x"\ninputs = {{ n = {{ type = "integer" }}, m = {{ type = "date" }} }}\n{STEP}'
    with pytest.raises(UsageError) as caught:
        resolve(parse(text, "x.toml"), {"n": "x", "mm": "y"}, day=DAY, contacts={})
    for word in ("did you mean 'm'?", "n: 'x' is no number", "m must be given"):
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("title", "inputs", "preferred", "language"),
    [
        ('title = { zh = "报告", en = "Report" }', {}, "zh", "zh"),
        ('title = { zh = "报告", en = "Report" }', {}, None, "en"),
        ('title = "季度报告"', {}, "en", "zh"),
        ('title = "Report"', {"language": "zh"}, "en", "zh"),
    ],
)
def test_a_run_speaks_the_language_of_inputs_then_of_the_person(
    title: str, inputs: dict[str, str], preferred: Any, language: str
) -> None:
    text = f'name = "x"\n{title}\ninputs.language = {{ type = "string", required = false }}\n{STEP}'
    made = new_run(parse(text, "x.toml"), inputs, config=Config(), user="me", language=preferred, day=DAY)
    assert (made.language, made.kind, made.spec["day"]) == (language, "workflow", "2026-11-02")


NAMES = {
    "inputs": named({"p": dict(span("last quarter", DAY))}, parse(
        f'name = "x"\ninputs.p = {{ type = "period" }}\n{STEP}', "x.toml")),
    "rows": [{"code": "007", "n": 1.5}],
    **moments(DAY),
}  # fmt: skip


@pytest.mark.parametrize(
    ("template", "gives"),
    [
        ("{{ rows[0].code }}", "007"),
        ("{{ rows[0].n }}", 1.5),
        ("{{ rows }}", [{"code": "007", "n": 1.5}]),
        ("{{ rows | map(attribute='n') }}", [1.5]),
        ("{{- rows | length -}}", 1),
        ("{{ inputs.p }}", {"start": "2026-07-01", "end": "2026-10-01", "label": "2026-Q3"}),
        ("of {{ inputs.p }} to {{ inputs.p.last }}", "of 2026-Q3 to 2026-09-30"),
        ("{{ None }}", None),
        ("a{{ None }}", "a"),
        ("{{ 'a' }}{{ 'b' }}", "ab"),
        ("{% for row in rows %}{{ row.code }}{% endfor %}", "007"),
        ("{{ date('2026-01-31').year }}", 2026),
        ("plain", "plain"),
    ],
)
def test_templates_keep_the_types_of_values(template: str, gives: Any) -> None:
    assert render(template, NAMES) == gives


@pytest.mark.parametrize(
    "template",
    [
        "{{ missing }}", "{{ rows[0].missing }}", "{{ ''.__class__ }}", "{{ 1 / 0 }}", "a {{ range(10 ** 9) | list }}",
        "{{ 'x' * 300000 }}y", "{{ rows.append(1) }}", "{{ broken",
    ],
)  # fmt: skip
def test_what_gives_nothing_is_an_error_in_words(template: str) -> None:
    with pytest.raises(TemplateFailed, match="template"):
        render(template, NAMES)


def test_text_from_data_stays_text() -> None:
    assert evaluate("x", {"x": "[1, 2]"}) == "[1, 2]"


@given(st.one_of(st.text(), st.integers(), st.booleans(), st.none(), st.lists(st.text())))
def test_an_expression_alone_gives_exactly_its_value(x: Any) -> None:
    assert render("{{ x }}", {"x": x}) == x


def test_what_a_template_reads_is_known_without_rendering_it() -> None:
    template = "{% for r in steps.a.rows %}{{ r.b }}{{ inputs['p'].start }}{{ range(3) }}{% endfor %}"
    assert paths(template) == {("steps", "a", "rows"), ("inputs", "p", "start")}
