"""Notices: what people are told of, written together with what it tells, and delivered afterwards."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, RowMapping, select

from clawdbot.config import NoticeKind
from clawdbot.failpoints import reach
from clawdbot.store import plain_json
from clawdbot.store.database import Database, now
from clawdbot.store.durable_tables import notices
from clawdbot.store.upsert import insert

NoticeState = Literal["open", "kept", "sent", "unknown", "failed"]
"""open: not delivered everywhere yet; kept: nobody wanted it delivered; unknown, failed: of one channel at least."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """Who is told besides those of ``[notify]``: addresses, and a URL that gets it by POST."""

    mail: tuple[str, ...] = ()
    webhook: str = ""


@dataclass(frozen=True, kw_only=True)
class Notice:
    """One notice; ``at`` is ISO 8601 in UTC."""

    id: str
    at: str
    kind: NoticeKind
    run_id: str | None
    schedule: str | None
    subject: str
    body: str
    target: Target | None
    state: NoticeState


class NoticeBoard:
    """Where notices are posted; safe between threads and processes.  StoreError as Database raises it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def post(
        self,
        *,
        kind: NoticeKind,
        subject: str,
        body: str,
        run_id: str | None = None,
        schedule: str | None = None,
        target: Target | None = None,
        once: str = "",
    ) -> str:
        """Post a notice and return its id.  What has the same ``once`` is told a single time; empty: each time."""
        with self._database.write() as connection:
            return self.post_in(
                connection, kind=kind, subject=subject, body=body, run_id=run_id, schedule=schedule, target=target,
                once=once,
            )  # fmt: skip

    def post_in(
        self,
        connection: Connection,
        *,
        kind: NoticeKind,
        subject: str,
        body: str,
        run_id: str | None = None,
        schedule: str | None = None,
        target: Target | None = None,
        once: str = "",
    ) -> str:
        """The same within the transaction of what it tells, so that neither is there without the other."""
        row = {
            "id": notice_id(once) if once else secrets.token_hex(16), "at": now(), "kind": kind, "run_id": run_id,
            "schedule": schedule, "subject": plain_json.text(" ".join(subject.split())), "body": plain_json.text(body),
            "target": None if target is None else {"mail": list(target.mail), "webhook": target.webhook},
            "state": "open",
        }  # fmt: skip
        connection.execute(insert(connection, notices).values(**row).on_conflict_do_nothing())
        reach("notice.posted")
        return str(row["id"])

    def newest(self, *, limit: int = 50) -> tuple[Notice, ...]:
        """The newest notices, newest first."""
        statement = select(notices).order_by(notices.c.at.desc(), notices.c.id).limit(limit)
        with self._database.read() as connection:
            return tuple(notice_of(row) for row in connection.execute(statement).mappings())

    def told(self, once: Iterable[str]) -> frozenset[str]:
        """Those of the things, named as in ``once`` of :meth:`post`, that were told before."""
        ids = {notice_id(name): name for name in once}
        with self._database.read() as connection:
            found = connection.scalars(select(notices.c.id).where(notices.c.id.in_(ids)))
            return frozenset(ids[known] for known in found)


def notice_id(once: str) -> str:
    """The id of the notice about a thing that is told once."""
    return hashlib.sha256(f"notice {once}".encode()).hexdigest()[:32]


def notice_of(row: RowMapping) -> Notice:
    """A row of the table as a notice."""
    target = row["target"]
    made = None if target is None else Target(mail=tuple(target["mail"]), webhook=target["webhook"])
    return Notice(**{**row, "target": made})
