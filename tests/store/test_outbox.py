"""The outbox on both databases: a mail goes to a server once, and only by the word of whoever may send it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any, ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from clawdbot.errors import LeaseLost, StoreError
from clawdbot.store.database import sqlite_url
from clawdbot.store.ledger import RunLedger
from clawdbot.store.outbox import OutboxEntry
from clawdbot.store.queue import Claimed, NewRun

KEY = "k1"


def put(ledger: RunLedger, run_id: str = "run", *, key: str = KEY, subject: str = "Sales") -> OutboxEntry:
    return ledger.outbox.put(
        key=key, run_id=run_id, message_id=f"<{key}@example.com>", sender="bot@example.com",
        recipients=("a@example.com",), subject=subject, content=subject.encode() * 3, receipt={"to": ["a@example.com"]},
    )  # fmt: skip


@pytest.fixture
def box(ledger: RunLedger) -> RunLedger:
    """A ledger with the run 'run', which nobody holds a lease on."""
    ledger.create_run(goal="g", language="en", run_id="run")
    return ledger


@pytest.fixture
def late(ledger: RunLedger, ledger_url: str) -> Iterator[RunLedger]:
    """The same ledger as another process has it, which stands still and comes back late."""
    with closing(RunLedger(ledger_url)) as opened:
        yield opened


def test_a_mail_is_kept_whole_and_put_once(box: RunLedger) -> None:
    first = put(box)
    assert (first.state, first.tries, first.recipients) == ("queued", 0, ("a@example.com",))
    assert put(box, subject="Other") == first
    assert box.outbox.content(KEY) == b"SalesSalesSales"
    assert box.outbox.of_run("run") == (first,) and box.outbox.get("nothing") is None
    with pytest.raises(StoreError, match="no mail 'nothing'"):
        box.outbox.content("nothing")


def test_it_is_handed_to_a_server_once(box: RunLedger) -> None:
    entry = put(box)
    assert box.outbox.sending(KEY, token=entry.token) == 1
    assert box.outbox.sending(KEY, token=entry.token) is None, "somebody else has it"
    assert box.outbox.sending(KEY, token=entry.token, after=1) == 2, "the same, to the other recipients"
    with pytest.raises(StoreError, match="cannot become 'sent': it is sending"):
        box.outbox.sent(KEY, attempt=1, receipt={}, reply="250")
    sent = box.outbox.sent(KEY, attempt=2, receipt={"to": ["b"]}, reply="250 ok")
    assert (sent.state, sent.receipt, sent.server_reply) == ("sent", {"to": ["b"]}, "250 ok")
    assert box.outbox.sending(KEY, token=entry.token) is None
    assert box.outbox.unknown(KEY).state == "sent"
    with pytest.raises(StoreError, match="cannot become 'failed': it is sent"):
        box.outbox.failed(KEY, reply="550")


def test_what_the_server_refused_for_now_may_go_again(box: RunLedger) -> None:
    entry = put(box)
    assert box.outbox.sending(KEY, token=entry.token) == 1
    box.outbox.not_taken(KEY, attempt=1, reply="451 later")
    queued = box.outbox.get(KEY)
    assert queued is not None and (queued.state, queued.server_reply) == ("queued", "451 later")
    assert box.outbox.sending(KEY, token=entry.token) == 2
    box.outbox.failed(KEY, attempt=2, reply="550 no")
    again = put(box, subject="Mended")
    assert (again.state, again.tries, again.subject) == ("queued", 2, "Mended"), "nobody has what failed"


def test_only_the_last_try_may_tell_late_what_became_of_it(box: RunLedger) -> None:
    entry = put(box)
    box.outbox.sending(KEY, token=entry.token)
    assert box.outbox.unknown(KEY).state == "unknown"
    assert box.outbox.unsettled() == box.outbox.of_run("run")
    assert box.outbox.sending(KEY, token=entry.token) is None, "never by itself"
    assert box.outbox.sending_again(KEY) == 2, "but when a person wants it"
    assert box.outbox.sending_again(KEY) is None, "of two people one sends it"
    box.outbox.unknown(KEY, attempt=1)
    with pytest.raises(StoreError, match=r"it is sending \(try 2\)"):
        box.outbox.sent(KEY, attempt=1, receipt={}, reply="250")
    box.outbox.unknown(KEY, attempt=2)
    assert box.outbox.sent(KEY, attempt=2, receipt={}, reply="250").state == "sent"


def test_a_call_that_was_given_up_sends_nothing_any_more(box: RunLedger) -> None:
    box.effects.begin(key=KEY, run_id="run", step=1, tool="mail", effect="external")
    entry = put(box)
    box.effects.unknown(KEY)
    assert box.outbox.sending(KEY, token=entry.token) is None
    box.outbox.failed(KEY, reply="given up")
    assert put(box).state == "queued"


def taken(ledger: RunLedger, run_id: str = "run") -> Claimed:
    """The run, taken whatever lease it has."""
    with ledger.database.write() as connection:
        connection.exec_driver_sql("UPDATE runs SET lease_until = 0")
    return ledger.queue.take(run_id, "somebody")


def test_a_zombie_is_refused_with_and_without_its_lease(ledger: RunLedger, late: RunLedger) -> None:
    ledger.queue.accept(NewRun(id="run", goal="g", language="en", user="u"))
    old = late.queue.take("run", "zombie")
    with late.queue.held(old.lease):
        zombie = put(late)
        assert zombie.token == old.lease.token == 1
        with ledger.queue.held(taken(ledger).lease):
            for attempt in (
                lambda: late.outbox.sending(KEY, token=zombie.token),
                lambda: late.outbox.failed(KEY, reply="no"),
                lambda: late.outbox.unknown(KEY),
                lambda: late.outbox.take(KEY),
                lambda: put(late),
            ):
                with pytest.raises(LeaseLost):
                    attempt()
    with pytest.raises(LeaseLost):
        late.outbox.sending(KEY, token=zombie.token)
    with ledger.queue.held(taken(ledger).lease):
        mine = ledger.outbox.take(KEY)
        assert mine is not None and mine.token == 3
        assert ledger.outbox.sending(KEY, token=mine.token) == 1


def test_a_zombie_spoils_no_effect_of_the_new_owner(ledger: RunLedger, late: RunLedger) -> None:
    ledger.queue.accept(NewRun(id="run", goal="g", language="en", user="u"))
    with late.queue.held(late.queue.take("run", "zombie").lease), ledger.queue.held(taken(ledger).lease):
        ledger.effects.begin(key=KEY, run_id="run", step=1, tool="mail", effect="external")
        for spoil in (late.effects.failed, late.effects.unknown):
            with pytest.raises(LeaseLost):
                spoil(KEY)
        late.effects.done(KEY, {"it": "happened"})
    done = ledger.effects.get(KEY)
    assert done is not None and done.state == "done", "what happened is told whoever has the run"


class OneMail(RuleBasedStateMachine):
    """Two processes, a server and people do everything in any order with one mail; the server counts."""

    url: ClassVar[str]

    def __init__(self) -> None:
        super().__init__()
        self.ledger = RunLedger(self.url)
        self.accepted = self.by_people = 0
        self.handed: list[int] = []

    @initialize()
    def begin(self) -> None:
        with self.ledger.database.write() as connection:
            for table in ("outbox", "effects", "runs"):
                connection.exec_driver_sql(f"DELETE FROM {table}")
        self.ledger.create_run(goal="g", language="en", run_id="run")
        self.state = put(self.ledger).state

    @property
    def outbox(self) -> Any:
        return self.ledger.outbox

    @rule()
    def put_again(self) -> None:
        put(self.ledger)

    @rule()
    def hand_over(self) -> None:
        attempt = self.outbox.sending(KEY, token=0)
        self.handed += [] if attempt is None else [attempt]

    @rule()
    def person_sends_again(self) -> None:
        attempt = self.outbox.sending_again(KEY)
        if attempt is not None:
            self.handed.append(attempt)
            self.by_people += 1

    @precondition(lambda self: self.handed)
    @rule(answer=st.sampled_from(["taken", "taken and lost", "later", "no", "lost"]))
    def server_answers(self, answer: str) -> None:
        attempt = self.handed.pop()
        self.accepted += answer.startswith("taken")
        try:
            if answer == "taken":
                self.outbox.sent(KEY, attempt=attempt, receipt={}, reply="250")
            elif answer == "later":
                self.outbox.not_taken(KEY, attempt=attempt, reply="451")
            elif answer == "no":
                self.outbox.failed(KEY, attempt=attempt, reply="550")
        except StoreError:
            pass  # overtaken by a person

    @rule()
    def process_dies(self) -> None:
        self.outbox.unknown(KEY)

    @invariant()
    def never_twice_by_itself(self) -> None:
        assert self.accepted <= 1 + self.by_people

    @invariant()
    def what_is_sent_was_accepted(self) -> None:
        entry = self.outbox.get(KEY)
        if entry is not None and entry.state == "sent":
            assert self.accepted >= 1
        if entry is not None and entry.state in ("queued", "failed") and not self.by_people:
            assert self.accepted == 0

    def teardown(self) -> None:
        self.ledger.close()


def test_no_order_of_events_sends_a_mail_twice(tmp_path: Any) -> None:
    class Here(OneMail):
        url = sqlite_url(tmp_path / "ledger.db")

    run_state_machine_as_test(Here, settings=settings(max_examples=25, stateful_step_count=15))
