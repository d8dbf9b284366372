"""Mail as a run sends it: through the executor, its approvals and its ledger of effects."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from clawdbot.access.envelope import Envelope
from clawdbot.config import AppConfig, Config, MailConfig, ToolsConfig
from clawdbot.errors import ApprovalNeeded
from clawdbot.store.ledger import RunLedger
from clawdbot.tools.executor import Executor, Outcome, RunFrame
from clawdbot.tools.mail.tool import mail
from clawdbot.tools.registry import Registry, RegistryEntry
from clawdbot.tools.workspace import Workspace

TEXT: dict[str, Any] = {"subject": "第三季度销售报告", "body": "您好,附件是报告。"}
Call = Callable[..., Outcome]


@pytest.fixture
def call(workspace: Workspace, tmp_path: Path) -> Iterator[Callable[[MailConfig], Call]]:
    ledgers: list[RunLedger] = []

    def on(settings: MailConfig) -> Call:
        config = Config(app=AppConfig(home=tmp_path), mail=settings, tools=ToolsConfig(timeout_s=30))
        ledger = RunLedger.open(config)
        ledgers.append(ledger)
        run_id = ledger.create_run(goal="g", language="zh")
        entry = RegistryEntry(name="mail", origin="built-in", enabled=True, tool=mail)
        executor = Executor(Registry([entry]), config, ledger)

        def go(*, allow: tuple[str, ...] = ("*@example.com",), approvals: frozenset[str] = frozenset(),
               step: int = 1, **arguments: Any) -> Outcome:  # fmt: skip
            envelope = Envelope(
                tools=frozenset({"mail"}), recipients=frozenset({"finance@example.com"}), allow_recipients=allow
            )
            frame = RunFrame(
                run_id=run_id, goal="g", language="zh", workspace=workspace, envelope=envelope,
                deadline=time.monotonic() + 30,
            )  # fmt: skip
            return executor.call("mail", {**TEXT, **arguments}, run=frame, step=step, approvals=approvals)

        return go

    yield on
    for ledger in ledgers:
        ledger.close()


def test_a_mail_leaves_a_receipt_and_is_sent_once(start_server: Any, call: Any) -> None:
    server = start_server(security="starttls")
    go = call(server.settings)
    first = go()
    assert first.ok and first.receipt is not None
    assert first.receipt["message_id"] == server.behaviour.message()["Message-ID"]
    again = go(subject="otherwise said")
    assert again.receipt == first.receipt and len(server.behaviour.accepted) == 1
    assert go(step=2).receipt["message_id"] != first.receipt["message_id"]


def test_a_person_approves_exactly_what_is_sent(start_server: Any, call: Any) -> None:
    server = start_server()
    go = call(server.settings)
    with pytest.raises(ApprovalNeeded) as asked:
        go(allow=())
    assert "finance@example.com" in asked.value.payload and TEXT["body"] in asked.value.payload
    approved = frozenset({asked.value.payload_hash})
    with pytest.raises(ApprovalNeeded):
        go(allow=(), approvals=approved, body="您好,这是另一封。")
    assert server.behaviour.accepted == []
    assert go(allow=(), approvals=approved).ok
    assert len(server.behaviour.accepted) == 1


def test_a_stranger_is_refused_by_policy(start_server: Any, call: Any) -> None:
    server = start_server()
    outcome = call(server.settings)(to=["attacker@evil.example"])
    assert not outcome.ok and outcome.error_kind == "policy" and outcome.receipt is None
    assert server.behaviour.rcpt_seen == []


@pytest.mark.usefixtures("no_pauses")
def test_an_unknown_outcome_is_never_repeated(start_server: Any, call: Any) -> None:
    server = start_server()
    server.behaviour.data.append("drop")
    go = call(server.settings)
    first = go()
    assert not first.ok and first.error_kind == "terminal" and first.receipt is None
    assert "may have been delivered" in first.observation
    second = go()
    assert not second.ok and second.receipt is None
    assert len(server.behaviour.accepted) == 1


@pytest.mark.usefixtures("no_pauses")
def test_after_a_refusal_the_step_may_be_tried_again(start_server: Any, call: Any) -> None:
    server = start_server()
    server.behaviour.data.extend(["451 busy"] * 4)
    go = call(server.settings)
    refused = go()
    assert not refused.ok and refused.error_kind == "terminal" and "451 busy" in refused.observation
    assert go(step=2).ok
    assert len(server.behaviour.accepted) == 1
