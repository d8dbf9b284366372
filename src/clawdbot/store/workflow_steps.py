"""The steps of workflow runs: where each stands, what it gave, and the run that works on it when it is a goal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Row, delete, func, select, update

from clawdbot.errors import StoreError
from clawdbot.failpoints import reach
from clawdbot.store import plain_json
from clawdbot.store.database import Database, now
from clawdbot.store.durable_tables import workflow_steps
from clawdbot.store.leases import Leases
from clawdbot.store.tables import steps

StepState = Literal["running", "waiting", "done", "failed", "skipped"]

ENDED: tuple[StepState, ...] = ("done", "failed", "skipped")


@dataclass(frozen=True, kw_only=True)
class StepRow:
    """One step, or one item of a foreach; see the table."""

    run_id: str
    position: str
    state: StepState
    output: dict[str, Any] | None
    error: str
    child: str | None
    tries: int
    n: int
    elapsed_s: float
    began_at: str
    ended_at: str | None

    @property
    def ended(self) -> bool:
        return self.state in ENDED


class WorkflowSteps:
    """Written under the lease of the workflow's run: every method that writes raises LeaseLost when another has it."""

    def __init__(self, database: Database, leases: Leases) -> None:
        self._database = database
        self._leases = leases

    def of_run(self, run_id: str) -> dict[str, StepRow]:
        """All steps that began, by position, in the order in which they did."""
        statement = select(workflow_steps).where(workflow_steps.c.run_id == run_id)
        with self._database.read() as connection:
            rows = connection.execute(statement.order_by(workflow_steps.c.began_at, workflow_steps.c.n)).all()
        return {row.position: _step(row) for row in rows}

    def begin(self, run_id: str, position: str) -> StepRow:
        """The step is worked on from now on, or again; the first time it gets its number."""
        with self._database.write() as connection:
            self._leases.fence(connection, run_id)
            known = _row(connection, run_id, position)
            if known is None:
                n = _next_number(connection, run_id)
                first = {"state": "running", "n": n, "tries": 0, "error": "", "elapsed_s": 0.0, "began_at": now()}
                connection.execute(workflow_steps.insert().values(run_id=run_id, position=position, **first))
            else:
                connection.execute(update(workflow_steps).where(*_is(run_id, position)).values(state="running"))
            found = _row(connection, run_id, position)
        assert found is not None, "it was written in this transaction"
        reach("step.began")
        return found

    def works_on(self, run_id: str, position: str, child: str) -> None:
        """The run that does this step; written down before that run begins."""
        self._change(run_id, position, {"child": child})

    def wait(self, run_id: str, position: str) -> None:
        """The step waits for a person."""
        self._change(run_id, position, {"state": "waiting"})

    def tried(self, run_id: str, position: str, error: str) -> int:
        """An attempt failed and another will be made; returns how many have failed."""
        self._change(
            run_id, position, {"tries": workflow_steps.c.tries + 1, "error": plain_json.text(error), "child": None}
        )
        return self._get(run_id, position).tries

    def end(
        self,
        run_id: str,
        position: str,
        state: Literal["done", "failed", "skipped"],
        *,
        elapsed_s: float,
        output: Mapping[str, Any] | None = None,
        error: str = "",
        record: Mapping[str, Any] | None = None,
    ) -> None:
        """The step is over, with what it gave; ``record`` becomes the run's step of its number, in one transaction."""
        values = {
            "state": state, "output": None if output is None else dict(output), "error": plain_json.text(error),
            "elapsed_s": elapsed_s, "ended_at": now(),
        }  # fmt: skip
        with self._database.write(durable=True) as connection:
            self._leases.fence(connection, run_id)
            _changed(connection, run_id, position, values)
            if record is not None:
                n = int(record["n"])
                connection.execute(delete(steps).where(steps.c.run_id == run_id, steps.c.n == n))
                connection.execute(steps.insert().values(run_id=run_id, n=n, record=dict(record)))
        reach("step.done")

    def check(self, run_id: str) -> None:
        """LeaseLost when another worker has the run now."""
        with self._database.write() as connection:
            self._leases.fence(connection, run_id)

    def _get(self, run_id: str, position: str) -> StepRow:
        with self._database.read() as connection:
            found = _row(connection, run_id, position)
        if found is None:
            raise StoreError(f"Step {position!r} of run {run_id!r} never began.")
        return found

    def _change(self, run_id: str, position: str, values: Mapping[str, Any]) -> None:
        with self._database.write() as connection:
            self._leases.fence(connection, run_id)
            _changed(connection, run_id, position, values)


def _changed(connection: Connection, run_id: str, position: str, values: Mapping[str, Any]) -> None:
    statement = update(workflow_steps).where(*_is(run_id, position)).values(**values)
    if connection.execute(statement).rowcount != 1:
        raise StoreError(f"Step {position!r} of run {run_id!r} never began.")


def _next_number(connection: Connection, run_id: str) -> int:
    """Numbers have no gaps: the fence keeps the run's row locked until the transaction ends."""
    statement = select(func.max(workflow_steps.c.n)).where(workflow_steps.c.run_id == run_id)
    return int(connection.scalar(statement) or 0) + 1


def _row(connection: Connection, run_id: str, position: str) -> StepRow | None:
    found = connection.execute(select(workflow_steps).where(*_is(run_id, position))).one_or_none()
    return None if found is None else _step(found)


def _step(row: Row[Any]) -> StepRow:
    return StepRow(**row._mapping)


def _is(run_id: str, position: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return workflow_steps.c.run_id == run_id, workflow_steps.c.position == position
