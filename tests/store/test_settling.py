"""What a person says of an unknown effect: taken once, whoever answers and however often."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from clawdbot.errors import UsageError
from clawdbot.store.ledger import RunLedger
from clawdbot.store.settling import Settlement
from tests.store.test_outbox import KEY, put


@pytest.fixture
def doubtful(ledger: RunLedger) -> RunLedger:
    """A ledger with one mail of which nobody knows if it was sent."""
    ledger.create_run(goal="g", language="en", run_id="run")
    ledger.effects.begin(key=KEY, run_id="run", step=3, tool="mail", effect="external")
    ledger.outbox.sending(KEY, token=put(ledger).token)
    ledger.outbox.unknown(KEY)
    ledger.effects.unknown(KEY)
    return ledger


def states(ledger: RunLedger) -> tuple[str, str]:
    effect, mail = ledger.effects.get(KEY), ledger.outbox.get(KEY)
    assert effect is not None and mail is not None
    return effect.state, mail.state


@pytest.mark.parametrize(("answer", "ends"), [("sent", ("done", "sent")), ("not_sent", ("failed", "failed"))])
def test_an_answer_settles_effect_and_mail_together(
    doubtful: RunLedger, answer: Settlement, ends: tuple[str, str]
) -> None:
    assert [effect.key for effect in doubtful.effects.unsettled()] == [KEY]
    settled = doubtful.settling.settle(KEY, answer, by="王芳", note="看过邮箱\x00", receipt={"summary": "s"})
    assert states(doubtful) == ends and doubtful.effects.unsettled() == ()
    assert (settled.settled_by, settled.note, settled.state) == ("王芳", "看过邮箱�", ends[0])
    assert settled.receipt == ({"summary": "s", "settled": "sent"} if answer == "sent" else None)
    assert doubtful.settling.settle(KEY, answer, by="王芳", note="again") == settled, "given twice, it acts once"


def test_an_answer_is_not_changed_by_anybody(doubtful: RunLedger) -> None:
    doubtful.settling.settle(KEY, "not_sent", by="ann")
    others: list[tuple[str, Settlement]] = [("ann", "sent"), ("bob", "not_sent")]
    for by, answer in others:
        with pytest.raises(UsageError, match="settled as 'not_sent' by 'ann' before"):
            doubtful.settling.settle(KEY, answer, by=by)


def test_what_did_not_happen_may_be_done_again_and_is_then_nobodys_answer(doubtful: RunLedger) -> None:
    doubtful.settling.settle(KEY, "not_sent", by="ann", note="nowhere")
    assert doubtful.effects.begin(key=KEY, run_id="run", step=3, tool="mail", effect="external") is None
    again = doubtful.effects.get(KEY)
    assert again is not None and (again.state, again.settled_by, again.note) == ("intent", None, "")
    assert put(doubtful).state == "queued"


@pytest.mark.parametrize("round", range(3))
def test_of_people_who_answer_at_once_one_is_taken(doubtful: RunLedger, round: int) -> None:
    def answer(by: str) -> str | None:
        settlement: Settlement = "sent" if by < "c" else "not_sent"
        try:
            return doubtful.settling.settle(KEY, settlement, by=by).settled_by
        except UsageError as error:
            assert "was settled as" in error.message
            return None

    with ThreadPoolExecutor(4) as people:
        taken = [by for by in people.map(answer, "abcd") if by]
    assert len(taken) == 1
    effect = doubtful.effects.get(KEY)
    assert effect is not None and effect.settled_by == taken[0]


def test_only_what_is_unknown_is_settled(doubtful: RunLedger) -> None:
    doubtful.effects.begin(key="k2", run_id="run", step=4, tool="post", effect="external")
    doubtful.effects.done("k2", {"n": 1})
    for key, said in (("k2", "is done; there is nothing to settle"), ("k3", "no effect 'k3'")):
        with pytest.raises(UsageError, match=said):
            doubtful.settling.settle(key, "sent", by="ann")


def test_a_mail_that_is_on_its_way_is_not_answered_for(doubtful: RunLedger) -> None:
    assert doubtful.outbox.sending_again(KEY) == 2
    answers: list[Settlement] = ["sent", "not_sent"]
    for answer in answers:
        with pytest.raises(UsageError, match="being sent at this moment"):
            doubtful.settling.settle(KEY, answer, by="ann")
    doubtful.outbox.sent(KEY, attempt=2, receipt={}, reply="250")
    with pytest.raises(UsageError, match="took the mail meanwhile"):
        doubtful.settling.settle(KEY, "not_sent", by="ann")
    assert doubtful.settling.settle(KEY, "resend", by="bob", receipt={"to": []}).state == "done"
    assert states(doubtful) == ("done", "sent")


def test_an_effect_is_found_by_the_beginning_of_its_key(doubtful: RunLedger) -> None:
    doubtful.effects.begin(key="k1more", run_id="run", step=4, tool="post", effect="external")
    assert doubtful.settling.find("k1").key == KEY, "exactly that"
    assert doubtful.settling.find("k1m").key == "k1more"
    doubtful.effects.begin(key="k1moss", run_id="run", step=5, tool="post", effect="external")
    for key, said in (("k1mo", "More than one effect"), ("k_", "no effect"), ("", "no effect")):
        with pytest.raises(UsageError, match=said):
            doubtful.settling.find(key)
