"""Handing a mail to an SMTP server (RFC 5321): retried only while it is certain that nothing was accepted.

Up to the final dot of DATA a lost connection means that the server has nothing, so the attempt is repeated with
growing pauses.  After the dot, until the server's reply has come, nobody can know: that is ``DeliveryUnknown``.  Just
before the dot the ``Gate`` is asked, when everything else has left this machine.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import aiosmtplib
import stamina

from clawdbot.config import MailConfig
from clawdbot.errors import OutcomeUnknown, RetryableToolError, TerminalToolError, ToolError
from clawdbot.failpoints import reach
from clawdbot.tools.mail.gate import Gate, Open
from clawdbot.tools.mail.letter import Letter
from clawdbot.tools.mail.refusal import TemporaryRefusal, explain, is_permanent, server_text
from clawdbot.tools.mail.security import credentials, tls_context

_ATTEMPTS = 7
_FIRST_WAIT_S = 0.5
_LONGEST_WAIT_S = 30.0
_LOOK_S = 0.005
"""Between looks whether a large mail has been written."""
_OPEN = Open()
_LINE_START_DOT = re.compile(rb"(?m)^\.")


class DeliveryUnknown(OutcomeUnknown):
    """The connection was lost after the whole mail was sent and before the server's answer."""

    code = "delivery_unknown"


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """What the server said: addresses accepted, addresses refused with the server's words, its last reply."""

    accepted: tuple[str, ...]
    refused: Mapping[str, str]
    server_reply: str
    attempts: int


@dataclass(kw_only=True)
class _Progress:
    """What is settled over all attempts; each address is offered again only while it is pending."""

    pending: list[str]
    accepted: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    server_reply: str = ""
    attempts: int = 0


def deliver(mail: Letter, settings: MailConfig, *, deadline: float, gate: Gate = _OPEN) -> Delivery:
    """Send to all recipients, retrying temporary refusals until ``deadline`` (``time.monotonic()`` seconds).

    Returns when at least one recipient was accepted.  TerminalToolError or RetryableToolError carry the server's
    words when none was; DeliveryUnknown when it cannot be known; and whatever ``gate`` raises.
    """
    return asyncio.run(_deliver(mail, settings, deadline, gate))


async def _deliver(mail: Letter, settings: MailConfig, deadline: float, gate: Gate) -> Delivery:
    progress = _Progress(pending=list(mail.to))
    try:
        async for attempt in stamina.retry_context(
            on=lambda error: not is_permanent(error) and time.monotonic() < deadline,
            attempts=_ATTEMPTS,
            timeout=_left(deadline),
            wait_initial=_FIRST_WAIT_S,
            wait_max=_LONGEST_WAIT_S,
            wait_jitter=_FIRST_WAIT_S,
        ):
            with attempt:
                progress.attempts += 1
                await _transaction(mail, settings, progress, deadline, gate)
    except (aiosmtplib.SMTPException, OSError, ToolError, ValueError) as error:
        if isinstance(error, DeliveryUnknown) or not progress.accepted:
            raise _final_error(error, settings, progress) from error
        # Some recipients have the mail: that is a receipt, and the others are reported in it.
        progress.refused.update((address, server_text(error)) for address in progress.pending)
    return Delivery(
        accepted=tuple(progress.accepted),
        refused=dict(progress.refused),
        server_reply=progress.server_reply,
        attempts=progress.attempts,
    )


def _left(deadline: float) -> float:
    return max(0.1, deadline - time.monotonic())


def _final_error(error: Exception, settings: MailConfig, progress: _Progress) -> ToolError:
    if isinstance(error, ToolError):
        return error
    said = explain(error, settings)
    tries = f" after {progress.attempts} attempts" if progress.attempts > 1 else ""
    if isinstance(said, RetryableToolError):
        return RetryableToolError(f"The mail was not sent{tries}: {said.message}", hint=said.hint)
    return TerminalToolError(f"The mail was not sent{tries}: {said.message}", hint=said.hint)


async def _transaction(mail: Letter, settings: MailConfig, progress: _Progress, deadline: float, gate: Gate) -> None:
    """One connection: log in, offer the pending recipients, send the data once."""
    login = credentials(settings)
    client = aiosmtplib.SMTP(
        hostname=settings.host,
        port=settings.port,
        timeout=min(settings.timeout_s, _left(deadline)),
        use_tls=settings.security == "tls",
        start_tls=settings.security == "starttls",
        tls_context=tls_context(settings),
        local_hostname=_own_name(),
    )
    transport: asyncio.BaseTransport | None = None
    try:
        await client.connect()
        transport = client.transport
        if login is not None:
            await client.login(*login)
        await _envelope_and_data(client, mail, progress, deadline, gate)
        # The mail is settled: what the server does with QUIT changes nothing.
        with contextlib.suppress(aiosmtplib.SMTPException, OSError):
            await client.quit()
    finally:
        # Closing politely, as the client does, leaves a TLS socket that outlives the event loop.
        client.close()
        if isinstance(transport, asyncio.WriteTransport):
            transport.abort()
            await asyncio.sleep(0)
    if progress.pending:
        raise TemporaryRefusal(f"{', '.join(progress.pending)}: {progress.server_reply}")


async def _envelope_and_data(
    client: aiosmtplib.SMTP, mail: Letter, progress: _Progress, deadline: float, gate: Gate
) -> None:
    await client.ehlo()
    if mail.smtputf8 and not client.supports_extension("smtputf8"):
        raise TerminalToolError(
            "The server does not take addresses with non-ASCII letters (no SMTPUTF8).", hint="Use an ASCII address."
        )
    options = [f"SIZE={len(mail.content)}"] if client.supports_extension("size") else []
    if mail.smtputf8:
        options.append("SMTPUTF8")
    encoding = "utf-8" if mail.smtputf8 else "ascii"
    await client.mail(mail.sender, options=options, encoding=encoding)
    taken = []
    temporary: aiosmtplib.SMTPRecipientRefused | None = None
    for address in tuple(progress.pending):
        try:
            await client.rcpt(address, encoding=encoding)
            taken.append(address)
        except aiosmtplib.SMTPRecipientRefused as error:
            if is_permanent(error):
                progress.pending.remove(address)
                progress.refused[address] = server_text(error)
            else:
                temporary = error
    if taken:
        reply = await _data(client, mail.content, progress, deadline, gate)
        progress.accepted += taken
        progress.pending = [a for a in progress.pending if a not in taken]
        progress.server_reply = reply
    elif temporary is not None:
        raise temporary
    elif not progress.accepted:
        refusals = "; ".join(f"{address}: {text}" for address, text in progress.refused.items())
        raise TerminalToolError(
            f"The mail was not sent, the server refused the recipient: {refusals}", hint="Correct the address."
        )
    if temporary is not None:
        progress.server_reply = progress.server_reply or server_text(temporary)


async def _data(client: aiosmtplib.SMTP, content: bytes, progress: _Progress, deadline: float, gate: Gate) -> str:
    """DATA, the content, the final dot; returns the server's acceptance in its words."""
    start = await client.execute_command(b"DATA")
    if start.code != aiosmtplib.SMTPStatus.start_input:
        raise aiosmtplib.SMTPDataError(start.code, start.message)
    protocol, transport = client.protocol, client.transport
    if protocol is None or transport is None:
        raise aiosmtplib.SMTPServerDisconnected("Connection lost before the mail was sent")
    # aiosmtplib's own data() hides on which side of the final dot the connection was lost.
    protocol.write(_LINE_START_DOT.sub(b"..", content))
    await _written(transport, deadline)
    gate.may_send()
    protocol.write(b".\r\n")
    try:
        reply = await protocol.read_response(timeout=_left(deadline))
    except (aiosmtplib.SMTPServerDisconnected, aiosmtplib.SMTPTimeoutError, OSError) as error:
        raise DeliveryUnknown(
            f"The connection was lost after the mail was sent and before the server's answer ({error}): "
            "it may have been delivered.",
            hint="It is not sent again by itself; a person must look at the mailbox first.",
        ) from error
    if reply.code != aiosmtplib.SMTPStatus.completed:
        refused = aiosmtplib.SMTPDataError(reply.code, reply.message)
        if not is_permanent(refused) and not progress.accepted:
            gate.not_taken(server_text(refused))
        raise refused
    reach("mail.accepted")
    return f"{reply.code} {reply.message}"


async def _written(transport: asyncio.BaseTransport, deadline: float) -> None:
    """Wait until everything that was written has left this process, so that nothing is left to come but the dot."""
    assert isinstance(transport, asyncio.WriteTransport), "SMTP goes over TCP or TLS"
    while transport.get_write_buffer_size() > 0 and not transport.is_closing():
        if time.monotonic() > deadline:
            raise aiosmtplib.SMTPTimeoutError("The server did not take the mail in time")
        await asyncio.sleep(_LOOK_S)
    if transport.is_closing():
        raise aiosmtplib.SMTPServerDisconnected("Connection lost while the mail was sent")


def _own_name() -> str:
    """The name for EHLO: the host's when qualified, else an address literal (asking the DNS may hang)."""
    name = socket.gethostname()
    return name if "." in name and name.isascii() else "[127.0.0.1]"
