"""Goal and configuration in, brief and envelope out.  Rules only; no model, no I/O."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from clawdbot.access.envelope import Envelope
from clawdbot.agents import deliverables as wanted
from clawdbot.agents.brief import Brief, Part
from clawdbot.agents.grains import find_grain
from clawdbot.agents.periods import find_periods
from clawdbot.agents.recipients import find_recipients
from clawdbot.agents.requests import besides, find_questions, find_writes
from clawdbot.config import AppConfig, Config
from clawdbot.errors import ConfigError, UsageError
from clawdbot.text.language import detect

MAX_GOAL = 8_000
"""Characters; a goal is a request, not a document."""


def today(app: AppConfig) -> date:
    """The day that relative dates refer to; ConfigError on a bad [app] timezone or today."""
    if app.today:
        try:
            return date.fromisoformat(app.today)
        except ValueError:
            raise ConfigError(f"[app] today = {app.today!r} is no date.", hint="Write it as 2026-01-31.") from None
    if app.timezone == "local":
        return datetime.now().astimezone().date()
    try:
        return datetime.now(ZoneInfo(app.timezone)).date()
    except (ZoneInfoNotFoundError, ValueError):
        raise ConfigError(
            f"[app] timezone = {app.timezone!r} is not known.", hint="Use an IANA name such as Asia/Shanghai."
        ) from None


def compile_brief(goal: str, config: Config, *, tools: frozenset[str]) -> Brief:
    """The brief of a goal; UsageError when the goal is empty or far too long."""
    if not goal.strip():
        raise UsageError("The goal is empty.", hint='Say what you want, for example: clawdbot run "sales by region"')
    if len(goal) > MAX_GOAL:
        raise UsageError(
            f"The goal has {len(goal)} characters; the limit is {MAX_GOAL}.", hint="Put long material into a document."
        )
    day = today(config.app)
    asked = wanted.find_deliverables(goal)
    recipients, unknown = find_recipients(goal, config.mail.contacts) if "mail" in asked else ((), ())
    language = config.app.language if config.app.language != "auto" else detect(goal)
    refused = find_writes(goal)
    envelope = Envelope(
        tools=tools if "mail" in asked else tools - {"mail"},
        databases=frozenset(config.databases),
        recipients=frozenset(r.address.lower() for r in recipients),
        allow_recipients=config.mail.allow_recipients,
    )
    return Brief(
        goal=goal,
        language=language,
        today=day,
        deliverables=asked,
        parts=_parts(besides(goal, refused) or goal, day),
        chart_kind=wanted.find_chart_kind(goal),
        charts=wanted.count_charts(goal),
        formats=wanted.find_formats(goal),
        recipients=recipients,
        unknown_recipients=unknown,
        refused=refused,
        only_refused=bool(refused) and asked == {"answer"} and not besides(goal, refused),
        envelope=envelope,
    )


def _parts(goal: str, day: date) -> tuple[Part, ...]:
    """Each question with its own period, step and ranking; a period said once holds for all of them."""
    questions = find_questions(goal)
    if len(questions) < 2:
        questions = (goal,)
    everywhere = find_periods(goal, day)
    return tuple(
        Part(text=q, periods=find_periods(q, day) or everywhere, grain=find_grain(q), ranking=wanted.find_ranking(q))
        for q in questions
    )
