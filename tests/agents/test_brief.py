"""The brief: compiled by rules, kept as JSON, and the fence that it sets."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawdbot.access.envelope import Envelope
from clawdbot.agents.brief import Brief, Part, Ranking, Recipient
from clawdbot.agents.briefing import compile_brief, today
from clawdbot.agents.periods import Period
from clawdbot.config import AppConfig, Config
from clawdbot.errors import ConfigError

TOOLS = frozenset({"query", "chart", "mail"})
CONFIG = Config.model_validate(
    {
        "app": {"today": "2026-11-02"},
        "databases": {"shop": {"url": "sqlite:///x"}},
        "mail": {"allow_recipients": ["*@example.com"], "contacts": {"finance": "Finance@example.com"}},
    }
)


def test_a_goal_becomes_a_brief() -> None:
    brief = compile_brief(
        "Top 3 regions by sales per month for Q3 2026 as pie chart, mail it to finance", CONFIG, tools=TOOLS
    )
    assert brief.language == "en"
    assert brief.deliverables == {"answer", "chart", "mail"}
    assert (brief.chart_kind, brief.charts) == ("pie", 1)
    assert brief.recipients == (Recipient(address="Finance@example.com", mention="finance"),)
    (part,) = brief.parts
    assert part.ranking == Ranking(limit=3, descending=True)
    assert part.grain == "month"
    hints = brief.hints(0)
    assert hints["periods"] == [{"label": "2026-Q3", "start": "2026-07-01", "end": "2026-10-01"}]
    assert (hints["limit"], hints["order"], hints["chart_kind"]) == (3, "desc", "pie")
    assert brief.envelope.recipients == {"finance@example.com"}


def test_without_a_mail_in_the_goal_no_mail_may_be_sent() -> None:
    brief = compile_brief("Sales of finance@example.com", CONFIG, tools=TOOLS)
    assert brief.envelope.tools == {"query", "chart"}
    assert brief.envelope.recipients == frozenset()
    assert brief.recipients == ()


def test_a_period_said_once_holds_for_every_question() -> None:
    brief = compile_brief("Which region sold most in 2025, and how many orders were there?", CONFIG, tools=TOOLS)
    assert [p.periods[0].label for p in brief.parts] == ["2025", "2025"]
    assert [p.ranking is not None for p in brief.parts] == [True, False]


def test_the_configured_language_wins() -> None:
    chinese = Config.model_validate({"app": {"language": "zh"}})
    assert compile_brief("Sales by region", chinese, tools=TOOLS).language == "zh"


def test_today_comes_from_the_configuration_or_the_clock() -> None:
    assert today(AppConfig(today="2026-11-02")) == date(2026, 11, 2)
    assert abs((today(AppConfig()) - date.today()).days) <= 1
    assert abs((today(AppConfig(timezone="Asia/Shanghai")) - date.today()).days) <= 1


@pytest.mark.parametrize(
    ("settings", "said"), [({"today": "tomorrow"}, "is no date"), ({"timezone": "Mars/Base"}, "is not known")]
)
def test_a_bad_day_or_zone_is_told(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        today(AppConfig(**settings))


_TEXT = st.text(max_size=12)
_DAYS = st.one_of(st.none(), st.dates())
_PERIODS = st.builds(
    Period, start=_DAYS, end=_DAYS, label=_TEXT, mention=_TEXT, position=st.integers(0, 99)
)  # fmt: skip
_RANKINGS = st.builds(
    Ranking, limit=st.one_of(st.none(), st.integers(1, 99)), descending=st.booleans(),
    position=st.one_of(st.none(), st.integers(2, 5)),
)  # fmt: skip
_PARTS = st.builds(
    Part, text=_TEXT, periods=st.lists(_PERIODS, max_size=2).map(tuple),
    grain=st.sampled_from([None, "month", "year"]), ranking=st.one_of(st.none(), _RANKINGS),
)  # fmt: skip
_NAMES = st.frozensets(_TEXT, max_size=3)
_BRIEFS = st.builds(
    Brief,
    goal=_TEXT,
    language=st.sampled_from(["zh", "en"]),
    today=st.dates(),
    deliverables=st.frozensets(st.sampled_from(["answer", "table", "chart", "report", "mail"])),
    parts=st.lists(_PARTS, min_size=1, max_size=3).map(tuple),
    chart_kind=st.sampled_from([None, "bar", "pie"]),
    charts=st.integers(0, 4),
    formats=st.sampled_from([(), ("csv",), ("csv", "xlsx")]),
    recipients=st.lists(st.builds(Recipient, address=_TEXT, mention=_TEXT), max_size=2).map(tuple),
    unknown_recipients=st.lists(_TEXT, max_size=2).map(tuple),
    refused=st.lists(_TEXT, max_size=2).map(tuple),
    envelope=st.builds(
        Envelope, tools=_NAMES, databases=_NAMES, recipients=_NAMES,
        allow_recipients=st.lists(_TEXT, max_size=2).map(tuple), approved_recipients=_NAMES,
    ),
)  # fmt: skip


@given(_BRIEFS)
def test_a_brief_survives_json(brief: Brief) -> None:
    assert Brief.from_json(json.loads(json.dumps(brief.as_json()))) == brief


@given(st.text(min_size=1, max_size=120).filter(lambda s: s.strip()))
def test_any_goal_compiles_and_only_its_own_addresses_get_in(goal: str) -> None:
    brief = compile_brief(goal, CONFIG, tools=TOOLS)
    assert Brief.from_json(brief.as_json()) == brief
    assert len(brief.parts) >= 1
    assert ("mail" in brief.envelope.tools) == ("mail" in brief.deliverables)
