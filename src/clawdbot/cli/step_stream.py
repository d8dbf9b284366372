"""The steps of a run as they happen: a spinner while the model thinks, then thought, call and observation."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from clawdbot.cli.streams import clean
from clawdbot.cli.wording import Language, Words

_ARGUMENT = 160
_OBSERVATION_LINES = 6
_OBSERVATION = 480


class StepStream:
    """A listener that writes for people, in the goal's language once the brief is known."""

    def __init__(self, console: Console, language: Language, *, quiet: bool = False) -> None:
        self.words = Words(language)
        self.run_id = ""
        self._console = console
        self._quiet = quiet
        self._spinner: Progress | None = None

    def __call__(self, event: Mapping[str, Any]) -> None:
        """Take one event of a run (see ``clawdbot.agents.events``)."""
        self.run_id = str(event["run_id"])
        if event["event"] == "brief":
            self.words = Words(event["brief"]["language"])
        self.stop()
        if self._quiet:
            return
        match event["event"]:
            case "run":
                self._run(event)
            case "brief":
                self._brief(event["brief"])
            case "thinking":
                self._spin(self.words("run.thinking", n=event["step"]))
            case "step":
                self.step(event)
            case "verify":
                self._spin(self.words("run.verifying"))

    def stop(self) -> None:
        """Take the spinner away, before anything else is written."""
        if self._spinner is not None:
            self._spinner.stop()
            self._spinner = None

    def step(self, step: Mapping[str, Any]) -> None:
        """One step, as :class:`clawdbot.agents.steps.Step` is kept."""
        ok = step["outcome"] == "ok"
        head = Text.assemble(("● " if ok else "○ ", "green" if ok else "yellow"), (_name(step), "bold"))
        if not ok:
            said = self.words("outcome." + step["outcome"])
            head.append(f"  {said}", "yellow")
        head.append(f"  {self._cost(step)}", "dim")
        self._console.print(head)
        if step["thought"] and step["model"]:
            self._indented(step["thought"], "italic dim")
        if step["tool"] and step["args"]:
            self._indented(_call(step["args"]), "cyan")
        if step["observation"] and not (step["tool"] == "finish" and ok):
            self._indented(_preview(step["observation"]), "" if ok else "yellow")

    def _run(self, event: Mapping[str, Any]) -> None:
        key = "run.resumed" if event["resumed"] else "run.started"
        self._console.print(Text(self.words(key, id=event["run_id"]), style="dim"))

    def _brief(self, brief: Mapping[str, Any]) -> None:
        wanted = self.words.separator.join(self.words(f"deliverable.{kind}") for kind in brief["deliverables"])
        parts = [self.words("run.wanted", what=wanted)]
        periods = {period["label"]: None for part in brief["parts"] for period in part["periods"]}
        if periods:
            parts.append(self.words("run.period", what=self.words.separator.join(periods)))
        people = [person["address"] for person in brief["recipients"]]
        if people:
            parts.append(self.words("run.recipients", what=self.words.separator.join(people)))
        self._console.print(Text(clean("  ".join(parts)), style="dim"))

    def _spin(self, text: str) -> None:
        if not self._console.is_terminal:
            return
        columns = (SpinnerColumn(), TextColumn("{task.description}", style="dim", markup=False), TimeElapsedColumn())
        self._spinner = Progress(*columns, console=self._console, transient=True)
        self._spinner.add_task(text, total=None)
        self._spinner.start()

    def _cost(self, step: Mapping[str, Any]) -> str:
        parts = [f"{max(step['ms'], step['model_ms']) / 1000:.1f} s"]
        if step["model"]:
            parts.append(self.words("run.tokens", prompt=step["prompt_tokens"], completion=step["completion_tokens"]))
            if step["model_ms"] > 0:
                parts.append(self.words("run.speed", rate=step["completion_tokens"] * 1000 / step["model_ms"]))
        return " · ".join(parts)

    def _indented(self, text: str, style: str) -> None:
        self._console.print(Padding(Text(clean(text), style=style), (0, 0, 0, 2), expand=False))


def _name(step: Mapping[str, Any]) -> str:
    """Number and tool, of a workflow's step with its place in the file, of a goal's with the step that it is for."""
    named = f"{step['n']} {step['tool'] or '?'}"
    if step.get("position"):
        return f"{step['n']} {step['position']} ({step['tool']})"
    return f"{step['within']} › {named}" if step.get("within") else named


def _call(arguments: Mapping[str, Any]) -> str:
    shown = []
    for name, value in arguments.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        text = " ".join(text.split())
        shown.append(f"{name}: {text if len(text) <= _ARGUMENT else text[: _ARGUMENT - 1] + '…'}")
    return "\n".join(shown)


def _preview(observation: str) -> str:
    lines = observation[:_OBSERVATION].splitlines()
    cut = len(observation) > _OBSERVATION or len(lines) > _OBSERVATION_LINES
    return "\n".join(lines[:_OBSERVATION_LINES]) + (" …" if cut else "")
