"""Notices on their way to people: real mail, a real webhook, on both stores; nothing is told twice by mail."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from stamina import set_testing

from clawdbot.config import Config
from clawdbot.failpoints import VARIABLE
from clawdbot.store.durable_tables import notice_deliveries
from clawdbot.store.ledger import RunLedger
from clawdbot.store.notices import Target
from clawdbot.workflows.notifier import Notifier
from clawdbot.workflows.webhook import SIGNATURE, signature
from tests.office import Postbox

KEY = "TEST_WEBHOOK_KEY"


@dataclass(kw_only=True)
class Receiver:
    """What the webhook's server got; ``answers`` are its next statuses, none means 204."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    @property
    def notices(self) -> list[dict[str, Any]]:
        return [json.loads(body) for body in self.bodies]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            found.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            found.headers.append(dict(self.headers))
            status = found.answers.pop(0) if found.answers else 204
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", f"{found.url}/elsewhere")
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            """Nothing: the test's output is not its place."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


Told = Callable[..., Notifier]


@pytest.fixture
def notifier(ledger: RunLedger, mail: tuple[Postbox, int], tmp_path: Path) -> Told:
    """``notifier(mail=..., webhook=..., ...)``: with those keys of ``[notify]``."""

    def make(*, port: int | None = None, **notify: Any) -> Notifier:
        settings = {
            "host": "127.0.0.1", "port": port or mail[1], "security": "none", "from": "Bot <bot@example.com>",
            "timeout_s": 5, "contacts": {"finance": "finance@example.com"},
        }  # fmt: skip
        return Notifier(Config.model_validate({"mail": settings, "notify": notify}), ledger)

    return make


def due_now(ledger: RunLedger) -> None:
    """Whatever waits for its next try waits no longer."""
    with ledger.database.write() as connection:
        connection.execute(notice_deliveries.update().values(ready_at=""))


def test_a_notice_goes_by_mail_and_by_webhook(
    ledger: RunLedger, notifier: Told, mail: tuple[Postbox, int], receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY, "s3cret")
    told = notifier(mail=["boss@example.com", "finance"], webhook=receiver.url, webhook_secret_env=KEY)
    notice = ledger.notices.post(
        kind="failed", subject="未完成：销售\r\n报告", body="原因：没有邮件服务器\n\n查看", run_id="r1"
    )
    told.tick()
    told.tick()
    (message,) = mail[0].mails()
    assert mail[0].receivers() == ["boss@example.com", "finance@example.com"]
    assert message["Subject"] == "未完成：销售 报告" and message["Content-Language"] == "zh"
    assert "没有邮件服务器" in message.get_body(("plain",)).get_content()  # type: ignore[union-attr]  # it has a body
    (posted,) = receiver.notices
    assert list(posted) == ["id", "kind", "at", "run_id", "schedule", "subject", "body"]
    assert (posted["id"], posted["kind"], posted["run_id"]) == (notice, "failed", "r1")
    assert receiver.headers[0][SIGNATURE] == signature(receiver.bodies[0], "s3cret")
    assert receiver.headers[0][SIGNATURE] != signature(receiver.bodies[0] + b" ", "s3cret")
    assert ledger.deliveries.of_notice(notice) == {"mail": "sent", "webhook": "sent"}
    assert [found.state for found in ledger.notices.newest()] == ["sent"]


def test_kinds_that_nobody_wants_are_kept_and_a_target_of_its_own_is_told_all_the_same(
    ledger: RunLedger, notifier: Told, mail: tuple[Postbox, int], receiver: Receiver
) -> None:
    told = notifier(on=["missed"], mail=["boss@example.com"])
    ledger.notices.post(kind="done", subject="Done", body="all")
    own = Target(mail=("team@example.com",), webhook=receiver.url)
    ledger.notices.post(kind="failed", subject="Failed", body="nothing", target=own)
    told.tick()
    assert mail[0].receivers() == ["team@example.com"]
    assert [one["subject"] for one in receiver.notices] == ["Failed"] and SIGNATURE not in receiver.headers[0]
    assert {found.subject: found.state for found in ledger.notices.newest()} == {"Done": "kept", "Failed": "sent"}


def test_the_same_thing_is_told_once(ledger: RunLedger, notifier: Told, receiver: Receiver) -> None:
    told = notifier(webhook=receiver.url)
    first = ledger.notices.post(kind="late", subject="Late", body="b", once="late x")
    assert ledger.notices.post(kind="late", subject="Late again", body="b", once="late x") == first
    assert ledger.notices.told(["late x", "late y"]) == {"late x"}
    told.tick()
    assert len(receiver.notices) == 1


@pytest.mark.parametrize("answer", [302, 404, 500])
def test_a_webhook_that_refuses_is_tried_again_ever_later_and_then_given_up(
    ledger: RunLedger, notifier: Told, receiver: Receiver, answer: int, caplog: pytest.LogCaptureFixture
) -> None:
    told = notifier(webhook=receiver.url)
    notice = ledger.notices.post(kind="failed", subject="s", body="b")
    receiver.answers = [answer] * 12
    told.tick()
    told.tick()
    assert len(receiver.bodies) == 1, "not at once"
    for _ in range(20):
        due_now(ledger)
        told.tick()
    assert len(receiver.bodies) == 12 and len(set(receiver.bodies)) == 1, "the same id and the same words each time"
    assert ledger.deliveries.of_notice(notice) == {"webhook": "failed"}
    assert str(answer) in caplog.text and receiver.url not in caplog.text


def test_one_channel_that_fails_keeps_no_other_back(
    ledger: RunLedger, notifier: Told, mail: tuple[Postbox, int], receiver: Receiver
) -> None:
    told = notifier(mail=["boss@example.com"], webhook=receiver.url)
    receiver.answers = [503]
    notice = ledger.notices.post(kind="failed", subject="s", body="b")
    told.tick()
    assert ledger.deliveries.of_notice(notice) == {"mail": "sent", "webhook": "open"}
    assert [found.state for found in ledger.notices.newest()] == ["open"]
    due_now(ledger)
    told.tick()
    assert ledger.deliveries.of_notice(notice) == {"mail": "sent", "webhook": "sent"}
    assert len(mail[0].mails()) == 1


def test_a_mail_server_that_is_away_or_refuses_gets_the_same_mail_later(
    ledger: RunLedger, notifier: Told, mail: tuple[Postbox, int]
) -> None:
    notice = ledger.notices.post(kind="failed", subject="s", body="b")
    with set_testing(True, attempts=1):
        notifier(mail=["boss@example.com"], port=1).tick()
        mail[0].answers.append("550 no")
        due_now(ledger)
        notifier(mail=["boss@example.com"]).tick()
    assert ledger.deliveries.of_notice(notice) == {"mail": "open"} and mail[0].mails() == []
    due_now(ledger)
    notifier(mail=["boss@example.com"]).tick()
    assert ledger.deliveries.of_notice(notice) == {"mail": "sent"} and len(mail[0].mails()) == 1


def test_what_cannot_be_delivered_at_all_keeps_no_other_notice_back(
    ledger: RunLedger, notifier: Told, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = ledger.notices.post(kind="failed", subject="s", body="b", target=Target(mail=("no address",)))
    worse = ledger.notices.post(kind="failed", subject="s", body="b", target=Target(webhook="http://[::bad"))
    good = ledger.notices.post(kind="failed", subject="s", body="b", target=Target(webhook=receiver.url))
    notifier().tick()
    assert [ledger.deliveries.of_notice(one) for one in (bad, worse, good)] == [
        {"mail": "open"}, {"own webhook": "open"}, {"own webhook": "sent"},
    ]  # fmt: skip
    monkeypatch.delenv(KEY, raising=False)
    unsigned = ledger.notices.post(kind="failed", subject="s", body="b")
    notifier(webhook=receiver.url, webhook_secret_env=KEY).tick()
    assert ledger.deliveries.of_notice(unsigned) == {"webhook": "open"}, "never unsigned where a key is meant"


def test_a_notice_in_an_undone_transaction_was_never_posted(ledger: RunLedger) -> None:
    with pytest.raises(RuntimeError), ledger.database.write() as connection:
        ledger.notices.post_in(connection, kind="done", subject="s", body="b")
        raise RuntimeError("undone")
    assert ledger.notices.newest() == ()


_TICK = """
import sys
from clawdbot.config import Config
from clawdbot.store.ledger import RunLedger
from clawdbot.workflows.notifier import Notifier
Notifier(Config.model_validate_json(sys.argv[2]), RunLedger(sys.argv[1])).tick()
"""


@pytest.mark.parametrize("ledger_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("place", "state"), [("mail.accepted", "unknown"), ("notice.delivered", "sent")])
def test_killed_while_it_mails_a_notice_it_is_not_mailed_twice(
    ledger: RunLedger, ledger_url: str, notifier: Told, mail: tuple[Postbox, int], place: str, state: str
) -> None:
    notice = ledger.notices.post(kind="failed", subject="s", body="b")
    settings = {"host": "127.0.0.1", "port": mail[1], "security": "none", "from": "Bot <bot@example.com>"}
    config = json.dumps({"mail": settings, "notify": {"mail": ["boss@example.com"]}})
    command = [sys.executable, "-c", _TICK, ledger_url, config]
    ended = subprocess.run(command, env={**os.environ, VARIABLE: place}, check=False)
    assert ended.returncode == -signal.SIGKILL
    told = notifier(mail=["boss@example.com"])
    told.tick()
    due_now(ledger)
    told.tick()
    assert ledger.deliveries.of_notice(notice) == {"mail": state} and len(mail[0].mails()) == 1
