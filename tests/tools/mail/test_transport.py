"""Sending to a real SMTP server over real sockets: security, refusals, retries, unknown outcomes."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import Any

import pytest

from clawdbot.errors import OutcomeUnknown, RetryableToolError, TerminalToolError
from clawdbot.tools.mail.tool import mail
from clawdbot.tools.mail.transport import DeliveryUnknown

# aiosmtpd does not count TLS from the first byte as TLS when it asks for a login.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")

TEXT: dict[str, Any] = {"subject": "第三季度销售报告", "body": "您好,附件是报告。\n.\n..以点开头的行\n谢谢"}


@pytest.mark.parametrize(
    ("security", "login"),
    [("none", False), ("starttls", False), ("tls", False), ("starttls", True), ("tls", True)],
)
def test_a_mail_arrives_whole(start_server: Any, make_context: Any, security: str, login: bool) -> None:
    server = start_server(security=security, login=login)
    result = mail(make_context(server.settings), **TEXT)
    message = server.behaviour.message()
    envelope = server.behaviour.accepted[0]
    assert envelope.mail_from == "bot@example.com"
    assert envelope.rcpt_tos == ["finance@example.com"]
    text = message.get_body(("plain",))
    assert text is not None and text.get_content().splitlines() == TEXT["body"].splitlines()
    assert [a.get_filename() for a in message.iter_attachments()] == ["销售报告.pdf", "sales.csv"]
    assert result.receipt["server_reply"] == "250 2.0.0 queued as 4711"
    assert result.receipt["message_id"] == message["Message-ID"]
    assert result.receipt["size"] == len(envelope.original_content or b"")
    assert result.receipt["to"] == ["finance@example.com"]
    assert result.receipt["attempts"] == 1


@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize(("certificate", "said"), [("wrong host", "mismatch"), ("expired", "expired")])
def test_a_bad_certificate_stops_the_mail(
    start_server: Any, make_context: Any, security: str, certificate: str, said: str
) -> None:
    server = start_server(security=security, certificate=certificate)
    with pytest.raises(TerminalToolError, match=f"(?s)not trusted.*{said}") as caught:
        mail(make_context(server.settings), **TEXT)
    assert "ca_file" in str(caught.value)
    assert server.behaviour.accepted == []


def test_an_unknown_authority_is_not_trusted(start_server: Any, make_context: Any) -> None:
    server = start_server(security="starttls")
    with pytest.raises(TerminalToolError, match="not trusted"):
        mail(make_context(server.settings.model_copy(update={"ca_file": None})), **TEXT)


def test_a_broken_ca_file_is_named(start_server: Any, make_context: Any, tmp_path: Path) -> None:
    server = start_server(security="starttls")
    (tmp_path / "ca.pem").write_text("nonsense")
    for path in (tmp_path / "ca.pem", tmp_path / "absent.pem"):
        with pytest.raises(TerminalToolError, match=path.name):
            mail(make_context(server.settings.model_copy(update={"ca_file": path})), **TEXT)


def test_a_wrong_password_is_said_without_showing_it(
    start_server: Any, make_context: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start_server(security="starttls", login=True)
    monkeypatch.setenv("TEST_MAIL_PASSWORD", "wrong-secret")
    with pytest.raises(TerminalToolError, match="refused the login of 'bot'") as caught:
        mail(make_context(server.settings), **TEXT)
    assert "wrong-secret" not in str(caught.value)


def test_a_password_can_stand_in_a_file(start_server: Any, make_context: Any, tmp_path: Path) -> None:
    server = start_server(security="tls", login=True)
    secret = tmp_path / "password"
    secret.write_text("correct horse\n")
    settings = server.settings.model_copy(update={"password_env": "", "password_file": secret})
    mail(make_context(settings), **TEXT)
    assert len(server.behaviour.accepted) == 1
    secret.unlink()
    with pytest.raises(TerminalToolError, match="password_file"):
        mail(make_context(settings), **TEXT)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"password_env": ""}, "no password"),
        ({"password_env": "NOT_SET_ANYWHERE"}, "export NOT_SET_ANYWHERE"),
        ({"security": "none", "host": "mail.example.com"}, "without encryption"),
    ],
)
def test_a_login_that_cannot_be_safe_is_refused(
    start_server: Any, make_context: Any, change: dict[str, Any], said: str
) -> None:
    server = start_server(security="tls", login=True)
    with pytest.raises(TerminalToolError, match=said):
        mail(make_context(server.settings.model_copy(update=change)), **TEXT)


@pytest.mark.usefixtures("no_pauses")
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_login_without_tls_is_tried_only_on_this_machine(start_server: Any, make_context: Any, host: str) -> None:
    server = start_server(login=True)
    with pytest.raises(TerminalToolError, match="AUTH extension is not supported"):
        mail(make_context(server.settings.model_copy(update={"host": host})), **TEXT)


def test_a_server_without_starttls_is_not_used_in_clear(start_server: Any, make_context: Any) -> None:
    server = start_server(security="none")
    with pytest.raises(TerminalToolError, match=r"STARTTLS.*\[mail\] security"):
        mail(make_context(server.settings.model_copy(update={"security": "starttls"})), **TEXT)
    assert server.behaviour.accepted == []


@pytest.mark.usefixtures("no_pauses")
@pytest.mark.parametrize(
    ("step", "fault"),
    [
        ("ehlo", "drop"),
        *((step, "drop") for step in ("mail", "rcpt", "data_command")),
        *((step, "451 4.7.1 greylisted, try again") for step in ("mail", "rcpt", "data_command", "data")),
    ],
)
def test_a_temporary_fault_is_retried_until_it_works(
    start_server: Any, make_context: Any, step: str, fault: str
) -> None:
    server = start_server()
    if step == "rcpt":
        server.behaviour.rcpt["finance@example.com"] = deque([fault])
    else:
        getattr(server.behaviour, step).append(fault)
    result = mail(make_context(server.settings), **TEXT)
    assert result.receipt["attempts"] == 2
    assert len(server.behaviour.accepted) == 1


@pytest.mark.usefixtures("no_pauses")
def test_the_same_mail_goes_out_at_each_attempt(start_server: Any, make_context: Any) -> None:
    server = start_server()
    server.behaviour.data.extend(["451 later", "250 fine"])
    first = mail(make_context(server.settings, key="key-1"), **TEXT).receipt["message_id"]
    second = mail(make_context(server.settings, key="key-1"), **TEXT).receipt["message_id"]
    assert first == second == server.behaviour.message()["Message-ID"]


@pytest.mark.usefixtures("no_pauses")
def test_a_server_that_always_asks_for_later_is_given_up(start_server: Any, make_context: Any) -> None:
    server = start_server()
    server.behaviour.data.extend(["451 4.3.2 busy"] * 9)
    with pytest.raises(TerminalToolError, match=r"not sent after 4 attempts: the server said: 451 4.3.2 busy"):
        mail(make_context(server.settings), **TEXT)
    assert server.behaviour.accepted == []


@pytest.mark.parametrize("step", ["mail", "data", "data_command"])
def test_a_permanent_refusal_is_told_in_the_servers_words(start_server: Any, make_context: Any, step: str) -> None:
    server = start_server()
    getattr(server.behaviour, step).append("554 5.7.1 we do not like you")
    with pytest.raises(TerminalToolError, match=r"554 5\.7\.1 we do not like you"):
        mail(make_context(server.settings), **TEXT)


def test_a_refused_recipient_is_told(start_server: Any, make_context: Any) -> None:
    server = start_server()
    server.behaviour.rcpt["finance@example.com"] = deque(["550 5.1.1 no such user"])
    with pytest.raises(TerminalToolError, match=r"finance@example.com: 550 5\.1\.1 no such user"):
        mail(make_context(server.settings), **TEXT)
    assert server.behaviour.rcpt_seen == ["finance@example.com"]


@pytest.mark.usefixtures("no_pauses")
def test_each_recipient_is_settled_by_itself(start_server: Any, make_context: Any) -> None:
    people = ("a@example.com", "gone@example.com", "grey@example.com", "never@example.com")
    server = start_server()
    server.behaviour.rcpt = {
        "gone@example.com": deque(["550 no such user"]),
        "grey@example.com": deque(["451 greylisted"]),
        "never@example.com": deque(["452 mailbox full"] * 9),
    }
    result = mail(make_context(server.settings, recipients=people), to=list(people), **TEXT)
    assert result.receipt["to"] == ["a@example.com", "grey@example.com"]
    assert result.receipt["refused"] == {
        "gone@example.com": "550 no such user",
        "never@example.com": "452 mailbox full",
    }
    assert [e.rcpt_tos for e in server.behaviour.accepted] == [["a@example.com"], ["grey@example.com"]]
    assert "REFUSED" in result.observation


@pytest.mark.usefixtures("no_pauses")
def test_a_connection_lost_after_the_final_dot_is_unknown_and_never_repeated(
    start_server: Any, make_context: Any
) -> None:
    server = start_server(security="starttls")
    server.behaviour.data.append("drop")
    with pytest.raises(DeliveryUnknown, match="may have been delivered") as caught:
        mail(make_context(server.settings), **TEXT)
    assert isinstance(caught.value, OutcomeUnknown)
    assert len(server.behaviour.accepted) == 1


def test_a_server_that_never_answers_the_data_is_unknown(start_server: Any, make_context: Any) -> None:
    server = start_server()
    server.behaviour.data.append("hang")
    with pytest.raises(DeliveryUnknown):
        mail(make_context(server.settings, seconds=1.6), **TEXT)
    assert len(server.behaviour.accepted) == 1


def test_a_slow_server_is_given_up_at_the_deadline(start_server: Any, make_context: Any) -> None:
    server = start_server()
    server.behaviour.ehlo.append("hang")
    with pytest.raises(TerminalToolError, match="does not answer"):
        mail(make_context(server.settings, seconds=1.3), **TEXT)
    assert server.behaviour.accepted == []


@pytest.mark.usefixtures("no_pauses")
def test_a_host_that_does_not_listen_is_named(start_server: Any, make_context: Any) -> None:
    server = start_server()
    settings = server.settings.model_copy(update={"port": 1})
    with pytest.raises(TerminalToolError, match=r"127.0.0.1:1 does not answer"):
        mail(make_context(settings), **TEXT)
    with pytest.raises(TerminalToolError, match=r"host 'no-such-host.invalid' is not known|does not answer"):
        mail(make_context(settings.model_copy(update={"host": "no-such-host.invalid"})), **TEXT)


def test_tls_to_a_plain_port_is_explained(start_server: Any, make_context: Any) -> None:
    server = start_server()
    with pytest.raises(TerminalToolError, match=r"no TLS connection|does not answer"):
        mail(make_context(server.settings.model_copy(update={"security": "tls"}), seconds=3), **TEXT)


def test_a_mail_too_large_for_the_server_may_be_made_smaller(start_server: Any, make_context: Any) -> None:
    server = start_server(data_size_limit=500)
    with pytest.raises(RetryableToolError, match=r"552.*Attach fewer"):
        mail(make_context(server.settings), **TEXT)


def test_an_international_address_needs_a_server_that_knows_it(start_server: Any, make_context: Any) -> None:
    person = "用户@例子.cn"
    server = start_server()
    mail(make_context(server.settings, recipients=(person,)), **TEXT)
    assert server.behaviour.accepted[0].rcpt_tos == ["用户@xn--fsqu00a.cn"]
    assert "SMTPUTF8" in server.behaviour.accepted[0].mail_options
    old = start_server(enable_SMTPUTF8=False)
    with pytest.raises(TerminalToolError, match="no SMTPUTF8"):
        mail(make_context(old.settings, recipients=(person,)), **TEXT)


def test_an_international_domain_travels_as_ascii(start_server: Any, make_context: Any) -> None:
    server = start_server(enable_SMTPUTF8=False)
    result = mail(make_context(server.settings, recipients=("info@例子.cn",)), **TEXT)
    assert server.behaviour.accepted[0].rcpt_tos == ["info@xn--fsqu00a.cn"]
    assert result.receipt["to"] == ["info@例子.cn"]
