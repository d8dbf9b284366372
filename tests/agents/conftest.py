"""Whole runs in a small office: real SQLite, real charts and reports, a real mail server, a scripted model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import stamina

from clawdbot.config import PriceConfig
from clawdbot.models.fake import Scripted
from clawdbot.models.interface import Rung
from tests.office import Office, Postbox, mail_server, office_config, open_office, write_shop

MakeOffice = Callable[..., Office]


@pytest.fixture
def mail() -> Iterator[tuple[Postbox, int]]:
    """A mail server on this machine."""
    with mail_server() as found:
        yield found


@pytest.fixture
def office(tmp_path: Path, mail: tuple[Postbox, int]) -> Iterator[MakeOffice]:
    """``office(script, price=None, cloud=False, yes=None, standby=(), documents=None, **sections)``: an open office;
    closed after the test.  ``documents`` are files by name; those in ``secret/`` only the user 'boss' may see."""
    postbox, port = mail
    opened: list[Office] = []

    def make(
        script: Sequence[Scripted],
        *,
        price: PriceConfig | None = None,
        cloud: bool = False,
        yes: Callable[[str], float] | None = None,
        standby: Sequence[Rung] = (),
        documents: Mapping[str, str] | None = None,
        **sections: dict[str, Any],
    ) -> Office:
        if not (tmp_path / "shop.sqlite").exists():
            write_shop(tmp_path / "shop.sqlite")
        if documents:
            for name, text in documents.items():
                (tmp_path / "papers" / name).parent.mkdir(parents=True, exist_ok=True)
                (tmp_path / "papers" / name).write_text(text, "utf-8")
            rules = [{"match": "secret/**", "access": ["user:boss"], "label": "confidential"}]
            source = {"paths": [str(tmp_path / "papers")], "rules": rules}
            sections = {"knowledge": {"index": "exact", "sources": {"papers": source}}, **sections}
        config = office_config(tmp_path, port=port, **sections)
        opened.append(open_office(config, postbox, script, price=price, cloud=cloud, yes=yes, standby=standby))
        if documents:
            opened[-1].app.knowledge.ingest()
        return opened[-1]

    yield make
    for found in opened:
        found.app.close()


@pytest.fixture
def no_pauses() -> Iterator[None]:
    """Retries happen at once, up to four attempts."""
    with stamina.set_testing(True, attempts=4):
        yield
