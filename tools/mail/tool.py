"""The tool ``mail``: offered when everything else is made, to the recipients of the goal and nobody else."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import Field

from clawdbot.errors import TerminalToolError
from clawdbot.store.outbox import Outbox, OutboxEntry
from clawdbot.tools.contract import RunView, Schema, ToolContext, ToolResult
from clawdbot.tools.decorator import tool
from clawdbot.tools.mail.attachments import read, sendable
from clawdbot.tools.mail.draft import BODY_LIMIT, SUBJECT_LIMIT, prepare
from clawdbot.tools.mail.message import compose
from clawdbot.tools.mail.sending import send
from clawdbot.tools.mail.transport import DeliveryUnknown

_ANSWER_MARGIN_S = 1.0
"""Kept back from the call's time, so that the outcome is reported before the executor gives up."""


@tool(effect="external", provides="mail", resumes=True)
def mail(
    context: ToolContext,
    subject: Annotated[str, Field(min_length=1, max_length=SUBJECT_LIMIT)],
    body: Annotated[str, Field(min_length=1, max_length=BODY_LIMIT)],
    to: list[str] | None = None,
    attachments: list[str] | None = None,
    tables: list[str] | None = None,
) -> ToolResult:
    """Send one mail with files of this run.

    subject: subject line
    body: plain text, two or three sentences
    to: addresses
    attachments: names of files to attach
    tables: saved tables whose rows stand below the text; left out: the newest, when no attachment has them
    """
    outbox = context.service(Outbox)
    key = context.effect_key or context.run_id
    entry = outbox.take(key)
    if entry is None or entry.state == "failed":
        wanted = {"subject": subject, "body": body, "to": to, "attachments": attachments, "tables": tables}
        entry = _put(outbox, key, context, wanted)
    elif entry.state in ("sending", "unknown"):
        outbox.unknown(key)
        raise DeliveryUnknown(
            f"The mail {entry.subject!r} was being sent when this run was cut off: it may have been delivered.",
            hint="It is not sent again by itself; a person must look at the mailbox first.",
        )
    if entry.state == "queued":
        deadline = context.deadline - _ANSWER_MARGIN_S
        entry = send(outbox, entry, context.config.mail, deadline=deadline)
    return _result(context, entry)


@mail.approved_by
def payload(context: ToolContext, arguments: Mapping[str, Any]) -> str | None:
    """The rendered mail when a recipient is not on the operator's allow-list, else None."""
    draft = prepare(context, arguments)
    if any(context.envelope.needs_approval(m.given) for m in draft.to):
        return draft.payload(context.language)
    return None


@mail.shown_by
def rendered(context: ToolContext, arguments: Mapping[str, Any]) -> str:
    """The rendered mail, whoever it goes to."""
    return prepare(context, arguments).payload(context.language)


@mail.when
def ready(view: RunView) -> bool:
    """Somebody is still to be written to, and all that the mail should carry has been made."""
    if not view.config.mail.host or not _remaining(view):
        return False
    made = {
        "table": bool(view.workspace.tables()),
        "chart": bool(view.workspace.artifacts("chart")),
        "report": bool(view.workspace.artifacts("report")),
    }
    if any(not made[wanted] for wanted in view.deliverables if wanted in made):
        return False
    names = [a.name for a in sendable(view.workspace)]
    return all(any(n.endswith(f".{suffix}") for n in names) for suffix in view.hints.get("formats") or ())


@mail.narrows
def narrow(view: RunView, schema: Schema) -> Schema:
    """Recipients and attachments as enums of what there is; what the goal has fixed is left out."""
    narrowed = copy.deepcopy(schema)
    properties = narrowed["properties"]
    del properties["tables"]  # a planner's mail shows what the run found
    people = _remaining(view)
    if len(people) == 1 == len(view.envelope.recipients):
        del properties["to"]
    else:
        properties["to"] = _choice(properties["to"], people, least=1)
    files = [a.name for a in sendable(view.workspace)]
    fixed = view.deliverables & {"chart", "report"} or view.hints.get("formats")
    if fixed or not files:
        del properties["attachments"]
    else:
        properties["attachments"] = _choice(properties["attachments"], files, least=0)
    narrowed["required"] = list(properties)
    return narrowed


def _choice(old: Schema, values: list[str], *, least: int) -> Schema:
    kept = {"description": old["description"]} if "description" in old else {}
    return {
        "type": "array",
        "items": {"type": "string", "enum": values},
        "minItems": least,
        "maxItems": len(values),
        **kept,
    }


def _remaining(view: RunView) -> list[str]:
    """Recipients of the goal that no receipt mentions, whether the server took or refused them."""
    settled: set[str] = set()
    for receipt in view.done:
        if receipt.get("tool") == mail.name:
            settled.update(str(a).lower() for a in (*receipt.get("to", ()), *receipt.get("refused", ())))
    return sorted(view.envelope.recipients - settled)


def _now(timezone: str) -> datetime:
    if timezone == "local":
        return datetime.now().astimezone()
    try:
        return datetime.now(ZoneInfo(timezone))
    except (KeyError, ValueError, OSError) as error:
        raise TerminalToolError(
            f"The time zone {timezone!r} is not known.", hint="Set [app] timezone to an IANA name."
        ) from error


def _put(outbox: Outbox, key: str, context: ToolContext, arguments: Mapping[str, Any]) -> OutboxEntry:
    """Compose the mail and keep it; what goes out is this, however often that has to be tried."""
    draft = prepare(context, arguments)
    files = tuple(read(context.workspace, a) for a in draft.attachments)
    composed = compose(
        sender=draft.sender,
        to=draft.to,
        subject=draft.subject,
        body=draft.body,
        attachments=files,
        language=context.language,
        key=key,
        now=_now(context.config.app.timezone),
        settings=context.config.mail,
    )
    receipt = {
        "message_id": composed.message_id,
        "to": [m.given for m in draft.to],
        "refused": {},
        "subject": draft.subject,
        "server_reply": "",
        "attempts": 0,
        "attachments": [{"name": f.name, "sha256": f.sha256, "bytes": len(f.data)} for f in files],
        "size": len(composed.content),
        "signed": composed.signed,
        "encrypted": composed.encrypted,
    }
    return outbox.put(
        key=key,
        run_id=context.run_id,
        message_id=composed.message_id,
        sender=composed.sender,
        recipients=composed.to,
        subject=draft.subject,
        content=composed.content,
        receipt=receipt,
    )


def _result(context: ToolContext, entry: OutboxEntry) -> ToolResult:
    receipt = entry.receipt
    to, files = ", ".join(receipt["to"]), receipt["attachments"]
    names = ", ".join(f["name"] for f in files) or ("无附件" if context.language == "zh" else "no attachments")
    told = f"mail sent to {to} with {len(files)} attachments: {receipt['server_reply']}"
    if receipt["refused"]:
        told += "; REFUSED by the server: " + "; ".join(f"{a}: {text}" for a, text in receipt["refused"].items())
    if context.language == "zh":
        summary = f"邮件“{entry.subject}”已发送给 {to}({names})"
    else:
        summary = f"mail {entry.subject!r} sent to {to} ({names})"
    return ToolResult(observation=told, summary=summary, receipt=receipt)
