"""``clawdbot settle`` and what ``clawdbot show`` says of effects: found, looked up, answered once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
import stamina

from clawdbot.store.database import sqlite_url
from clawdbot.store.ledger import RunLedger
from tests.cli.conftest import Desk
from tests.office import Postbox, mail_server

KEY = "0123456789abcdef0123456789abcdef"
POSTED = "fedcba9876543210fedcba9876543210"
CONTENT = (
    b"From: bot@example.com\r\nTo: a@example.com\r\nMessage-ID: <m1@example.com>\r\nSubject: Sales\r\n\r\nHello\r\n"
)


@pytest.fixture
def postbox(desk: Desk) -> Iterator[Postbox]:
    """The mail server of the desk."""
    with mail_server() as (found, port), stamina.set_testing(True, attempts=1):
        desk.port = port
        desk.plays([])
        yield found


def doubtful(desk: Desk, *, goal: str = "Mail the sales.", language: str = "en", ended: bool = True) -> str:
    """A run whose mail and whose call of a tool of its own nobody knows of; its id."""
    desk.home.mkdir(exist_ok=True)
    with closing(RunLedger(sqlite_url(desk.home / "clawdbot.db"))) as ledger:
        run = ledger.create_run(goal=goal, language=language, user="ann")
        ledger.effects.begin(key=KEY, run_id=run, step=2, tool="mail", effect="external")
        entry = ledger.outbox.put(
            key=KEY, run_id=run, message_id="<m1@example.com>", sender="bot@example.com", recipients=["a@example.com"],
            subject="Sales", content=CONTENT, receipt={"message_id": "<m1@example.com>", "to": ["a@example.com"]},
        )  # fmt: skip
        ledger.outbox.sending(KEY, token=entry.token)
        ledger.effects.begin(key=POSTED, run_id=run, step=3, tool="post", effect="external")
        for unknown in (KEY, POSTED):
            ledger.effects.unknown(unknown)
        ledger.outbox.unknown(KEY)
        if ended:
            result: dict[str, Any] = {
                "run_id": run, "answer": "", "artifacts": [], "citations": [], "receipts": [], "verdict": "partial",
                "missing": [], "steps": [], "approval": None,
                "usage": {"steps": 0, "seconds": 0, "prompt_tokens": 0, "completion_tokens": 0},
            }  # fmt: skip
            ledger.finish_run(run, verdict="partial", result=result)
        return run


def test_nothing_uncertain_is_said(desk: Desk, postbox: Postbox) -> None:
    assert desk.call("settle")[:2] == (0, "Nothing is uncertain.\n")
    assert desk.json("settle") == (0, {"unknown": []})


def test_what_is_uncertain_is_listed_with_what_helps_to_find_out(desk: Desk, postbox: Postbox) -> None:
    run = doubtful(desk)
    code, out, _ = desk.call("settle")
    assert code == 0
    for said in (run, "step 2", "ann", "Mail the sales.", "To: a@example.com", "Message-ID: <m1@example.com>"):
        assert said in out
    assert out.count("--resend") == 1, "only a mail can be sent again"
    assert f"settle {KEY[:12]} --not-sent --config" in out
    _, found = desk.json("settle")
    mailed, posted = found["unknown"]
    assert (mailed["key"], mailed["answers"]) == (KEY, ["sent", "not_sent", "resend"])
    assert mailed["mail"]["message_id"] == "<m1@example.com>" and "content" not in mailed["mail"]
    assert (posted["tool"], posted["mail"], posted["answers"]) == ("post", None, ["sent", "not_sent"])


def test_show_tells_the_effects_of_a_run(desk: Desk, postbox: Postbox) -> None:
    run = doubtful(desk, goal="把销售额发给财务", language="zh")
    desk.call("settle", POSTED, "--sent", "--user", "王芳", "--note", "在系统里看到了")
    _, out, _ = desk.call("show", run)
    assert "对外作用：" in out and "2 mail: 不能确定是否已发生" in out and f"settle {KEY[:12]}" in out
    assert "（由 王芳 确认）" in out and "在系统里看到了" in out
    _, found = desk.json("show", run)
    assert [(e["tool"], e["state"], e["settled_by"]) for e in found["effects"]] == [
        ("mail", "unknown", None), ("post", "done", "王芳"),
    ]  # fmt: skip


def test_a_mail_that_was_not_sent_can_be_done_by_a_new_run(desk: Desk, postbox: Postbox) -> None:
    run = doubtful(desk)
    code, out, _ = desk.call("settle", KEY[:12], "--not-sent", "--user", "ann")
    assert code == 0 and "did not happen, says ann" in out
    assert "stays as it ended" in out and f"replay {run} --from 2 --config" in out
    assert desk.call("settle", KEY[:12], "--not-sent", "--user", "ann")[0] == 0, "given twice"
    code, _, err = desk.call("settle", KEY[:12], "--sent", "--user", "bob")
    assert code == 2 and "settled as 'not_sent' by 'ann' before" in err
    assert desk.call("settle", KEY)[1].count("State: did not happen (settled by ann)") == 1
    assert postbox.mails() == []


def test_a_mail_is_sent_again_as_it_was(desk: Desk, postbox: Postbox) -> None:
    doubtful(desk)
    code, found = desk.json("settle", KEY, "--resend", "--user", "ann")
    assert (code, found["state"], found["settled_by"], found["mail"]["state"]) == (0, "done", "ann", "sent")
    assert (found["receipt"]["settled"], found["receipt"]["server_reply"]) == ("resend", "250 2.0.0 queued")
    assert postbox.envelopes[0].original_content == CONTENT
    assert desk.call("settle", KEY, "--resend", "--user", "ann")[0] == 0
    assert desk.call("settle", KEY, "--resend", "--user", "bob")[0] == 2
    assert len(postbox.mails()) == 1, "once"


def test_a_mail_that_the_server_refuses_again_stays_uncertain(desk: Desk, postbox: Postbox) -> None:
    doubtful(desk)
    postbox.answers.append("550 no")
    code, _, err = desk.call("settle", KEY, "--resend")
    assert code == 3 and "550 no" in err
    assert [one["key"] for one in desk.json("settle")[1]["unknown"]] == [KEY, POSTED]
    desk.port = 9
    desk.plays([])
    assert desk.call("settle", KEY, "--resend")[0] == 3, "nobody listens there"
    assert desk.json("settle")[1]["unknown"][0]["mail"]["tries"] == 2


def test_a_run_that_goes_on_is_said_to(desk: Desk, postbox: Postbox) -> None:
    run = doubtful(desk, ended=False)
    _, out, _ = desk.call("settle", KEY, "--sent", "--user", "ann")
    assert f"Run {run} has not ended" in out and f"show {run}" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--sent",), "Say one thing of one effect"),
        ((KEY, "--sent", "--not-sent"), "Say one thing of one effect"),
        (("abc", "--sent"), "no effect 'abc'"),
        ((POSTED, "--resend"), "cannot be sent again"),
    ],
)
def test_wrong_answers_change_nothing(desk: Desk, postbox: Postbox, arguments: tuple[str, ...], said: str) -> None:
    doubtful(desk)
    code, _, err = desk.call("settle", *arguments)
    assert code == 2 and said in err
    assert len(desk.json("settle")[1]["unknown"]) == 2
