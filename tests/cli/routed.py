"""Runs as the ledger keeps them, with every kind of decision: for the tests of what is told of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, get_args, get_type_hints

from clawdbot.config import LABELS, Config, Intent, PersonalKind, StepKind
from clawdbot.models.routing.attempt import Attempt, Call, Validation
from clawdbot.models.routing.decision import Candidate, Decision, Outcome, Reason
from clawdbot.models.routing.snapshot import Scope
from clawdbot.models.routing.step_context import FAILURE_KINDS, Failure, StepContext
from clawdbot.store.ledger import RunLedger
from clawdbot.workflows.replay import Skip
from clawdbot.workflows.result import Status
from clawdbot.workflows.worker_events import WorkerEventKind

AT = "2026-11-02T10:10:31.000000+00:00"
OTHER = """
[models.other]
provider = "langchain"
model = "clawdbot.models.fake:ScriptedChatModel"
context = 16384
cloud = {cloud}
options = {{ script = "{script}" }}
[models.other.price]
input_usd = 1
output_usd = 2
[router]
order = {order}
cloud_max_label = "{limit}"
"""
"""Beside the run's model another one with a price; for ``str.format``."""

BUILT: dict[str, frozenset[str]] = {
    "because": frozenset(get_args(get_type_hints(Decision)["why"])),
    "outcome_why": frozenset(get_args(Outcome)) - {"chosen"},
    "reason": frozenset(get_args(Reason)) - {""},
    "mend": frozenset(get_args(Reason)) - {""},
    "failure": frozenset(FAILURE_KINDS),
    "tool": frozenset({*Config().tools.enable, "finish", "other"}),
    "kind": frozenset(get_args(StepKind)),
    "told": frozenset({*get_args(WorkerEventKind), "again", *(set(get_args(Status)) - {"running", "done"})}),
    "intent": frozenset(get_args(Intent)),
    "label": frozenset(LABELS),
    "personal": frozenset(get_args(PersonalKind)),
    "check": frozenset({"schema", "sql", "chart", "report", "mail", "citations", "numbers", "result", "other"}),
    "weighed": frozenset({"chosen", "dearer", "no_dearer"}),
    "checked": frozenset({"passed", "wrong", "wrong_detail"}),
    "left": frozenset(get_args(Scope)) - {"step"},
    "replay_skip": frozenset(get_args(Skip)) - {""},
    "unit": frozenset({"milliseconds", "seconds", "minutes", "hours", "days"}),
}
"""Groups of sentences that are found by a value of the record, and the values."""

RUN = "20261102-101010-ab12cd"
GOAL = "Sales by region for Q3 2026: draw a bar chart and mail it to finance."
GOAL_ZH = "统计2026年第三季度各地区的销售额，画一张柱状图，并发邮件给财务。"
SMALL, CODER, CLOUD = "qwen2.5-0.5b", "qwen2.5-coder-1.5b", "deepseek-v3"


def context(step: int = 1, **changes: Any) -> StepContext:
    """A step that sees internal data."""
    known: dict[str, Any] = {
        "run_id": RUN, "step": step, "user": "amy", "kind": "sql", "intent": "data", "prompt_tokens": 2412,
        "max_tokens": 300, "label": "internal", "masked_label": "internal", "deadline_s": 600.0,
    }  # fmt: skip
    return StepContext(**{**known, **changes})


def small(**changes: Any) -> Candidate:
    """The cheap local model, as it was weighed."""
    known: dict[str, Any] = {
        "name": SMALL, "cloud": False, "verdict": "dearer", "seconds": 2.1, "success": 0.42, "expected_usd": 0.0031,
    }  # fmt: skip
    return Candidate(**{**known, **changes})


def coder(**changes: Any) -> Candidate:
    """The better local model, as it was weighed."""
    known: dict[str, Any] = {
        "name": CODER, "cloud": False, "verdict": "chosen", "seconds": 4.2, "success": 0.83, "expected_usd": 0.0011,
    }  # fmt: skip
    return Candidate(**{**known, **changes})


def cloud(**changes: Any) -> Candidate:
    """The cloud model, as it was weighed."""
    known: dict[str, Any] = {
        "name": CLOUD, "cloud": True, "verdict": "filtered", "reason": "label", "detail": "internal > public",
        "price_usd": Decimal("0.00042"), "worst_usd": Decimal("0.00131"), "seconds": 1.4, "success": 0.97,
        "expected_usd": 0.0009,
    }  # fmt: skip
    return Candidate(**{**known, **changes})


def decision(*candidates: Candidate, **changes: Any) -> Decision:
    """A decision over the candidates, by default these three with the better local model chosen."""
    weighed = candidates or (small(), coder(), cloud())
    chosen = next((c.name for c in weighed if c.verdict == "chosen"), "")
    standby = tuple(c.name for c in weighed if c.verdict == "standby")
    known: dict[str, Any] = {
        "outcome": "chosen", "chosen": chosen, "standby": standby, "candidates": weighed, "why": "cheapest",
        "policy_hash": "9f2c",
    }  # fmt: skip
    return Decision(**{**known, **changes})


def call(model: str = CODER, **changes: Any) -> Call:
    """An answer of a model."""
    known = {"model": model, "prompt_tokens": 2398, "cached_tokens": 1900, "completion_tokens": 61, "ms": 3900}
    return Call(**{**known, **changes})


def attempt(step: int = 1, **changes: Any) -> Attempt:
    """An attempt of which everything went well, locally."""
    known: dict[str, Any] = {
        "id": "", "at": AT, "context": context(step), "decision": decision(), "call": call(),
        "all_cloud_usd": Decimal("0.0051"), "validations": (Validation(name="schema", ok=True),),
    }  # fmt: skip
    return Attempt(**{**known, **changes})


def record(n: int, tool: str, *, model: str = CODER, **changes: Any) -> dict[str, Any]:
    """A step as the ledger keeps it."""
    known: dict[str, Any] = {
        "n": n, "thought": "next", "tool": tool, "args": {}, "observation": "", "outcome": "ok", "receipt": None,
        "part": 0, "notes": [], "model": model, "label": "internal", "prompt_tokens": 2398, "completion_tokens": 61,
        "cost_usd": "0", "ms": 4100, "model_ms": 3900,
    }  # fmt: skip
    return {**known, **changes}


def story() -> tuple[list[dict[str, Any]], list[Attempt]]:
    """A run of six steps: local, sticky, escalated to the cloud, without a model, from a kept answer, out of money."""
    records = [
        record(1, "query"), record(2, "chart"), record(3, "report", model=CLOUD), record(4, "mail", model=""),
        record(5, "finish"),
    ]  # fmt: skip
    failed = Failure(model=CODER, kind="schema_invalid", detail="args.title: must not be empty.")
    upward = decision(
        small(verdict="filtered", reason="failed_before"), coder(verdict="filtered", reason="failed_before"),
        cloud(verdict="chosen", reason="", detail=""), why="escalated", masked=True, reserve_usd=Decimal("0.00131"),
        rules=("reports",),
    )  # fmt: skip
    masked = {"phone": 2, "mail_address": 1}
    attempts = [
        attempt(1, validations=(Validation(name="schema", ok=True), Validation(name="sql", ok=True))),
        attempt(2, decision=decision(why="sticky"), context=context(2, kind="chart", previous=CODER)),
        attempt(3, context=context(3, kind="report"), call=call(error="schema_invalid", error_text="no title")),
        attempt(
            3, context=context(3, kind="report", attempt=2, failures=(failed,), label="confidential"),
            decision=upward, call=call(CLOUD, masked=masked), reserved_usd=Decimal("0.00131"),
            spent_usd=Decimal("0.00041"), prices={CLOUD: {"as_of": "2026-10-01"}},
            validations=(
                Validation(name="schema", ok=True),
                Validation(name="numbers", ok=False, detail="5,600 is in no result"),
            ),
        ),
        attempt(5, context=context(5, kind="final"), call=call(served_from="stale_cache", age_s=7300)),
        attempt(
            6, context=context(6, kind="verify"), call=None, validations=(), all_cloud_usd=Decimal(0),
            decision=decision(cloud(reason="budget_day"), outcome="over_budget", why="none"),
        ),
    ]  # fmt: skip
    return records, attempts


def keep(
    config: Config,
    records: Sequence[Mapping[str, Any]],
    attempts: Sequence[Attempt],
    *,
    requests: Mapping[int, Mapping[str, Any]] | None = None,
    goal: str = GOAL,
    language: str = "en",
    run_id: str = RUN,
) -> str:
    """Write a run into the ledger; ``requests`` by the place of the attempt in the list.  Returns its id."""
    ledger = RunLedger.open(config)
    ledger.create_run(goal=goal, language=language, user="amy", run_id=run_id)
    for step in records:
        ledger.add_step(run_id, int(step["n"]), step)
    for number, one in enumerate(attempts):
        own = replace(one, id=f"{run_id[-6:]}-{number}", context=replace(one.context, run_id=run_id))
        ledger.attempts.add(
            id=own.id, run_id=run_id, step=own.context.step, attempt=own.context.attempt, at=own.at,
            record=own.as_json(), request=(requests or {}).get(number),
        )  # fmt: skip
    ledger.close()
    return run_id
