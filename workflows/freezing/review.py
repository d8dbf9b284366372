"""What a person must look at before a frozen workflow is used, in the language of the goal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from clawdbot.text.language import Language
from clawdbot.workflows.freezing.recorded_run import RecordedRun
from clawdbot.workflows.freezing.times import TimeInput

_WORDS: dict[Language, dict[str, str]] = {
    "zh": {
        "origin": "由任务 {run} 固化：{goal}",
        "relative": "输入 {name} 默认为“{default}”，按运行当天计算；任务当时是 {was}。",
        "literal": "输入 {name} 默认为“{default}”，不会随时间变化；需要时改成“上个季度”之类的说法。",
        "recipients": "输入 {name}：邮件默认发给 {default}。",
        "value": "输入 {name} 默认为 {default!r}，取自任务的目标。",
        "planned": "步骤 {step} 每次都由模型规划：它的时间条件无法变成输入。",
        "own": "工具 {tool} 按任务中的参数原样调用。",
        "left_out": "没有采用的步骤：{steps}（失败、重复，或结果没有用到）。",
        "quote": "任务依据了这段文档内容，工作流不会再查：{quote}",
        "texts": "由模型撰写、由程序核对的文字：{names}。不需要模型时，在该步骤写 model = false。",
        "drift": "数据表、列、指标或取值变化时，步骤由模型重新规划（on_drift = \"replan\"）；改为 \"fail\" 则停下。",
    },
    "en": {
        "origin": "Frozen from run {run}: {goal}",
        "relative": "Input {name} is {default!r} by default, seen from the day of the run; the run was of {was}.",
        "literal": "Input {name} is {default!r} by default and stays so; write 'last quarter' or the like where it "
                   "should move on.",
        "recipients": "Input {name}: mail goes to {default} by default.",
        "value": "Input {name} is {default!r} by default, from the goal of the run.",
        "planned": "Step {step} is planned by a model each time: its time could not be made an input.",
        "own": "The tool {tool} is called with the arguments of the run, as they were.",
        "left_out": "Steps that were not taken over: {steps} (failed, repeated, or nothing stands on them).",
        "quote": "The run went by these words of a document, which the workflow does not look up again: {quote}",
        "texts": "Texts that a model writes and code checks: {names}. Write model = false in that step to do without.",
        "drift": "When tables, columns, measures or values have changed, a step is planned anew by a model "
                 "(on_drift = \"replan\"); with \"fail\" it stops.",
    },
}  # fmt: skip


class Remarks:
    """Collects what a reviewer must look at."""

    def __init__(self, language: Language, times: Sequence[TimeInput]) -> None:
        self._words = _WORDS[language]
        self._times = times
        self._found: list[str] = []

    def add(self, kind: str, **values: Any) -> None:
        """Remark on something, once."""
        said = self._words[kind].format(**values)
        if said not in self._found:
            self._found.append(said)

    def origin(self, run: RecordedRun) -> str:
        """Where the workflow comes from."""
        return self._words["origin"].format(run=run.record.id, goal=" ".join(run.record.goal.split())[:300])

    def all(self, run: RecordedRun, body: Mapping[str, Any]) -> tuple[str, ...]:
        """Everything, what a run can do wrong first."""
        made = [self._input(name, given) for name, given in body["inputs"].items()]
        written = [
            name for step in body["step"] if "write" in step
            for name, text in step["write"]["texts"].items() if text.get("model", True)
        ]  # fmt: skip
        later = [self._words["texts"].format(names=", ".join(written))] if written else []
        if any("stands_on" in step for step in body["step"]):
            later.append(self._words["drift"])
        if run.left_out:
            later.append(self._words["left_out"].format(steps=", ".join(map(str, run.left_out))))
        quoted = [self._words["quote"].format(quote=quote) for quote in dict.fromkeys(run.quotes)]
        return tuple([*made, *self._found, *quoted, *later])

    def _input(self, name: str, given: Mapping[str, Any]) -> str:
        default = given["default"]
        time = next((t for t in self._times if t.name == name), None)
        if time is not None:
            kind = "relative" if time.relative else "literal"
            return self._words[kind].format(name=name, default=default, was=time.period.label)
        kind = "value"
        if given.get("of") == "address":
            kind, default = "recipients", ", ".join(default)
        return self._words[kind].format(name=name, default=default)
