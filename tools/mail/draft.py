"""What a mail call means before anything is sent: the exact text that a person approves and that goes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from clawdbot.errors import PolicyRefused, RetryableToolError, TerminalToolError
from clawdbot.tools.contract import ToolContext
from clawdbot.tools.mail.address import Mailbox, mailbox, sender_mailbox
from clawdbot.tools.mail.attachments import choose
from clawdbot.tools.mail.cleaning import clean_body, clean_line
from clawdbot.tools.mail.results import result_lines
from clawdbot.tools.numbers import unsupported_numbers
from clawdbot.tools.workspace import Artifact

SUBJECT_LIMIT = 100
BODY_LIMIT = 1200

_WORDS = {
    "zh": {"From": "发件人", "To": "收件人", "Subject": "主题", "Attachments": "附件", "none": "无", "bytes": "字节"},
    "en": {},
}


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A checked mail: clean text, recipients that the goal named, attachments that exist."""

    sender: Mailbox
    to: tuple[Mailbox, ...]
    subject: str
    body: str
    attachments: tuple[Artifact, ...]

    def payload(self, language: str) -> str:
        """The whole mail as text, for a person to approve."""

        def word(text: str) -> str:
            return _WORDS[language].get(text, text)

        files = [f"  {a.name} ({a.bytes:,} {word('bytes')}, sha256 {a.sha256[:16]})" for a in self.attachments]
        return "\n".join(
            [
                f"{word('From')}: {self.sender}",
                f"{word('To')}: {', '.join(str(m) for m in self.to)}",
                f"{word('Subject')}: {self.subject}",
                f"{word('Attachments')}:" + ("" if files else f" {word('none')}"),
                *files,
                "",
                self.body,
            ]
        )


def prepare(context: ToolContext, arguments: Mapping[str, Any]) -> Draft:
    """Check a call's arguments and the configuration; sends nothing.

    PolicyRefused for a recipient that the goal did not name, TerminalToolError when mail is not configured,
    RetryableToolError for text or attachments that the model can mend.
    """
    settings = context.config.mail
    if not settings.host:
        raise TerminalToolError(
            "No mail server is configured.", hint="Set host, port, security and from in [mail] of clawdbot.toml."
        )
    draft = Draft(
        sender=sender_mailbox(settings.from_, username=settings.username),
        to=_recipients(context, arguments.get("to")),
        subject=clean_line(str(arguments.get("subject") or ""), limit=SUBJECT_LIMIT),
        body=clean_body(str(arguments.get("body") or "")),
        attachments=choose(context.workspace, arguments.get("attachments")),
    )
    if not draft.subject or not draft.body:
        empty = "subject" if not draft.subject else "body"
        raise RetryableToolError(f"The {empty} is empty.", hint="Say in a sentence or two what is sent and why.")
    if len(draft.body) > BODY_LIMIT:
        raise RetryableToolError(
            f"The body has {len(draft.body)} characters, more than {BODY_LIMIT}.", hint="Leave details to the report."
        )
    _check_numbers(context, draft)
    wanted = arguments.get("tables")
    figures = result_lines(context.workspace, draft.attachments, language=context.language, tables=wanted)
    return replace(draft, body=f"{draft.body}\n\n{figures}") if figures else draft


def _recipients(context: ToolContext, chosen: Any) -> tuple[Mailbox, ...]:
    envelope = context.envelope
    addresses = [str(a).lower() for a in chosen] if chosen else sorted(envelope.recipients)
    if not addresses:
        raise PolicyRefused("The goal names no recipient.", hint="Name an address or a contact in the goal.")
    for address in addresses:
        if not envelope.may_mail(address):
            allowed = ", ".join(sorted(envelope.recipients)) or "nobody"
            raise PolicyRefused(
                f"{clean_line(address, limit=120)!r} is not a recipient of this goal.",
                hint=f"The goal allows mail to: {allowed}. Only the person can add others, in the goal.",
            )
    names = {address.lower(): name for name, address in reversed(context.config.mail.contacts.items())}
    return tuple(mailbox(a, name=names.get(a, "")) for a in dict.fromkeys(addresses))


def _check_numbers(context: ToolContext, draft: Draft) -> None:
    """A figure in a mail must come from the run's tables or from the goal itself."""
    workspace = context.workspace
    tables = workspace.tables()
    frames = [workspace.load_table(t.name) for t in tables]
    quotable = [context.goal, *(t.title for t in tables), *(f"{a.title} {a.name}" for a in draft.attachments)]
    quotable += [str(receipt.get("summary", "")) for receipt in context.done if receipt.get("effect") == "read"]
    invented = unsupported_numbers(f"{draft.subject}\n{draft.body}", frames, context=quotable)
    if invented:
        raise RetryableToolError(
            f"These numbers occur in no result: {', '.join(invented)}.",
            hint="Use numbers from the saved tables, or write the mail without them.",
        )
