"""The way of each notice to people: one row for each channel, tried until it is through, given up or in doubt.

A row that is taken is its taker's until ``ready_at``; that moment is also the token that proves it.
States: open -> sending -> sent | unknown (mails, at most once); open -> sent (webhooks, at least once); open -> failed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, exists, select, update

from clawdbot.store import plain_json
from clawdbot.store.database import Database, now
from clawdbot.store.durable_tables import notice_deliveries, notices
from clawdbot.store.notices import Notice, NoticeState, notice_of
from clawdbot.store.upsert import insert

DeliveryState = Literal["open", "sending", "sent", "unknown", "failed"]
Routes = Callable[[Notice], Mapping[str, Any]]
"""Channel -> addresses or URL, for a notice; empty when nobody wants it."""

_WORST: tuple[NoticeState, ...] = ("failed", "unknown", "sent")


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One notice on one channel, taken by this process until ``ready_at``; ``tries`` counts this try too."""

    notice: Notice
    channel: str
    target: Any
    state: DeliveryState
    tries: int
    error: str
    ready_at: str


class Deliveries:
    """The deliveries of all notices; safe between threads and processes.  StoreError as Database raises it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def route(self, routes: Routes) -> None:
        """Give every new notice its channels, or mark it as kept."""
        on_its_way = exists().where(notice_deliveries.c.notice_id == notices.c.id)
        with self._database.write() as connection:
            new = connection.execute(select(notices).where(notices.c.state == "open", ~on_its_way)).mappings().all()
            for notice in map(notice_of, new):
                channels = routes(notice)
                for channel, target in channels.items():
                    row = {"notice_id": notice.id, "channel": channel, "target": target, "state": "open"}
                    connection.execute(
                        insert(connection, notice_deliveries).values(**row, ready_at=now()).on_conflict_do_nothing()
                    )
                if not channels:
                    connection.execute(update(notices).where(notices.c.id == notice.id).values(state="kept"))

    def take(self, *, for_s: float) -> Delivery | None:
        """The delivery that is due for longest, for so many seconds this process's; None when none is."""
        due = select(notice_deliveries).where(
            notice_deliveries.c.state == "open", notice_deliveries.c.ready_at <= now()
        )
        with self._database.write() as connection:
            row = connection.execute(
                due.order_by(notice_deliveries.c.ready_at, notice_deliveries.c.notice_id)
                .limit(1)
                .with_for_update(skip_locked=True)
            ).one_or_none()
            if row is None:
                return None
            taken = {"ready_at": _in(for_s), "tries": row.tries + 1}
            connection.execute(_of(row.notice_id, row.channel).values(**taken))
            notice = connection.execute(select(notices).where(notices.c.id == row.notice_id)).mappings().one()
            mine = {**row._mapping, **taken, "notice": notice_of(notice)}
            mine.pop("notice_id")
            return Delivery(**mine)

    def sending(self, delivery: Delivery) -> bool:
        """From here on it may be delivered; False when it is no longer this process's.  On the disk when it returns."""
        mine = (notice_deliveries.c.state == "open", notice_deliveries.c.ready_at == delivery.ready_at)
        with self._database.write(durable=True) as connection:
            statement = _of(delivery.notice.id, delivery.channel).where(*mine)
            return connection.execute(statement.values(state="sending")).rowcount == 1

    def retry(self, delivery: Delivery, *, error: str, after_s: float) -> None:
        """It was certainly not delivered; it is due again after so many seconds."""
        self._move(delivery, ("open", "sending"), state="open", error=plain_json.text(error), ready_at=_in(after_s))

    def end(self, delivery: Delivery, state: Literal["sent", "unknown", "failed"], *, error: str = "") -> None:
        """It came to its end; one that was believed lost may still be said to be sent."""
        before: tuple[DeliveryState, ...] = ("open", "sending", "unknown") if state == "sent" else ("open", "sending")
        self._move(delivery, before, state=state, error=plain_json.text(error))

    def give_up_lost(self) -> None:
        """What was being sent when its process ended may have arrived: it becomes unknown, and is not sent again."""
        lost = (notice_deliveries.c.state == "sending", notice_deliveries.c.ready_at <= now())
        with self._database.write() as connection:
            found = connection.execute(select(notice_deliveries.c.notice_id).where(*lost)).scalars().all()
            connection.execute(update(notice_deliveries).where(*lost).values(state="unknown"))
            for notice_id in sorted(set(found)):
                _sum_up(connection, notice_id)

    def of_notice(self, notice_id: str) -> dict[str, DeliveryState]:
        """Channel -> state."""
        statement = select(notice_deliveries.c.channel, notice_deliveries.c.state).where(
            notice_deliveries.c.notice_id == notice_id
        )
        with self._database.read() as connection:
            return {channel: state for channel, state in connection.execute(statement.order_by("channel"))}

    def _move(self, delivery: Delivery, before: tuple[DeliveryState, ...], **values: Any) -> None:
        mine: tuple[ColumnElement[bool], ...] = (
            notice_deliveries.c.state.in_(before),
            notice_deliveries.c.ready_at == delivery.ready_at,
        )
        with self._database.write(durable=True) as connection:
            connection.execute(_of(delivery.notice.id, delivery.channel).where(*mine).values(**values))
            _sum_up(connection, delivery.notice.id)


def _of(notice_id: str, channel: str) -> Any:
    return update(notice_deliveries).where(
        notice_deliveries.c.notice_id == notice_id, notice_deliveries.c.channel == channel
    )


def _sum_up(connection: Connection, notice_id: str) -> None:
    """The notice's own state, once all of its channels have ended: that of the worst."""
    # Of two channels that end at once the second must see the first.
    connection.execute(select(notices.c.id).where(notices.c.id == notice_id).with_for_update())
    wanted = select(notice_deliveries.c.state).where(notice_deliveries.c.notice_id == notice_id)
    states = set(connection.scalars(wanted))
    if states and not states & {"open", "sending"}:
        state = next(known for known in _WORST if known in states)
        connection.execute(update(notices).where(notices.c.id == notice_id).values(state=state))


def _in(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat(timespec="microseconds")
