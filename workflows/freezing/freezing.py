"""A verified run becomes a workflow: fixed calls of what counted, inputs for what the goal named, texts to write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from clawdbot.config import LABELS, Config, Label
from clawdbot.errors import UsageError
from clawdbot.text.language import Language
from clawdbot.tools.database.databases import Databases
from clawdbot.tools.workspace import Workspace
from clawdbot.workflows.definition import Definition
from clawdbot.workflows.freezing.parameters import Parameters, identifier
from clawdbot.workflows.freezing.queries import FixedCall, Questions
from clawdbot.workflows.freezing.recorded_run import DATA, Kept, RecordedRun
from clawdbot.workflows.freezing.review import Remarks
from clawdbot.workflows.freezing.texts import Texts
from clawdbot.workflows.freezing.times import TimeInput, time_inputs, without_times
from clawdbot.workflows.freezing.wording import question_of, question_of_sql, title_of

WORDS = "words"
"""Id of the step that writes the texts."""


@dataclass(frozen=True, kw_only=True)
class Frozen:
    """The workflow, and what a reviewer must look at, in the goal's language."""

    definition: Definition
    remarks: tuple[str, ...]


def freeze(run: RecordedRun, *, name: str, workspace: Workspace, databases: Databases, config: Config) -> Frozen:
    """The workflow of a run; UsageError when the run's queries do not fit the databases any more.

    ``workspace`` is the run's folder.
    """
    return _Freezing(run, workspace=workspace, databases=databases, config=config).frozen(name)


def name_of(run: RecordedRun) -> str:
    """A name for the file, from the first data step."""
    times = time_inputs(run.brief)
    return _stem(str(run.of(*DATA)[0].receipt["table"]), [t.period.label for t in times]).replace("_", "-")


@dataclass
class _Made:
    """Ids of the steps that kept steps became, and whether each is a planner's."""

    ids: dict[int, str] = field(default_factory=dict)

    def free(self, wanted: str) -> str:
        found, number = wanted, 2
        while found in {*self.ids.values(), WORDS}:
            found, number = f"{wanted}_{number}", number + 1
        return found


class _Freezing:
    """One run while it becomes a workflow."""

    def __init__(self, run: RecordedRun, *, workspace: Workspace, databases: Databases, config: Config) -> None:
        self._run, self._config = run, config
        self._language: Language = run.brief.language
        self._times = time_inputs(run.brief)
        self._parameters = Parameters(brief=run.brief, times=self._times)
        self._questions = Questions(databases, config, self._parameters)
        self._remarks = Remarks(self._language, self._times)
        frames = [workspace.load_table(t.name) for t in workspace.tables()]
        self._texts = Texts(step_id=WORDS, times=self._times, frames=frames)
        self._made = _Made()
        self._subjects: list[str] = []
        """What the data steps ask for, without the time."""

    def frozen(self, name: str) -> Frozen:
        data = [self._data(kept) for kept in self._run.of(*DATA)]
        rest = [self._other(kept) for kept in self._run.steps if kept.step.tool not in DATA]
        outputs = {}
        if self._run.answer:
            outputs["answer"] = self._texts.add("finish", "answer", self._run.answer)
        steps = [*data, *([self._words()] if self._texts.wanted else []), *rest]
        used = str((steps, outputs))
        body: dict[str, Any] = {
            "name": name,
            "title": {self._language: title_of(self._run.brief, self._times)},
            "description": {self._language: self._remarks.origin(self._run)},
            "label": self._label(),
            "inputs": {n: i for n, i in self._parameters.inputs.items() if f"inputs.{n}" in used},
            "step": steps,
            "outputs": outputs,
        }
        return Frozen(definition=Definition.model_validate(body), remarks=self._remarks.all(self._run, body))

    # --- steps -----------------------------------------------------------------------------------------------

    def _data(self, kept: Kept) -> dict[str, Any]:
        call = self._questions.frozen(kept)
        stem = _stem(str(kept.receipt["table"]), [t.period.label for t in self._times])
        step_id = self._made.ids[kept.step.n] = self._made.free(stem)
        question = self._question(call, kept)
        if call is None:
            self._remarks.add("planned", step=step_id)
            self._subjects.append(_title(kept, self._times))
            return {"id": step_id, "goal": question, "needs": []}
        return {
            "id": step_id,
            "tool": call.tool,
            "needs": [],
            "args": dict(call.args),
            "original": question,
            "stands_on": call.stands_on.model_dump(mode="json", exclude_defaults=True),
        }

    def _question(self, call: FixedCall | None, kept: Kept) -> str:
        if call is None:
            part = self._run.brief.parts[min(kept.step.part, len(self._run.brief.parts) - 1)]
            said = f"{_title(kept, self._times)}: {', '.join(kept.receipt['columns'])}"
            spoken = [t.spoken(self._language) for t in self._times if t.period in part.periods]
            return ", ".join([said, *spoken])
        if call.tool == "typed_query":
            names = self._questions.names(str(kept.receipt["database"]), self._language)
            self._subjects.append(question_of(call.args["query"], (), names))
            return question_of(call.args["query"], self._times, names)
        self._subjects.append(_title(kept, self._times))
        return question_of_sql(call.args, kept.receipt["columns"], self._times, self._language)

    def _words(self) -> dict[str, Any]:
        ids = [self._made.ids[kept.step.n] for kept in self._run.of(*DATA)]
        deeds = [kind for kind in ("chart", "report", "mail") if self._run.of(kind)]
        write: dict[str, Any] = {
            "about": "; ".join(dict.fromkeys(self._subjects)),
            "tables": [f"{{{{ steps.{i}.table }}}}" for i in ids],
            "deeds": deeds,
            "language": self._language,
            "texts": self._texts.wanted,
        }
        if len(self._times) == 1:
            write["period"] = f"{{{{ inputs.{self._times[0].name} }}}}"
        return {"id": WORDS, "needs": ids, "write": write}

    def _other(self, kept: Kept) -> dict[str, Any]:
        makers = {"chart": self._chart, "report": self._report, "mail": self._mail, "export": self._export}
        step_id = self._made.free(identifier(kept.step.tool, fallback="step"))
        args = makers.get(kept.step.tool, self._own)(kept)
        self._made.ids[kept.step.n] = step_id
        needs = [self._made.ids[n] for n in kept.needs if n in self._made.ids]
        if f"steps.{WORDS}." in str(args):
            needs.append(WORDS)
        step: dict[str, Any] = {"id": step_id, "tool": kept.step.tool, "needs": needs, "args": args}
        if kept.step.tool == "chart" and needs:
            step["when"] = f"steps.{needs[0]}.count > 0 and not steps.{needs[0]}.receipt.get('empty')"
        return step

    def _chart(self, kept: Kept) -> dict[str, Any]:
        receipt, given = kept.receipt, kept.step.args
        source = self._source(kept)
        args: dict[str, Any] = {"table": f"{{{{ {source}.table }}}}", "kind": receipt["kind"]}
        # A column that a planner called otherwise after drift is left to the tool, which chooses by its kind.
        for name in ("x", "series"):
            if receipt.get(name):
                args[name] = f"{{{{ {receipt[name]!r} if {receipt[name]!r} in {source}.columns else none }}}}"
        drawn = list(receipt.get("y", ()))
        if drawn:
            args["y"] = f"{{{{ {drawn!r} if {drawn[0]!r} in {source}.columns else none }}}}"
        args |= {name: given[name] for name in ("stacked", "sort", "top") if given.get(name) not in (None, "", False)}
        if given.get("title"):
            args["title"] = self._texts.add("chart", "title", str(given["title"]))
        return args

    def _report(self, kept: Kept) -> dict[str, Any]:
        args: dict[str, Any] = {
            name: self._texts.add("report", name, str(kept.step.args[name])) for name in ("title", "summary")
        }
        data = [n for n in kept.needs if self._run.step(n).step.tool in DATA]
        charts = [n for n in kept.needs if n not in data]
        args["tables"] = [f"{{{{ steps.{self._made.ids[n]}.table }}}}" for n in data]
        args["charts"] = self._files(charts)
        return args

    def _mail(self, kept: Kept) -> dict[str, Any]:
        args: dict[str, Any] = {
            name: self._texts.add("mail", name, str(kept.step.args[name])) for name in ("subject", "body")
        }
        sent = [*kept.receipt.get("to", ()), *kept.receipt.get("refused", {})]
        args["to"] = self._parameters.recipients(sent)
        files = [n for n in kept.needs if self._run.step(n).step.tool not in DATA]
        args["attachments"] = self._files(files)
        return args

    def _export(self, kept: Kept) -> dict[str, Any]:
        return {"table": f"{{{{ {self._source(kept)}.table }}}}", "format": kept.receipt["format"]}

    def _own(self, kept: Kept) -> dict[str, Any]:
        self._remarks.add("own", tool=kept.step.tool)
        return dict(kept.step.args)

    def _source(self, kept: Kept) -> str:
        """The step whose table a call uses; UsageError when it is not kept."""
        for number in kept.needs:
            return f"steps.{self._made.ids[number]}"
        raise UsageError(
            f"Step {kept.step.n} ({kept.step.tool}) used a table that no query of the run made.",
            hint="Run the goal again, and freeze that run.",
        )

    def _files(self, numbers: Sequence[int]) -> Any:
        """A template of the list of what these steps made; the vector twin of a chart is no file for people."""
        made = [f"steps.{self._made.ids[n]}.files[:1]" for n in numbers]
        return f"{{{{ {' + '.join(made)} }}}}" if made else []

    def _label(self) -> Label:
        names = {str(kept.receipt["database"]) for kept in self._run.of(*DATA)}
        return max((self._config.databases[n].label for n in names if n in self._config.databases), key=LABELS.index)


def _title(kept: Kept, times: Sequence[TimeInput]) -> str:
    """What a data step was called, without the time."""
    title = without_times(str(kept.step.args.get("title") or kept.receipt["table"]), times, " ")
    return " ".join(title.replace("_", " ").split())


def _stem(table: str, labels: Sequence[str]) -> str:
    """A name from a table's, without the time in it."""
    for label in labels:
        table = table.replace(label, "").replace(label.replace("-", "_"), "")
    return identifier(table, fallback="data")
