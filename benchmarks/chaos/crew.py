"""Everybody in the office: those who order runs, workers, a clerk who answers questions, and the world around them."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import func, select

from benchmarks.chaos.facts import Facts, read
from benchmarks.chaos.letters import SCHEDULE, WORKFLOWS, letters_run, write_workflows
from benchmarks.chaos.office import Order, ScriptedServer, mailing, office_sections, write_config, write_shop
from benchmarks.chaos.processes import Process, Starter, kill, tail, wait
from benchmarks.chaos.sink import Sink, open_sink
from benchmarks.chaos.watch import Witness
from clawdbot.config import Config
from clawdbot.config_file import load
from clawdbot.errors import UsageError
from clawdbot.store.ledger import RunLedger
from clawdbot.store.queue import NewRun
from clawdbot.store.tables import approvals, runs

_PAUSE_S = 0.05
_EXPECTED = (0, 3, 4)
"""Done, done in part, waits again: see cli/exit_codes.py."""
_COMPLAINT_S = 2.0
_COMMAND_S = 60.0
"""No command takes that long, on the slowest machine."""


@dataclass(kw_only=True)
class Crew:
    """The office at work.  ``config`` is the file that every command gets, ``settings`` what is in it."""

    folder: Path
    config: Path
    settings: Config
    ledger: RunLedger
    sink: Sink
    model: ScriptedServer
    starter: Starter
    lease_s: float
    heard: set[str] = field(default_factory=set)
    killed: int = 0

    def command(self, *argv: str, failpoint: str = "") -> Process:
        """Start a command on this office."""
        return self.starter.start([*argv, "--config", str(self.config)], failpoint=failpoint)

    def worker(self, *, failpoint: str = "") -> Process:
        """Start a worker that works until it is told to stop."""
        return self.command("worker", failpoint=failpoint)

    def accept(self, order: Order) -> str:
        """Put an order into the queue as the command line does, without a process for it; returns the run."""
        if order.kind in WORKFLOWS:
            run = letters_run(order.kind, config=self.settings, user=order.user)
        else:
            run = NewRun(goal=order.goal, language="en", user=order.user)
        run_id = self.ledger.queue.accept(run)
        self.heard.add(run_id)
        return run_id

    def accept_by_command(self, order: Order, *, failpoint: str = "") -> int | None:
        """``clawdbot run --detach``; what it said is accepted is remembered.  Returns its exit code."""
        process = self.command("run", order.goal, "--detach", "--json", "--user", order.user, failpoint=failpoint)
        code = wait(process, seconds=_COMMAND_S)
        said = process.log.read_text("utf-8")
        if '"queued"' in said:
            told, _ = json.JSONDecoder().raw_decode(said, said.index("{"))
            self.heard.add(told["run_id"])
        return code

    def schedule(self, *, on: bool) -> None:
        """Let the letters' schedule start runs, or pause it; UsageError when that cannot be done."""
        commands = [["workflow", "enable", "letters", "--yes"]] if on else [["schedule", "pause", SCHEDULE]]
        for argv in commands:
            process = self.command(*argv)
            if wait(process, seconds=_COMMAND_S) != 0:
                raise UsageError(f"{' '.join(argv)} does not work: {tail(process)}")

    def open_runs(self) -> int:
        """Runs that wait for a worker or are worked on."""
        statement = select(func.count()).where(runs.c.status.in_(("queued", "running", "interrupted")))
        with self.ledger.database.read() as connection:
            return int(connection.scalar(statement) or 0)

    def questions(self) -> list[Mapping[str, Any]]:
        """Questions that nobody has answered, of runs that wait for it."""
        waits = select(approvals, runs.c.goal).join(runs, runs.c.id == approvals.c.run_id)
        unanswered = waits.where(approvals.c.decision.is_(None), runs.c.status == "waiting")
        with self.ledger.database.read() as connection:
            return [dict(row) for row in connection.execute(unanswered).mappings()]

    def answer(self, question: Mapping[str, Any], *, failpoint: str = "") -> Process:
        """A person answers with the command: rivals get nothing, everybody else what was asked for."""
        how = ["--reject", "--reason", "not to a rival"] if "rival" in question["goal"] else []
        chosen = ["--only", question["payload_hash"][:16], *how]
        return self.command("approve", question["run_id"], "--detach", *chosen, failpoint=failpoint)

    def facts(self, witness: Witness) -> Facts:
        """What is known from outside."""
        return read(
            self.ledger.database, self.sink.taken, heard=frozenset(self.heard), billed=self.model.billed,
            changes=witness.changes,
        )  # fmt: skip


class Clerk:
    """Answers every question that is asked, and cancels what is to be cancelled, in a thread while the block runs.

    ``clumsy`` is the share of answers whose process is killed at a random moment; it is asked again then.
    """

    def __init__(self, crew: Crew, *, clumsy: float = 0.0, seed: int = 0) -> None:
        self.strange: list[str] = []
        """What the commands said that should have worked."""
        self._crew = crew
        self._clumsy = clumsy
        self._random = random.Random(seed)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True, name="clerk")
        self._cancelled: set[str] = set()

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """While inside."""
        self._thread.start()
        try:
            yield
        finally:
            self._over.set()
            self._thread.join()

    def _serve(self) -> None:
        while not self._over.wait(_PAUSE_S):
            for question in self._crew.questions():
                self._tend(self._crew.answer(question))
            for run_id in self._unwanted():
                if self._tend(self._crew.command("cancel", run_id)):
                    self._cancelled.add(run_id)

    def _tend(self, process: Process) -> bool:
        """Wait for a command, or kill it; True when it ended by itself."""
        if self._random.random() < self._clumsy:
            time.sleep(self._random.uniform(0.0, 0.5))
            if process.code() is None and kill(process) == -9:
                self._crew.killed += 1
                return False
        code = wait(process, seconds=_COMMAND_S)
        if code not in _EXPECTED:
            self.strange.append(f"a person's command ended with {code}: {tail(process)}")
            self._over.wait(_COMPLAINT_S)
        return True

    def _unwanted(self) -> list[str]:
        """Runs that nobody wants any more: the ones to a slow reader, whatever their state."""
        unwanted = select(runs.c.id).where(runs.c.goal.contains("slow@"), runs.c.status.not_in(("done", "cancelled")))
        with self._crew.ledger.database.read() as connection:
            return [run_id for run_id in connection.scalars(unwanted) if run_id not in self._cancelled]


@contextmanager
def open_crew(
    folder: Path,
    ledger_url: str,
    *,
    manner: Literal["fork", "exec"] = "fork",
    lease_s: float = 1.0,
    rough: float = 0.0,
    seed: int = 0,
    model_s: float = 0.0,
    slots: int = 2,
    as_shipped: bool = False,
) -> Iterator[Crew]:
    """An office in ``folder`` whose world runs while the block does; nobody works yet.

    ``as_shipped`` leaves the times of workers as they are by default.
    """
    home, logs = folder / "home", folder / "log"
    logs.mkdir(parents=True)
    write_shop(home)
    write_workflows(home)
    with open_sink(rough=rough, seed=seed) as sink, ScriptedServer(seconds=model_s) as model:
        sections = office_sections(
            home, model_url=model.url, smtp_port=sink.port, ledger_url=ledger_url, lease_s=lease_s, slots=slots
        )
        if as_shipped:
            del sections["worker"]
        config = write_config(folder / "clawdbot.toml", sections)
        ledger = RunLedger(ledger_url)
        ledger.queue.accept(NewRun(goal=mailing(0).goal, language="en", user="warm"))
        warm = [["worker", "--until-empty", "--config", str(config)]]
        starter = Starter(logs, manner=manner, environment={"CLAWDBOT_APP__HOME": str(home)})
        try:
            with starter.opened(like=warm):
                yield Crew(
                    folder=folder, config=config, settings=load(config), ledger=ledger, sink=sink, model=model,
                    starter=starter, lease_s=lease_s,
                )  # fmt: skip
        finally:
            ledger.close()
