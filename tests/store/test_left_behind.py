"""What dead processes left behind is brought to what is certain of it; what a live one does is never touched."""

from __future__ import annotations

import itertools
import signal
import subprocess
import sys
from typing import get_args

import pytest

from clawdbot.store.effects import EffectState
from clawdbot.store.ledger import RunLedger
from clawdbot.store.left_behind import LeftBehind, Swept, certain
from clawdbot.store.outbox import OutboxState
from clawdbot.store.queue import NewRun
from tests.store.test_outbox import KEY, put


def swept(ledger: RunLedger, *, patience_s: float = 0.0) -> tuple[Swept, ...]:
    return LeftBehind(ledger.database, mailing=frozenset({"mail"}), patience_s=patience_s).sweep()


def leave(ledger: RunLedger, effect: EffectState | None, mail: OutboxState | None, *, tool: str = "mail") -> None:
    """The run 'run' with an effect and its mail in those states."""
    if effect is not None:
        ledger.effects.begin(key=KEY, run_id="run", step=3, tool=tool, effect="external")
    if mail is not None:
        token = put(ledger).token
        if mail == "failed":
            ledger.outbox.failed(KEY, reply="no")
        elif mail != "queued":
            ledger.outbox.sending(KEY, token=token)
        if mail == "unknown":
            ledger.outbox.unknown(KEY)
        elif mail == "sent":
            ledger.outbox.sent(KEY, attempt=1, receipt={"to": ["a@example.com"]}, reply="250")
    if effect == "unknown":
        ledger.effects.unknown(KEY)


def states(ledger: RunLedger) -> tuple[str | None, str | None]:
    effect, mail = ledger.effects.get(KEY), ledger.outbox.get(KEY)
    return effect.state if effect else None, mail.state if mail else None


CASES = [
    # effect, mail and tool as they were left, then as they are once the run ended, and while it may still go on
    ("intent", "sending", "mail", ("unknown", "unknown"), ("unknown", "unknown")),
    ("intent", "queued", "mail", ("failed", "failed"), ("intent", "queued")),
    ("intent", None, "mail", ("failed", None), ("intent", None)),
    ("intent", "sent", "mail", ("done", "sent"), ("done", "sent")),
    ("intent", "failed", "mail", ("failed", "failed"), ("failed", "failed")),
    ("intent", "unknown", "mail", ("unknown", "unknown"), ("unknown", "unknown")),
    ("unknown", "sent", "mail", ("done", "sent"), ("done", "sent")),
    ("unknown", "queued", "mail", ("failed", "failed"), ("unknown", "queued")),
    ("intent", None, "post", ("unknown", None), ("unknown", None)),
    (None, "sending", "mail", (None, "unknown"), (None, "unknown")),
    (None, "queued", "mail", (None, "failed"), (None, "queued")),
]


@pytest.mark.parametrize(("effect", "mail", "tool", "ended", "open_"), CASES)
def test_each_state_becomes_what_is_certain(
    ledger: RunLedger, effect: EffectState | None, mail: OutboxState | None, tool: str,
    ended: tuple[str | None, str | None], open_: tuple[str | None, str | None],
) -> None:  # fmt: skip
    ledger.queue.accept(NewRun(id="run", goal="g", language="en", user="u"))
    leave(ledger, effect, mail, tool=tool)
    was = states(ledger)
    assert swept(ledger, patience_s=3600) == () or was[0] == "unknown", "not at once"
    found = swept(ledger)
    assert states(ledger) == open_
    assert bool(found) == (open_ != was)
    ledger.queue.cancel("run", by="ann")
    swept(ledger)
    assert states(ledger) == ended
    assert swept(ledger) == (), "once"
    done = ledger.effects.get(KEY)
    if ended[0] == "done":
        assert done is not None and done.receipt is not None
        assert (done.receipt["key"], done.receipt["to"]) == (KEY, ["a@example.com"])


def test_what_has_ended_stays_as_it_is_whatever_else_is_told() -> None:
    states_of_mail = (*get_args(OutboxState), None)
    for effect, mail, ended in itertools.product(("done", "failed"), states_of_mail, (True, False)):
        kept, _ = certain(effect, mail, ended=ended, mailing=True)  # type: ignore[arg-type]  # the literals are in tuples
        assert kept == effect
    for mail, ended, mailing in itertools.product(states_of_mail, (True, False), (True, False)):
        once = certain("intent", mail, ended=ended, mailing=mailing)
        assert certain(*once, ended=ended, mailing=mailing) == once, "nothing is left to say"


def test_a_run_that_is_said_to_run_without_a_lease_is_left_alone_for_a_day(ledger: RunLedger) -> None:
    ledger.create_run(goal="g", language="en", run_id="run")
    leave(ledger, "intent", "sending")
    assert swept(ledger) == ()
    with ledger.database.write() as connection:
        connection.exec_driver_sql("UPDATE runs SET updated_at = '2026-01-01T00:00:00.000000+00:00'")
    assert [found.effect for found in swept(ledger)] == ["unknown"]


_LIVE = """
import sys
from clawdbot.store.ledger import RunLedger
from tests.store.test_left_behind import leave
ledger = RunLedger(sys.argv[1], lease_s=60.0)
with ledger.queue.held(ledger.queue.take("run", "live").lease):
    leave(ledger, "intent", "sending")
    print("sending", flush=True)
    sys.stdin.readline()
    ledger.outbox.sent("k1", attempt=1, receipt={"to": []}, reply="250")
    ledger.effects.done("k1", {"to": []})
    print("sent", flush=True)
    sys.stdin.readline()
"""


@pytest.mark.parametrize("killed", [False, True])
def test_what_a_live_process_does_is_not_touched(ledger: RunLedger, ledger_url: str, killed: bool) -> None:
    ledger.queue.accept(NewRun(id="run", goal="g", language="en", user="u"))
    with subprocess.Popen(
        [sys.executable, "-c", _LIVE, ledger_url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as live:
        assert live.stdin is not None and live.stdout is not None
        assert live.stdout.readline() == "sending\n"
        assert swept(ledger) == () and states(ledger) == ("intent", "sending")
        if killed:
            live.kill()
        else:
            print(file=live.stdin, flush=True)
            assert live.stdout.readline() == "sent\n"
            live.stdin.close()
    assert live.returncode == (-signal.SIGKILL if killed else 0)
    assert swept(ledger) == (), "its lease still runs"
    with ledger.database.write() as connection:
        connection.exec_driver_sql("UPDATE runs SET lease_until = 0")
    assert swept(ledger, patience_s=3600) == (), "it was there a moment ago"
    swept(ledger)
    assert states(ledger) == (("unknown", "unknown") if killed else ("done", "sent"))
