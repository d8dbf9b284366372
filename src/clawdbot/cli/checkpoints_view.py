"""The checkpoints of a run as a table, and the command that forks it."""

from __future__ import annotations

from dataclasses import asdict

from rich.table import Table

from clawdbot.cli.moments import local_time
from clawdbot.cli.session import Session
from clawdbot.cli.streams import emit, say
from clawdbot.cli.terminal import output
from clawdbot.cli.wording import Words
from clawdbot.config import Config
from clawdbot.store.ledger import RunLedger
from clawdbot.workflows.time_travel import TimeTravel


def print_checkpoints(session: Session, settings: Config, ledger: RunLedger, run_id: str) -> None:
    """Oldest first: step, what comes next, when, id."""
    record = ledger.get_run(run_id)
    found = TimeTravel(ledger, settings.app.home / "runs").checkpoints(record.id)
    if session.json:
        return emit({"run_id": record.id, "checkpoints": [asdict(one) for one in found]})
    words = Words("zh" if record.language == "zh" else "en")
    if not found:
        return say(words("checkpoints.none", id=record.id))
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("step", "next", "at", "id"):
        table.add_column(words(f"checkpoints.{name}"), overflow="fold")
    for one in found:
        what = words(f"checkpoints.{one.next or 'ended'}")
        what = words("checkpoints.asked", what=what) if one.asked else what
        table.add_row(str(one.step), what, local_time(one.at), one.id)
    output().print(table)
    say(words("checkpoints.fork"))
    say(f"  {session.command(f'replay {record.id} --from STEP')}")
