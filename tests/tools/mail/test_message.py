"""The bytes of a mail: what people read, and what no text can smuggle in."""

from __future__ import annotations

import email
import email.policy
import unicodedata
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from clawdbot.config import MailConfig
from clawdbot.errors import PolicyRefused, RetryableToolError, TerminalToolError
from clawdbot.tools.mail.address import mailbox, sender_mailbox
from clawdbot.tools.mail.attachments import Attachment, read
from clawdbot.tools.mail.cleaning import clean_body, clean_line
from clawdbot.tools.mail.message import Mail, compose, message_id
from clawdbot.tools.workspace import Workspace

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
HEADERS = {
    "From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Language", "Auto-Submitted", "Content-Type",
}  # fmt: skip
REORDERING = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"

hostile = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from("\r\n\0\x0b\x85\u2028\u2029:,;<>@\"'\\=?.&" + REORDERING),
        st.characters(categories=["Lo", "So", "Cc", "Cf", "Cs"]),
    ),
    max_size=300,
)


def build(subject: str = "s", body: str = "b", *, to: str = "finance@example.com", name: str = "", **more: Any) -> Mail:
    return compose(
        sender=mailbox("bot@example.com", name="Clawdbot 助手"),
        to=[mailbox(to, name=name)],
        subject=clean_line(subject, limit=100),
        body=clean_body(body),
        language="zh",
        key="key-1",
        now=NOW,
        **{"attachments": (), "settings": MailConfig(), **more},
    )


def parse(mail: Mail) -> EmailMessage:
    found = email.message_from_bytes(mail.content, policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    return found


def attachment(name: str, data: bytes = b"%PDF") -> Attachment:
    return Attachment(name=name, media_type="application/pdf", data=data, sha256="")


def test_a_mail_has_text_html_and_attachments_with_their_names() -> None:
    mail = build(
        "季度报告", "您好:\n\n总额 < 预算 & 完成\n第二行", name="财务", attachments=[attachment("销售报告 2026.pdf")]
    )
    message = parse(mail)
    assert message["To"] == "财务 <finance@example.com>"
    assert message["From"] == "Clawdbot 助手 <bot@example.com>"
    assert message["Subject"] == "季度报告"
    assert message["Message-ID"] == mail.message_id == message_id("key-1", domain="example.com")
    assert message["Date"].datetime == NOW
    page = message.get_body(("html",))
    assert page is not None
    assert "总额 &lt; 预算 &amp; 完成<br>第二行</p>" in page.get_content()
    (file,) = message.iter_attachments()
    assert file.get_filename() == "销售报告 2026.pdf"
    assert b"filename*=" in mail.content  # RFC 2231
    assert file.get_content() == b"%PDF"


def test_the_message_id_belongs_to_the_key() -> None:
    assert message_id("a", domain="x.org") == message_id("a", domain="x.org") != message_id("b", domain="x.org")


@given(subject=hostile, body=hostile, name=hostile)
@example(subject="hi\r\nBcc: evil@example.net", body="a\r\n.\r\nMAIL FROM:<x@y>", name='x" <evil@example.net>, "y')
@example(subject="=?utf-8?q?=0D=0ABcc:_evil@example.net?=", body="", name="=?utf-8?q?evil=0D=0ABcc:_x@y?=")
@example(subject="\ud800\u202egnp.exe", body="\x00\ud800", name="\u2028Bcc: e@x.org")
@example(subject="很" * 300, body="长" * 3000, name="名" * 200)
def test_no_text_adds_a_header_a_recipient_or_a_part(subject: str, body: str, name: str) -> None:
    mail = build(subject or "s", body or "b", name=name, attachments=[attachment("r.pdf")])
    message = parse(mail)
    assert set(message.keys()) == HEADERS and len(message.keys()) == len(HEADERS)
    assert [a.addr_spec for a in message["To"].addresses] == ["finance@example.com"]
    assert [p.get_content_type() for p in message.walk()] == [
        "multipart/mixed", "multipart/alternative", "text/plain", "text/html", "application/pdf",
    ]  # fmt: skip
    assert message.defects == []
    assert mail.content.isascii()
    assert not any(ord(c) < 32 for value in message.values() for c in value)
    assert b"\r" not in mail.content.replace(b"\r\n", b"") and b"\n" not in mail.content.replace(b"\r\n", b"")
    assert max(len(line) for line in mail.content.split(b"\r\n")) <= 998


@given(text=hostile)
def test_a_subject_arrives_as_it_was_cleaned(text: str) -> None:
    subject = clean_line(text, limit=100) or "s"
    received = str(parse(build(subject))["Subject"])
    # Encoded words may be given back with or without the space between them when a fold falls there.
    assert "".join(received.split()) == "".join(subject.split())


@given(text=hostile)
def test_cleaned_text_is_visible_and_cleaning_is_settled(text: str) -> None:
    line, body = clean_line(text, limit=100), clean_body(text)
    assert len(line) <= 100
    assert not any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in line)
    assert not any(unicodedata.category(c) in ("Cc", "Cs") for c in body if c not in "\n\t")
    assert not set(REORDERING) & set(line + body)
    assert clean_line(line, limit=100) == line and clean_body(body) == body


@given(text=st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "Zs"]) | st.just("\n"), max_size=400))
def test_text_of_people_arrives(text: str) -> None:
    body = clean_body(text) or "b"
    part = parse(build(body=body)).get_body(("plain",))
    assert part is not None
    assert part.get_content().replace("\r\n", "\n").rstrip("\n") == body.rstrip("\n")


@pytest.mark.parametrize(
    "address",
    [
        "", "a", "a@", "@b", "a@b@c", "a b@c.d", "a@b.c\r\nBcc: x@y.z", "a@b.c\0", "<a@b.c>", '"x y"@b.c', "a@b,c@d",
        "a@[127.0.0.1]", "a@b..c", ".a@b.c", "a\u202e@b.c", "a@b.c\n", "x" * 250 + "@b.cc", "a@-.-", "a@例..子",
        "a@\u2028.c", "财务@" + "例" * 80 + ".cn",
    ],
)  # fmt: skip
def test_what_is_not_an_address_is_refused(address: str) -> None:
    with pytest.raises(PolicyRefused, match=r"name@example.com|Correct the address"):
        mailbox(address)


@given(text=hostile)
def test_an_address_never_carries_more_than_itself(text: str) -> None:
    try:
        box = mailbox(text)
    except PolicyRefused:
        return
    assert box.given == text
    assert not set(box.address) & set(' \t\r\n\0<>,;:"()[]\\') and box.address.count("@") == 1


def test_the_sender_comes_from_the_configuration() -> None:
    assert str(sender_mailbox("报告 <r@x.org>", username="u")) == "报告 <r@x.org>"
    assert str(sender_mailbox("", username="u@x.org")) == "u@x.org"
    with pytest.raises(TerminalToolError, match=r"\[mail\] from"):
        sender_mailbox("", username="u")


def test_a_mail_that_is_too_large_says_what_makes_it_so() -> None:
    with pytest.raises(RetryableToolError, match=r"big\.pdf 40,000 bytes.*max_bytes"):
        build(attachments=[attachment("big.pdf", b"x" * 40_000)], settings=MailConfig(max_bytes=20_000))


def test_only_what_was_registered_is_attached(workspace: Workspace, tmp_path: Any) -> None:
    report = workspace.artifact("销售报告.pdf")
    assert read(workspace, report).data == b"%PDF-1.7 report"
    path = workspace.root / "artifacts" / report.name
    path.write_bytes(b"changed")
    with pytest.raises(TerminalToolError, match="changed after it was made"):
        read(workspace, report)
    path.unlink()
    with pytest.raises(TerminalToolError, match="cannot be read"):
        read(workspace, report)
    hostile_name = workspace.root / "artifacts" / '=?utf-8?q?=0D=0ABcc: x@y.z?=\r\nX: "\u202efdp.exe'
    hostile_name.write_bytes(b"x")
    message = parse(build(attachments=[read(workspace, workspace.add_artifact(hostile_name, kind="report"))]))
    assert set(message.keys()) == HEADERS
    (part,) = message.iter_attachments()
    assert part.keys() == ["Content-Type", "Content-Transfer-Encoding", "Content-Disposition", "MIME-Version"]
    assert part.get_filename() == '= ?utf-8?q?=0D=0ABcc: x@y.z?= X: "fdp.exe'
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    path.symlink_to(secret)
    with pytest.raises(TerminalToolError, match="outside the run's folder"):
        read(workspace, report)
