"""What ``workflow freeze`` does: read the run, show the file and what it may do, ask, write."""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress
from pathlib import Path

from clawdbot.agents.briefing import today
from clawdbot.cli import streams, terminal
from clawdbot.cli.session import Session
from clawdbot.cli.workflow_view import print_powers
from clawdbot.config import Config
from clawdbot.errors import UsageError
from clawdbot.store.ledger import RunLedger
from clawdbot.tools.database.databases import Databases
from clawdbot.tools.registry import Registry
from clawdbot.tools.workspace import Workspace
from clawdbot.workflows.definition import NAME
from clawdbot.workflows.definition_checks import require
from clawdbot.workflows.freezing.freezing import Frozen, freeze, name_of
from clawdbot.workflows.freezing.layout import laid_out
from clawdbot.workflows.freezing.recorded_run import RecordedRun, read_run
from clawdbot.workflows.powers import powers

_YES = ("y", "yes", "是", "好", "同意")


class FreezeDesk:
    """Freezes runs of one configuration; close it after use."""

    def __init__(self, session: Session, config: Config) -> None:
        self._session, self._words, self._config = session, session.words, config
        self._registry = Registry.load(config)
        self._ledger = RunLedger.open(config)
        self._databases = Databases(config)

    def close(self) -> None:
        """Give back the ledger and the databases."""
        self._databases.close()
        self._ledger.close()

    def freeze(self, run_id: str, *, name: str, out: Path | None, by: str, yes: bool) -> bool:
        """Show the workflow of a run and write it; False when the person said no.  UsageError when it cannot be."""
        run = read_run(self._ledger, run_id, config=self._config, registry=self._registry)
        called = name or name_of(run)
        if not re.fullmatch(NAME, called):
            raise UsageError(self._words("freeze.bad_name", name=called))
        path = out or self._config.app.home / "workflows" / f"{called}.toml"
        self._not_there(path)
        workspace = Workspace(self._config.app.home / "runs" / run.record.id)
        frozen = freeze(run, name=called, workspace=workspace, databases=self._databases, config=self._config)
        require(frozen.definition, self._registry, contacts=self._config.mail.contacts, source=str(path))
        text = laid_out(frozen.definition, comments=self._comments(run, frozen, by))
        self._show(frozen, text)
        if not yes and not self._agreed(path):
            streams.tell(self._words("freeze.not_written", path=path))
            return False
        self._write(path, text)
        self._tell(frozen, path, text)
        return True

    def _comments(self, run: RecordedRun, frozen: Frozen, by: str) -> list[str]:
        head = self._words(
            "freeze.head", run=run.record.id, day=run.record.created_at[:10], by=by,
            today=today(self._config.app).isoformat(), goal=" ".join(run.record.goal.split()),
        )  # fmt: skip
        return [head, "", self._words("freeze.look"), *(f"- {remark}" for remark in frozen.remarks)]

    def _show(self, frozen: Frozen, text: str) -> None:
        console = terminal.progress()
        console.print(streams.clean(text), markup=False, highlight=False, soft_wrap=True)
        print_powers(console, frozen.definition, powers(frozen.definition, self._registry, self._config), self._words)

    def _agreed(self, path: Path) -> bool:
        if not streams.someone_is_there():
            raise UsageError(self._words("freeze.ask_yes"), hint="--yes")
        streams.write(sys.stderr, self._words("freeze.question", path=path))
        return sys.stdin.readline().strip().lower() in _YES

    def _not_there(self, path: Path) -> None:
        if path.exists():
            raise UsageError(self._words("freeze.exists", path=path), hint=self._words("freeze.exists_hint"))

    def _write(self, path: Path, text: str) -> None:
        """Whole or not at all, and never over a file that came meanwhile."""
        partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            partial.write_text(text, "utf-8")
            os.link(partial, path)
        except OSError as error:
            self._not_there(path)
            told = self._words("freeze.unwritable", path=path, why=error.strerror or error)
            raise UsageError(told, hint=self._words("freeze.unwritable_hint")) from error
        finally:
            with suppress(OSError):
                partial.unlink(missing_ok=True)

    def _tell(self, frozen: Frozen, path: Path, text: str) -> None:
        if self._session.json:
            may = powers(frozen.definition, self._registry, self._config)
            body = {"name": frozen.definition.name, "path": str(path), "remarks": list(frozen.remarks), "text": text}
            streams.emit({**body, "may": may.as_json()})
            return
        streams.say(self._words("freeze.written", path=path))
        streams.say(self._words("freeze.next", name=frozen.definition.name))
