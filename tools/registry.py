"""Which tools there are, and which of them runs may use: installed is not enabled.

Tools come from three places, and a name belongs to the first that has it: the built-in ones, entry points of the
group ``clawdbot.tools`` in installed packages, and plain Python files in the folders of ``[tools] paths``.
A packaged tool that is not enabled is not even imported.  What is broken becomes a row with its reason.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

from rapidfuzz import process

from clawdbot.config import Config
from clawdbot.errors import ClawdbotError, InvalidTool, UsageError
from clawdbot.tools.contract import Tool

AnyTool = Tool[..., Any]

ENTRY_POINT_GROUP = "clawdbot.tools"

BUILTINS: tuple[tuple[str, str], ...] = (
    ("query", "clawdbot.tools.database.query:query"),
    ("sql", "clawdbot.tools.database.sql:sql"),
    ("chart", "clawdbot.tools.chart.tool:chart"),
    ("report", "clawdbot.tools.report.tool:report"),
    ("mail", "clawdbot.tools.mail.tool:mail"),
    ("search_knowledge", "clawdbot.tools.knowledge.search:search_knowledge"),
    ("quote", "clawdbot.tools.knowledge.quote:quote"),
    ("export", "clawdbot.tools.database.export:export"),
)
"""Name and 'module:attribute' of the tools that ship with Clawdbot."""

WORKFLOW_BUILTINS: tuple[tuple[str, str], ...] = (
    ("typed_query", "clawdbot.tools.database.typed_query:typed_query"),
    ("bound_sql", "clawdbot.tools.database.bound_sql:bound_sql"),
    ("check_data", "clawdbot.tools.database.check_data:check_data"),
    ("knowledge_changes", "clawdbot.tools.knowledge.changes:knowledge_changes"),
)
"""Tools for fixed calls of workflows: they only read.  A planner gets those that [tools] enable names."""


@dataclass(frozen=True, kw_only=True)
class RegistryEntry:
    """An installed tool; ``tool`` is None for a packaged one that is not enabled, since it is not imported."""

    name: str
    origin: str
    """'built-in', 'package NAME VERSION' or 'file PATH'."""
    enabled: bool
    tool: AnyTool | None = None
    for_workflows: bool = False
    """Fixed calls of workflows may use it, enabled or not."""

    @property
    def advice(self) -> str:
        """How to enable it; empty when it is, or need not be."""
        return (
            ""
            if self.enabled or self.for_workflows
            else f"Installed, not enabled: add {self.name!r} to [tools] enable in clawdbot.toml."
        )


@dataclass(frozen=True, kw_only=True)
class RegistryProblem:
    """A tool, a file or a name in the configuration that cannot be used, and why."""

    name: str
    origin: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class _Candidate:
    name: str
    origin: str
    load: Callable[[], AnyTool]
    eager: bool = False


class Registry:
    """The tools of one configuration.  Build it with :meth:`load`; broken plug-ins never raise."""

    def __init__(self, entries: Sequence[RegistryEntry], problems: Sequence[RegistryProblem] = ()) -> None:
        self.entries = tuple(entries)
        """Every installed tool, enabled or not."""
        self.problems = tuple(problems)
        loaded = [(entry, entry.tool) for entry in entries if entry.tool is not None]
        self._usable = {entry.name: tool for entry, tool in loaded if entry.enabled}
        self._for_workflows = {entry.name: tool for entry, tool in loaded if entry.for_workflows}

    @classmethod
    def load(
        cls,
        config: Config,
        builtins: Sequence[tuple[str, str]] = BUILTINS,
        for_workflows: Sequence[tuple[str, str]] = WORKFLOW_BUILTINS,
    ) -> Registry:
        """Find and import the tools that ``config.tools`` enables; what is wrong is in ``problems``."""
        enable = frozenset(config.tools.enable)
        problems: list[RegistryProblem] = []
        entries: dict[str, RegistryEntry] = {}
        broken: set[str] = set()
        fixed = frozenset(name for name, _ in for_workflows)
        for candidate in _candidates(config, (*builtins, *for_workflows), problems):
            taken = entries.get(candidate.name)
            if taken is not None:
                problems.append(_clash(candidate, taken))
                continue
            enabled = candidate.name in enable
            try:
                needed = enabled or candidate.eager or candidate.name in fixed
                tool = candidate.load() if needed else None
            except InvalidTool as error:
                broken.add(candidate.name)
                problems.append(RegistryProblem(name=candidate.name, origin=candidate.origin, reason=str(error)))
                continue
            entries[candidate.name] = RegistryEntry(
                name=candidate.name, origin=candidate.origin, enabled=enabled, tool=tool,
                for_workflows=candidate.name in fixed,
            )  # fmt: skip
        missing = [name for name in config.tools.enable if name not in entries and name not in broken]
        problems.extend(_not_installed(name, tuple(entries)) for name in missing)
        return cls(tuple(entries.values()), problems)

    def tools(self) -> tuple[AnyTool, ...]:
        """The tools that planners may use."""
        return tuple(self._usable.values())

    def for_workflows(self) -> tuple[AnyTool, ...]:
        """The tools that fixed calls of workflows may use: those of planners, and those that are made for it."""
        return tuple({**self._for_workflows, **self._usable}.values())

    def get(self, name: str) -> AnyTool:
        """A tool that may be called; UsageError says why it cannot be.  Whether a run may is its envelope's to say."""
        found = self._usable.get(name) or self._for_workflows.get(name)
        if found is not None:
            return found
        for entry in self.entries:
            if entry.name == name:
                raise UsageError(f"The tool {name!r} is not enabled.", hint=entry.advice)
        for problem in self.problems:
            if problem.name == name:
                raise UsageError(f"The tool {name!r} cannot be used: {problem.reason}")
        raise UsageError(f"There is no tool {name!r}.", hint=f"Usable: {', '.join(self._usable) or 'none'}.")

    def __contains__(self, name: str) -> bool:
        return name in self._usable or name in self._for_workflows


def tools_in_file(path: Path) -> tuple[AnyTool, ...]:
    """Import one Python file and return the tools that it defines; InvalidTool when it cannot be imported."""
    digest = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]
    name = f"clawdbot_tool_file_{digest}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise InvalidTool(f"{path.name!r} is not a Python file.", hint="A tool file ends in .py.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # type hints and dataclasses look their module up there
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise _refusal(error) from error
    own = [value for value in vars(module).values() if isinstance(value, Tool) and _defined_in(value, module)]
    return tuple({id(tool): tool for tool in own}.values())


def _candidates(
    config: Config, builtins: Sequence[tuple[str, str]], problems: list[RegistryProblem]
) -> Iterator[_Candidate]:
    for name, target in builtins:
        point = EntryPoint(name=name, value=target, group=ENTRY_POINT_GROUP)
        yield _Candidate(name=name, origin="built-in", load=_loader(point))
    for point in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda point: (point.name, point.value)):
        package = f"package {point.dist.name} {point.dist.version}" if point.dist is not None else "package"
        yield _Candidate(name=point.name, origin=package, load=_loader(point))
    for folder in config.tools.paths:
        yield from _files(folder, problems)


def _files(folder: Path, problems: list[RegistryProblem]) -> Iterator[_Candidate]:
    """Tools of the plain files of a folder; files that begin with '_' or 'test_' and conftest.py are left alone."""
    if not folder.is_dir():
        problems.append(
            RegistryProblem(
                name=folder.name, origin=f"folder {folder}", reason="[tools] paths names a folder that does not exist."
            )
        )
        return
    for path in sorted(folder.glob("*.py")):
        if path.name.startswith(("_", "test_")) or path.name == "conftest.py":
            continue
        origin = f"file {path}"
        try:
            found = tools_in_file(path)
        except InvalidTool as error:
            problems.append(RegistryProblem(name=path.stem, origin=origin, reason=str(error)))
            continue
        if not found:
            reason = "It defines no tool. Put @tool(effect=...) above a function, or begin the file's name with '_'."
            problems.append(RegistryProblem(name=path.stem, origin=origin, reason=reason))
        for tool in found:
            yield _Candidate(name=tool.name, origin=origin, load=_found(tool), eager=True)


def _found(tool: AnyTool) -> Callable[[], AnyTool]:
    return lambda: tool


def _loader(point: EntryPoint) -> Callable[[], AnyTool]:
    def load() -> AnyTool:
        try:
            loaded = point.load()
        except (Exception, SystemExit) as error:
            raise _refusal(error) from error
        if not isinstance(loaded, Tool):
            raise InvalidTool(f"{point.value!r} is not a tool.", hint="Put @tool(effect=...) above the function.")
        if loaded.name != point.name:
            raise InvalidTool(
                f"The entry point {point.name!r} gives a tool that is called {loaded.name!r}.",
                hint="Give both the same name.",
            )
        return loaded

    return load


def _refusal(error: BaseException) -> InvalidTool:
    """One sentence for the author, whatever an import raised."""
    if isinstance(error, InvalidTool):
        return error
    text = " ".join(str(error).split())[:300]
    if isinstance(error, TypeError) and "tool()" in text:
        return InvalidTool(
            "The decorator @tool lacks its effect.", hint="Write @tool(effect='read'), 'artifact' or 'external'."
        )
    if isinstance(error, ClawdbotError):
        return InvalidTool(text)
    return InvalidTool(f"It cannot be imported: {type(error).__name__}: {text}".rstrip(": ") + ".")


def _defined_in(tool: AnyTool, module: ModuleType) -> bool:
    return getattr(tool.function, "__module__", None) == module.__name__


def _clash(candidate: _Candidate, taken: RegistryEntry) -> RegistryProblem:
    reason = f"The name {candidate.name!r} is taken ({taken.origin}). Give yours another with @tool(name=...)."
    return RegistryProblem(name=candidate.name, origin=candidate.origin, reason=reason)


def _not_installed(name: str, installed: tuple[str, ...]) -> RegistryProblem:
    nearest = process.extractOne(name, installed, score_cutoff=60)
    hint = f" The nearest name is {nearest[0]!r}." if nearest else ""
    return RegistryProblem(name=name, origin="[tools] enable", reason=f"No tool of that name is installed.{hint}")
