"""Following a run: its events as they come, for any number of listeners, from any point."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator

from clawdbot.cli.session import Session
from clawdbot.cli.step_stream import StepStream
from clawdbot.cli.streams import clean, say, tell
from clawdbot.cli.terminal import output
from clawdbot.cli.wording import Words
from clawdbot.store.events import RunEvent
from clawdbot.store.ledger import RunLedger, RunRecord

_POLL_S = 0.3

_ENDED = ("done", "cancelled")


def follow(session: Session, ledger: RunLedger, run_id: str, *, after: int) -> RunRecord | None:
    """Show the events of a run after that number until it ends; None when the person left.

    With --json each is a line: {seq, at, event, ...}.
    """
    record = ledger.get_run(run_id)
    words = Words("zh" if record.language == "zh" else "en")
    stream = StepStream(output(), words.language, quiet=session.json)
    seq = after
    try:
        for found in _told(ledger, record, after, lambda now: _standing(session, now, words)):
            seq = found.seq
            if session.json:
                say(json.dumps({"seq": seq, "at": found.at, **found.body}, ensure_ascii=False, default=str))
            else:
                stream(found.body)
        return ledger.get_run(record.id)
    except KeyboardInterrupt:
        tell(words("follow.left", seq=seq + 1))
        return None
    finally:
        stream.stop()


def _told(
    ledger: RunLedger, record: RunRecord, after: int, standing: Callable[[RunRecord], None]
) -> Iterator[RunEvent]:
    """Events in order; ends when the run has ended and all were told.  ``standing`` is called when nobody works on
    it."""
    said = ""
    while True:
        record = ledger.get_run(record.id)  # before its events: what ended it was told by then
        while found := ledger.events.read(record.id, after=after):
            yield from found
            after = found[-1].seq
        if record.status in _ENDED:
            return
        if record.status != said:
            standing(record)
            said = record.status
        time.sleep(_POLL_S)


def _standing(session: Session, record: RunRecord, words: Words) -> None:
    """Why nothing happens, and what to do."""
    if session.json:
        return
    if record.status == "waiting":
        tell(words("follow.waits"))
        tell(f"  {session.command(f'approve {record.id}')}")
    elif record.status == "interrupted":
        tell(words("follow.stopped") + (f" ({clean(record.error)})" if record.error else ""))
        tell(f"  {session.command(f'run --resume {record.id}')}")
    elif record.status == "queued":
        tell(words("follow.queued"))
