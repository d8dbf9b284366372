"""What makes a workflow start by itself: ``[[trigger]]`` of a workflow file."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from clawdbot.config import Section, WrongValue
from clawdbot.workflows.schedules import cron as crons
from clawdbot.workflows.schedules.durations import PATTERN, duration
from clawdbot.workflows.schedules.zones import zone

TriggerKind = Literal["cron", "every", "at", "folder", "after", "webhook"]
Overlap = Literal["skip", "queue", "cancel_old", "allow"]
Outcome = Literal["verified", "ended", "failed"]

BY_TIME: tuple[TriggerKind, ...] = ("cron", "every", "at")
"""Kinds whose instants are known beforehand, so that one can be missed."""
_KINDS: tuple[TriggerKind, ...] = (*BY_TIME, "folder", "after", "webhook")


def _checked_duration(text: str) -> str:
    duration(text)
    return text


def _checked_zone(name: str) -> str:
    if name:
        zone(name)
    return name


def _checked_cron(expression: str) -> str:
    if expression:
        crons.check(expression)
    return expression


def _moment_text(value: Any) -> Any:
    """TOML has moments of its own."""
    return value.isoformat() if isinstance(value, datetime) else value


def _checked_moment(text: str) -> str:
    try:
        if text:
            datetime.fromisoformat(text)
    except ValueError:
        raise WrongValue(f"at = {text!r} is no moment", hint="Write it as 2026-12-31T17:00.") from None
    return text


Duration = Annotated[str, Field(json_schema_extra={"pattern": PATTERN}), AfterValidator(_checked_duration)]


class Within(Section):
    """A missed start is made up for as long as it is not older than this."""

    within: Duration = Field(description="A length of time: '30m', '1h30m', '2d'.")


class FolderWatch(Section):
    """Each new or changed file starts a run."""

    path: str = Field(min_length=1, description="The folder; '~' is the home folder.")
    glob: str = Field("*", min_length=1, description="Which files, '**/*.pdf' also in folders below.")
    settle_s: float = Field(5.0, ge=0, le=86_400, description="A file counts when nothing changed for so long.")
    input: str = Field("file", min_length=1, description="Input of the workflow that gets the file's path.")


class AfterWorkflow(Section):
    """The end of a run of another workflow starts a run."""

    workflow: str = Field(min_length=1, description="Name of the other workflow.")
    outcome: Outcome = Field("verified", description="How it must end; 'failed' is any end but verified or cancelled.")
    input: str = Field("", description="Input of this workflow that gets the other run's id.")


class WebhookCall(Section):
    """A call from outside starts a run; its JSON body gives inputs."""

    token_env: str = Field(min_length=1, description="Environment variable with the token that callers must know.")


Missed = Literal["skip", "once", "all"] | Within


class Trigger(Section):
    """One reason to start; exactly one of cron, every, at, folder, after and webhook says when."""

    name: str = Field(pattern=r"^[a-z0-9\u4e00-\u9fff][a-z0-9_\u4e00-\u9fff-]{0,63}$")
    cron: Annotated[str, AfterValidator(_checked_cron)] = Field("", description="Minute hour day month weekday.")
    every: Duration | Literal[""] = Field("", description="'90m', '1h30m', '2d': counted from when it was enabled.")
    at: Annotated[str, BeforeValidator(_moment_text), AfterValidator(_checked_moment)] = Field(
        "", description="Once, at this ISO moment."
    )
    timezone: Annotated[str, AfterValidator(_checked_zone)] = Field(
        "", description="IANA name for cron and at; unset: [app] timezone."
    )
    folder: FolderWatch | None = None
    after: AfterWorkflow | None = None
    webhook: WebhookCall | None = None
    missed: Missed = Field("once", description="What becomes of starts while no worker ran.")
    overlap: Overlap | None = Field(None, description="What becomes of a start while the run before is not over.")
    jitter_s: float = Field(0.0, ge=0, le=86_400, description="Starts are spread over so many seconds.")
    inputs: dict[str, Any] = Field(default_factory=dict, description="Inputs of the workflow.")
    enabled: bool = True

    @model_validator(mode="after")
    def _is_one_thing(self) -> Trigger:
        named = [kind for kind in _KINDS if getattr(self, kind)]
        if len(named) != 1:
            said = "several of them: " + ", ".join(named) if named else "none of them"
            raise WrongValue(
                f"the trigger {self.name!r} must say one of {', '.join(_KINDS)}, and has {said}",
                hint="Write one [[trigger]] for each.",
            )
        for key, kinds in (("timezone", ("cron", "at")), ("missed", BY_TIME)):
            if key in self.model_fields_set and getattr(self, key) and self.kind not in kinds:
                raise WrongValue(
                    f"the trigger {self.name!r} has {key}, which means nothing for {self.kind}", hint=f"Remove {key}."
                )
        return self

    @property
    def kind(self) -> TriggerKind:
        """Which one it is."""
        return next(kind for kind in _KINDS if getattr(self, kind))

    @property
    def by_time(self) -> bool:
        """Its instants are known beforehand."""
        return self.kind in BY_TIME

    @property
    def interval(self) -> timedelta:
        """The length of ``every``."""
        return duration(self.every)

    @property
    def overlapping(self) -> Overlap:
        """The policy for overlap: as written, else one that keeps what ``missed`` promises and each event its run."""
        if self.overlap is not None:
            return self.overlap
        if not self.by_time:
            return "allow"
        return "skip" if self.missed in ("skip", "once") else "queue"

    @property
    def made_up_within(self) -> timedelta | None:
        """How old a missed start may be that is made up for, when ``missed`` says so."""
        return duration(self.missed.within) if isinstance(self.missed, Within) else None
