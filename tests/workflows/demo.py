"""The demo company with a model that plays its part: it makes the quarterly report, and writes texts about results."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from clawdbot.agents.events import silent
from clawdbot.app import App
from clawdbot.config import Config
from clawdbot.demo.environment import DemoEnvironment, prepare
from clawdbot.demo.sink import MailSink
from clawdbot.knowledge.embedding.fake import HashEmbedder
from clawdbot.models.fake import Scripted, ScriptedChatModel
from clawdbot.models.interface import Rung
from clawdbot.models.ladder import Ladder
from clawdbot.workflows.approver import Approver, nobody
from clawdbot.workflows.definition import Definition
from clawdbot.workflows.freezing.freezing import Frozen, freeze, name_of
from clawdbot.workflows.freezing.recorded_run import read_run
from clawdbot.workflows.result import RunResult
from clawdbot.workflows.starting import new_run
from tests.office import first_choice, step

Language = Literal["zh", "en"]

_SAID: dict[Language, dict[str, dict[str, str]]] = {
    "en": {
        "chart": {"title": "Revenue by region, Q3 2026"},
        "report": {"title": "Sales 2026-Q3", "summary": "East leads with 5,090,940.95. The chart shows all regions."},
        "mail": {
            "subject": "Sales report 2026-Q3",
            "body": "Attached are last quarter's sales by region.",
        },
        "finish": {"answer": "East leads with 5,090,940.95."},
    },
    "zh": {
        "chart": {"title": "2026年第三季度各地区销售额"},
        "report": {
            "title": "2026年第三季度销售报告",
            "summary": "华东以 5,090,940.95 元居首，图中列出各地区。",
        },
        "mail": {"subject": "2026年第三季度销售报告", "body": "附件是上季度各地区销售报告，请查收。"},
        "finish": {"answer": "华东以 5,090,940.95 元居首。"},
    },
}
_ROW = re.compile(r"^\| (?P<name>[^|]+) \| (?P<value>[\d,]+\.\d+) \|", re.MULTILINE)


def planner_of(language: Language) -> Scripted:
    """Makes the quarterly report, whatever step is offered."""

    def answer(messages: Sequence[Mapping[str, str]], schema: Mapping[str, Any]) -> Mapping[str, Any]:
        branches = schema.get("anyOf", [schema])
        offered = [b["properties"]["tool"]["const"] for b in branches if "tool" in b["properties"]]
        if not offered:
            return texts(messages, schema)
        for tool in ("query", "chart", "report", "mail"):
            if tool in offered:
                choose = first_choice(tool)
                assert callable(choose)
                made = dict(choose(messages, dict(schema))) if tool in ("query", "chart") else step(tool)
                return {**made, "args": {**made["args"], **_SAID[language].get(tool, {})}}
        return step("finish", **_SAID[language]["finish"])

    return answer


def texts(messages: Sequence[Mapping[str, str]], schema: Mapping[str, Any]) -> dict[str, str]:
    """Names the first row of the first table in every text that is asked for."""
    prompt = messages[-1]["content"]
    row = _ROW.search(prompt)
    chinese = "Chinese" in messages[0]["content"]
    said = "" if row is None else f"{row['name']} {row['value']}"
    sentence = f"结果中第一行是：{said}。" if chinese else f"The first row of the results is {said}."
    title = "各地区的销售情况一览" if chinese else "Revenue by region"
    return {name: title if spec["maxLength"] <= 100 else sentence for name, spec in schema["properties"].items()}


@dataclass(frozen=True, kw_only=True)
class Demo:
    """The demo's App, its model and its mail server."""

    environment: DemoEnvironment
    app: App
    model: ScriptedChatModel
    sink: MailSink

    def run(
        self, definition: Definition, *, approver: Approver = nobody, user: str = "tester", **inputs: Any
    ) -> RunResult:
        """Run a workflow to its end in this process."""
        run = new_run(definition, inputs, config=self.app.config, user=user)
        return self.app.engine.begin(run, listener=silent, approver=approver)


def frozen_run(app: App, run_id: str) -> Frozen:
    """The workflow of a run."""
    run = read_run(app.ledger, run_id, config=app.config, registry=app.registry)
    workspace = app.planner.workspace(run.record.id)
    return freeze(run, name=name_of(run), workspace=workspace, databases=app.databases, config=app.config)


@contextmanager
def demo(
    folder: Path,
    language: Language,
    script: Sequence[Scripted],
    *,
    config: Mapping[str, Mapping[str, Any]] | None = None,
    environment: DemoEnvironment | None = None,
) -> Iterator[Demo]:
    """The demo in ``folder``, its model playing ``script``; ``config`` replaces keys of sections."""
    environment = environment or prepare(folder / "demo", language=language, app_home=folder / "home")
    body = environment.config.model_dump(mode="json", by_alias=True, exclude_unset=True)
    for section, keys in (config or {}).items():
        body[section] = {**body.get(section, {}), **keys}
    model = ScriptedChatModel(script=list(script))
    rung = Rung(name="scripted", provider="fake", model="scripted", chat=model, context=16_384)
    with (
        environment.sink() as sink,
        App(Config.model_validate(body), ladder=Ladder.of(rung), embedder=HashEmbedder()) as app,
    ):
        yield Demo(environment=environment, app=app, model=model, sink=sink)
