"""An office on a ledger that several processes share: opened as often as a test needs it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from clawdbot.models.fake import Scripted
from clawdbot.store.ledger import RunRecord
from clawdbot.store.queue import Claimed
from tests.office import Office, Postbox, office_config, open_office, write_shop
from tests.workflows.mortal import TOOLS, by_offer

TO_STRANGER = "Sales by region for Q3 2026, mail it to stranger@elsewhere.example."
TO_STRANGER_ZH = "把2026年第三季度各地区的销售额发邮件到stranger@elsewhere.example"

OpenOffice = Callable[..., Office]

on_one_store = pytest.mark.parametrize("ledger_url", ["sqlite"], indirect=True)
"""For what the database has no part in."""


@pytest.fixture
def opened(tmp_path: Path, mail: tuple[Postbox, int], ledger_url: str) -> Iterator[OpenOffice]:
    """``opened(script, **sections)``: an office on one ledger, as often as it is called; closed after the test."""
    postbox, port = mail
    write_shop(tmp_path / "shop.sqlite")
    offices: list[Office] = []

    def make(script: Sequence[Scripted] | None = None, **sections: dict[str, Any]) -> Office:
        sections = {"tools": TOOLS, "worker": {"lease_s": 30.0, "crashes": 2}, **sections}
        config = office_config(tmp_path, port=port, store={"url": ledger_url}, **sections)
        offices.append(open_office(config, postbox, [by_offer] * 20 if script is None else script))
        return offices[-1]

    yield make
    for office in offices:
        office.app.close()


def claimed(office: Office, owner: str = "worker") -> Claimed:
    found = office.app.ledger.queue.claim(owner)
    assert found is not None
    return found


def run_of(office: Office) -> RunRecord:
    (found,) = office.app.ledger.list_runs()
    return found


def events(office: Office, run_id: str) -> list[str]:
    return [str(one.body["event"]) for one in office.app.ledger.events.read(run_id)]
