"""How the work stands, for people: a few lines, and with ``--detail`` a table of workers and one of runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from clawdbot.cli.amounts import Amounts
from clawdbot.cli.moments import local_time
from clawdbot.cli.session import Session
from clawdbot.cli.standing import Standing, WorkerStanding
from clawdbot.cli.streams import clean
from clawdbot.store.overview import Overview, RunningRun

_WORKER = (
    "standing.worker", "standing.host", "standing.process", "standing.state", "standing.seen", "standing.restarts",
    "standing.version", "standing.runs",
)  # fmt: skip
_RUN = ("standing.run", "standing.owner", "standing.lease", "standing.goal")
_STATES = {"active": "standing.active", "draining": "standing.draining", "silent": "standing.silent"}
_NOTHING = "–"
_GOAL = 80


class StatusView:
    """Prints what :func:`clawdbot.cli.standing.standing` found."""

    def __init__(self, session: Session, console: Console) -> None:
        self._session = session
        self._words = session.words
        self._amounts = Amounts(session.words)
        self._console = console

    def print(self, found: Standing, *, detail: bool) -> None:
        """The lines; the tables when they were asked for and are not empty."""
        for line in (*self._queue(found), *self._people(found.overview), *self._schedules(found.overview)):
            self._console.print(Text(line), soft_wrap=True)
        if detail and (found.working or found.silent):
            self._console.print()
            self._workers((*found.working, *found.silent))
        running = [(worker.title, run) for worker in found.workers for run in worker.runs]
        here, left = self._words("standing.here"), self._words("standing.left")
        running += [(here if run.lease_s > 0 else left, run) for run in found.elsewhere]
        if detail and running:
            self._console.print()
            self._runs(running)

    def _queue(self, found: Standing) -> Iterator[str]:
        runs, seen = found.overview.runs, found.overview
        yield self._words(
            "standing.queue",
            ready=seen.ready,
            later=runs.get("queued", 0) - seen.ready,
            running=runs.get("running", 0),
            waiting=runs.get("waiting", 0),
            interrupted=runs.get("interrupted", 0),
        )
        if seen.oldest_ready_s is not None:
            yield self._words("standing.oldest", duration=self._amounts.duration(seen.oldest_ready_s))
        working = found.working
        if working:
            slots = sum(worker.record.slots for worker in working)
            yield self._words("standing.workers", alive=len(working), slots=slots)
        else:
            yield self._words("standing.nobody", command=self._session.command("start --workers 1"))
        if found.silent:
            yield self._words("standing.dead", count=len(found.silent))
        if found.duties:
            titles = {worker.record.name: worker.title for worker in found.workers}
            said = [
                self._words("standing.duty", name=name, worker=titles.get(owner, owner))
                for name, owner in found.duties.items()
            ]
            yield self._words("standing.duties", duties=self._words.separator.join(said))

    def _people(self, seen: Overview) -> Iterator[str]:
        if seen.approvals:
            yield self._words("standing.approvals", count=seen.approvals, command=self._session.command("approve"))
        if seen.unknown_effects:
            yield self._words("standing.unknown", count=seen.unknown_effects, command=self._session.command("settle"))
        if seen.mails_on_their_way:
            yield self._words("standing.mails", count=seen.mails_on_their_way)
        if seen.failed_notices:
            yield self._words("standing.notices", count=seen.failed_notices)

    def _schedules(self, seen: Overview) -> Iterator[str]:
        if not seen.schedules:
            return
        yield self._words("standing.schedules", count=seen.schedules, paused=seen.paused)
        if seen.next_schedule and seen.next_at:
            yield self._words("standing.next", name=clean(seen.next_schedule), when=local_time(seen.next_at))

    def _workers(self, found: Sequence[WorkerStanding]) -> None:
        table = self._table(_WORKER)
        for worker in found:
            table.add_row(*self._worker(worker))
        self._console.print(table)

    def _worker(self, worker: WorkerStanding) -> tuple[str, ...]:
        record = worker.record
        ago = self._words("standing.ago", duration=self._amounts.duration(record.silent_s))
        restarts = _NOTHING if worker.restarts is None else str(worker.restarts)
        runs = f"{len(worker.runs)}/{record.slots}"
        state = self._words(_STATES[worker.state])
        return (clean(worker.title), record.host, str(record.process), state, ago, restarts, record.version, runs)

    def _runs(self, running: Sequence[tuple[str, RunningRun]]) -> None:
        table = self._table(_RUN)
        for owner, run in running:
            lease = self._words("standing.over")
            if run.lease_s > 0:
                lease = self._words("standing.for", duration=self._amounts.duration(run.lease_s))
            goal = " ".join(clean(run.goal).split())
            table.add_row(run.id, clean(owner), lease, goal if len(goal) <= _GOAL else f"{goal[: _GOAL - 1]}…")
        self._console.print(table)

    def _table(self, columns: Sequence[str]) -> Table:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in columns:
            table.add_column(self._words(column), overflow="fold")
        return table
