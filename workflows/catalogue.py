"""The workflows of an installation: files in folders, those that are shipped, and what a person enabled of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from pydantic import ValidationError
from rapidfuzz import process

from clawdbot.config import Config
from clawdbot.errors import UsageError
from clawdbot.store.ledger import RunLedger
from clawdbot.store.workflows import Reviewed
from clawdbot.tools.registry import Registry
from clawdbot.workflows.definition import Definition
from clawdbot.workflows.definition_checks import require
from clawdbot.workflows.definition_file import parse, read_text

LIBRARY = Path(__file__).with_name("library")
"""Workflows that ship with Clawdbot."""

Origin = Literal["home", "folder", "library", "enabled"]
"""home: 'workflows' in [app] home; folder: of [workflows] paths; enabled: its file is gone, the snapshot is there."""

State = Literal["enabled", "changed", "disabled", "new", "broken"]
"""changed: enabled, and its file says something else now; new: never enabled; broken: its file cannot be used."""

_NEAR = 55


@dataclass(frozen=True, kw_only=True)
class Found:
    """One workflow: its file as it is now, and what was reviewed of it."""

    name: str
    origin: Origin
    path: Path | None = None
    definition: Definition | None = None
    """As the file says now; None when it cannot be used."""
    problem: str = ""
    reviewed: Reviewed | None = None

    @property
    def state(self) -> State:
        """What of it counts when nobody looks."""
        if self.reviewed is not None and self.reviewed.enabled:
            same = self.definition is not None and self.definition.digest == self.reviewed.digest
            return "enabled" if same or self.origin == "enabled" else "changed"
        if self.definition is None:
            return "broken"
        return "new" if self.reviewed is None else "disabled"


class Workflows:
    """All workflows by name; files are read each time.  A file in a later place is hidden by one of the same name."""

    def __init__(self, config: Config, registry: Registry, ledger: RunLedger) -> None:
        self._config = config
        self._registry = registry
        self._store = ledger.workflows
        self._database = ledger.database

    def all(self) -> tuple[Found, ...]:
        """Every workflow, those whose files cannot be used too, by name."""
        reviewed = {one.name: one for one in self._store.all()}
        found: dict[str, Found] = {}
        for one in self._files():
            known = found.get(one.name)
            if known is None or (known.definition is None and one.definition is not None):
                found[one.name] = replace(one, reviewed=reviewed.get(one.name))
        for name, one_reviewed in reviewed.items():
            if name not in found:
                found[name] = _without_file(one_reviewed)
        return tuple(found[name] for name in sorted(found))

    def find(self, name: str) -> Found:
        """A workflow by its name; UsageError names the nearest."""
        everything = {one.name: one for one in self.all()}
        if name in everything:
            return everything[name]
        nearest = process.extractOne(name, list(everything), score_cutoff=_NEAR)
        hint = f"Did you mean {nearest[0]!r}?" if nearest else "List them with: clawdbot workflow list"
        raise UsageError(f"There is no workflow {name!r}.", hint=hint)

    def usable(self, name_or_file: str) -> Definition:
        """The definition to run by hand, checked: of a workflow by its name, or of a file by its path.

        UsageError or InvalidWorkflow says why it cannot run.
        """
        path = Path(name_or_file).expanduser()
        if path.suffix == ".toml":
            return self.check(path)
        found = self.find(name_or_file)
        if found.path is not None:
            return self.check(found.path)
        if found.definition is None:
            raise UsageError(f"The workflow {found.name!r} cannot be used: {found.problem}")
        require(found.definition, self._registry, contacts=self._config.mail.contacts)
        return found.definition

    def check(self, path: Path) -> Definition:
        """The definition in a file; InvalidWorkflow with everything that is wrong with it."""
        definition = parse(read_text(path), str(path))
        require(definition, self._registry, contacts=self._config.mail.contacts, source=str(path))
        return definition

    def enable(self, definition: Definition, *, by: str) -> None:
        """Keep what was reviewed and switch it on: its triggers count from now on."""
        require(definition, self._registry, contacts=self._config.mail.contacts)
        with self._database.write(durable=True) as connection:
            self._store.enable_in(
                connection, name=definition.name, version=definition.version, digest=definition.digest,
                definition=definition.as_json(), by=by,
            )  # fmt: skip

    def disable(self, name: str, *, by: str) -> bool:
        """Switch it off; False when it was not on."""
        with self._database.write(durable=True) as connection:
            return self._store.disable_in(connection, name, by=by)

    def _files(self) -> Iterator[Found]:
        yield from self._folder(self._config.app.home / "workflows", "home")
        for folder in self._config.workflows.paths:
            yield from self._folder(folder, "folder")
        yield from self._folder(LIBRARY, "library")

    def _folder(self, folder: Path, origin: Origin) -> Iterator[Found]:
        for path in sorted(folder.glob("*.toml")):
            try:
                definition = self.check(path)
            except UsageError as error:
                yield Found(name=path.stem, origin=origin, path=path, problem=str(error))
            else:
                yield Found(name=definition.name, origin=origin, path=path, definition=definition)


def _without_file(reviewed: Reviewed) -> Found:
    try:
        definition: Definition | None = Definition.from_json(reviewed.definition)
        problem = ""
    except ValidationError as error:
        definition, problem = None, f"it was enabled by another version of Clawdbot ({error.error_count()} problems)"
    return Found(name=reviewed.name, origin="enabled", definition=definition, problem=problem, reviewed=reviewed)
