"""The names that templates of a workflow may use, and what of it comes from data instead of from people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from clawdbot.workflows.definition import Definition, Step
from clawdbot.workflows.templates import MOMENTS, Path, paths, strings

STEP_FACTS = (
    "state", "output", "text", "answer", "error", "table", "tables", "rows", "count", "columns", "file", "files",
    "receipt", "each",
)  # fmt: skip
"""What templates may read of a step; see ``StepView``."""

EVERYWHERE = frozenset({"inputs", "run", "workflow", "language", *MOMENTS})
ITEM = frozenset({"item", "position"})


@dataclass(frozen=True, kw_only=True)
class Place:
    """A template of a definition: where it stands ("step 'mails', args.to"), and what it may use."""

    where: str
    template: str
    names: frozenset[str]
    steps: tuple[str, ...] = ()
    """Steps that it may read of."""
    expression: bool = False
    """It is an expression, with or without braces."""


def places(definition: Definition) -> Iterator[Place]:
    """Every template of a definition but those of inputs' defaults."""
    for number, text in enumerate(definition.databases):
        yield Place(where=f"databases[{number}]", template=text, names=EVERYWHERE)
    for name, tell in (("on_success", definition.notify.on_success), ("on_failure", definition.notify.on_failure)):
        for number, text in enumerate(tell.mail if tell else ()):
            yield Place(where=f"notify.{name}.mail[{number}]", template=text, names=EVERYWHERE)
    for step in definition.step:
        yield from of_step(definition, step)
    everything = tuple(step.id for step in definition.step)
    for name, text in definition.outputs.items():
        yield Place(where=f"outputs.{name}", template=text, names=EVERYWHERE | {"steps"}, steps=everything)


def of_step(definition: Definition, step: Step) -> Iterator[Place]:
    """The templates of a step."""
    before = definition.ancestors(step)
    names = EVERYWHERE | {"steps"}
    own = names | ITEM if step.foreach else names
    at = f"step {step.id!r}"

    def place(key: str, text: str, allowed: frozenset[str] = own, expression: bool = False) -> Place:
        return Place(where=f"{at}, {key}", template=text, names=allowed, steps=before, expression=expression)

    for key, text in (("when", step.when), ("foreach", step.foreach)):
        if text:
            yield place(key, text, names, True)
    if isinstance(step.approval, str):
        yield place("approval", step.approval, names)
    if step.output:
        yield place("output", step.output, own | {"result"}, True)
    for key, text in (("goal", step.goal), ("original", step.original)):
        if text:
            yield place(key, text)
    for key, text in strings(step.args, "args"):
        yield place(key, text)
    if step.write is not None:
        for key, text in strings(step.write.model_dump(mode="json"), "write"):
            yield place(key, text)


def from_data(definition: Definition, step: Step, template: str, *, expression: bool = False) -> bool:
    """Something of the template's value comes from results of steps, which nobody reviewed."""
    return any(_is_data(definition, step, path) for path in paths(template, expression=expression))


def _is_data(definition: Definition, step: Step, path: Path) -> bool:
    if path[0] in ("steps", "result"):
        return True
    return path[0] in ITEM and bool(step.foreach) and from_data(definition, step, step.foreach, expression=True)
