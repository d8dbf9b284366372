"""A secret of this installation, made once and kept in the ledger's database, where every process finds the same."""

from __future__ import annotations

import secrets

from sqlalchemy import select

from clawdbot.store.database import Database
from clawdbot.store.tables import meta
from clawdbot.store.upsert import insert

_NAME = "installation_key"
_BYTES = 32


def installation_key(database: Database) -> bytes:
    """The secret; made at the first call.  StoreError when the database cannot be used."""
    wanted = select(meta.c.value).where(meta.c.key == _NAME)
    with database.read() as connection:
        found = connection.scalar(wanted)
    if found is None:
        with database.write(durable=True) as connection:
            row = {"key": _NAME, "value": secrets.token_hex(_BYTES)}
            connection.execute(insert(connection, meta).values(**row).on_conflict_do_nothing())
            found = connection.scalar(wanted)
    return bytes.fromhex(str(found))
