"""What the commands on workflows do: without models, for nothing here asks one."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clawdbot.cli import streams, terminal
from clawdbot.cli.detaching import print_queued
from clawdbot.cli.exit_codes import VERIFIED
from clawdbot.cli.session import Session
from clawdbot.cli.workflow_view import print_list, print_powers, print_workflow
from clawdbot.config import Config
from clawdbot.errors import UsageError
from clawdbot.store.ledger import RunLedger
from clawdbot.store.queue import NewRun
from clawdbot.tools.registry import Registry
from clawdbot.workflows.catalogue import Found, Workflows
from clawdbot.workflows.definition import Definition
from clawdbot.workflows.definition_file import InvalidWorkflow
from clawdbot.workflows.powers import powers
from clawdbot.workflows.schedules.scheduler import Scheduler
from clawdbot.workflows.starting import new_run

_YES = ("y", "yes", "是", "好", "同意")


class WorkflowDesk:
    """The workflows of one configuration; close it after use."""

    def __init__(self, session: Session, config: Config) -> None:
        self._session = session
        self._config = config
        self._registry = Registry.load(config)
        self._ledger = RunLedger.open(config)
        self._workflows = Workflows(config, self._registry, self._ledger)

    @classmethod
    def open(cls, session: Session) -> WorkflowDesk:
        """The desk of a session whose configuration is read."""
        assert session.config is not None, "the command has read it"
        return cls(session, session.config)

    def close(self) -> None:
        """Give back the ledger."""
        self._ledger.close()

    def list_all(self) -> None:
        """Print every workflow."""
        found = self._workflows.all()
        if self._session.json:
            streams.emit({"workflows": [_as_json(one) for one in found]})
        else:
            print_list(terminal.output(), found, self._session.words)

    def show(self, name: str) -> None:
        """Print one workflow and what it may do."""
        found = self._workflows.find(name)
        if found.definition is None:
            raise UsageError(found.problem)
        may = powers(found.definition, self._registry, self._config)
        if self._session.json:
            body = found.definition.as_json()
            streams.emit({**_as_json(found), "definition": body, "may": may.as_json()})
            return
        console = terminal.output()
        print_workflow(console, found, found.definition, self._session.words)
        print_powers(console, found.definition, may, self._session.words)

    def check(self, file: Path) -> bool:
        """Print what is wrong with a file; True when nothing is."""
        try:
            definition = self._workflows.check(file)
        except InvalidWorkflow as error:
            if not self._session.json:
                raise
            problems = [{"where": p.where, "what": p.what, "hint": p.hint} for p in error.problems]
            streams.emit({"file": str(file), "name": None, "problems": problems})
            return False
        if self._session.json:
            streams.emit({"file": str(file), "name": definition.name, "problems": []})
        else:
            streams.say(self._session.words("workflow.fine", file=file, name=definition.name))
        return True

    def new_run(self, name: str, inputs: Mapping[str, Any], *, user: str) -> NewRun:
        """The run of a workflow, or of a file, with these inputs."""
        definition = self._workflows.usable(name)
        return new_run(definition, inputs, config=self._config, user=user, language=self._session.language)

    def put_into_queue(self, new: NewRun) -> int:
        """Accept the run for workers."""
        run_id = self._ledger.queue.accept(new)
        lease_s = self._config.worker.lease_s
        nobody_works = not any(one.alive(lease_s) for one in self._ledger.workers.all())
        print_queued(self._session, run_id, nobody_works=nobody_works)
        return VERIFIED

    def enable(self, name: str, *, by: str, yes: bool) -> bool:
        """Show what a workflow may do, ask, keep what was reviewed; False when the person said no."""
        definition = self._workflows.usable(name)
        may = powers(definition, self._registry, self._config)
        words = self._session.words
        console = terminal.progress()
        print_powers(console, definition, may, words)
        if not yes and not self._agreed(definition):
            streams.tell(words("workflow.not_enabled", name=definition.name))
            return False
        self._workflows.enable(definition, by=by)
        self._follow()
        if self._session.json:
            body = {"name": definition.name, "version": definition.version, "digest": definition.digest}
            streams.emit({**body, "enabled": True, "may": may.as_json()})
        else:
            streams.say(words("workflow.enabled", name=definition.name, version=definition.version))
        return True

    def disable(self, name: str, *, by: str) -> bool:
        """Switch a workflow off; False when it was not on."""
        found = self._workflows.find(name)
        was_on = self._workflows.disable(found.name, by=by)
        self._follow()
        return was_on

    def _agreed(self, definition: Definition) -> bool:
        words = self._session.words
        if not streams.someone_is_there():
            raise UsageError(words("workflow.ask_yes"), hint=f"clawdbot workflow enable {definition.name} --yes")
        streams.write(sys.stderr, words("workflow.question"))
        return sys.stdin.readline().strip().lower() in _YES

    def _follow(self) -> None:
        """Let the schedules know at once, though workers would notice by themselves."""
        scheduler = Scheduler(self._config, self._ledger)
        try:
            scheduler.follow()
        finally:
            scheduler.close()


def _as_json(found: Found) -> dict[str, Any]:
    definition, reviewed = found.definition, found.reviewed
    return {
        "name": found.name,
        "title": None if definition is None else {"zh": definition.title.in_("zh"), "en": definition.title.in_("en")},
        "version": None if definition is None else definition.version,
        "origin": found.origin,
        "path": None if found.path is None else str(found.path),
        "state": found.state,
        "enabled": reviewed is not None and reviewed.enabled,
        "enabled_version": reviewed.version if reviewed is not None and reviewed.enabled else None,
        "changed_by": None if reviewed is None else reviewed.changed_by,
        "changed_at": None if reviewed is None else reviewed.changed_at,
        "problem": found.problem,
    }
