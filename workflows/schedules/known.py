"""The workflows that people have enabled, as schedules need them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from clawdbot.config import AppConfig
from clawdbot.errors import UsageError
from clawdbot.store.workflows import Reviewed, WorkflowStore
from clawdbot.text.language import Language
from clawdbot.workflows.definition import Definition
from clawdbot.workflows.schedules.wording import language_of, say


@dataclass(frozen=True, kw_only=True)
class KnownWorkflows:
    """All workflows at one moment; ``unreadable`` says why a definition cannot be used any more."""

    reviewed: Mapping[str, Reviewed]
    definitions: Mapping[str, Definition]
    unreadable: Mapping[str, str]
    app: AppConfig

    def definition(self, name: str) -> Definition:
        """The definition to start; UsageError says why there is none, in the person's language."""
        language = self.language(name)
        if name not in self.reviewed:
            raise UsageError(say(language, "gone", workflow=name))
        if not self.reviewed[name].enabled:
            raise UsageError(say(language, "disabled", workflow=name))
        if name in self.unreadable:
            raise UsageError(say(language, "unreadable", workflow=name, why=self.unreadable[name]))
        return self.definitions[name]

    def is_broken(self, name: str) -> bool:
        """It is enabled, and its definition cannot be used any more."""
        return name in self.unreadable and self.reviewed[name].enabled

    def language(self, name: str) -> Language:
        """In which language people are told of this workflow."""
        definition = self.definitions.get(name)
        title = definition.title if definition is not None else None
        return language_of(self.app, (title.en or title.zh if title else "") or name)


class EnabledWorkflows:
    """Reads them from the ledger; a definition is parsed once."""

    def __init__(self, store: WorkflowStore, app: AppConfig) -> None:
        self._store = store
        self._app = app
        self._parsed: dict[str, Definition | str] = {}

    def look(self) -> KnownWorkflows:
        """How they are now."""
        reviewed = {one.name: one for one in self._store.all()}
        parsed = {name: self._parse(one) for name, one in reviewed.items()}
        return KnownWorkflows(
            reviewed=reviewed,
            definitions={name: one for name, one in parsed.items() if isinstance(one, Definition)},
            unreadable={name: one for name, one in parsed.items() if isinstance(one, str)},
            app=self._app,
        )

    def _parse(self, reviewed: Reviewed) -> Definition | str:
        if reviewed.digest not in self._parsed:
            try:
                self._parsed[reviewed.digest] = Definition.from_json(reviewed.definition)
            except ValidationError as error:
                first = error.errors()[0]
                place = ".".join(str(part) for part in first["loc"])
                self._parsed[reviewed.digest] = f"{place}: {first['msg']}"
        return self._parsed[reviewed.digest]
