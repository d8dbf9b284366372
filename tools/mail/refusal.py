"""What a failed attempt means: worth another one or not, and in words that say what to do."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator

import aiosmtplib

from clawdbot.config import MailConfig
from clawdbot.errors import RetryableToolError, TerminalToolError, ToolError

_TOO_LARGE = 552
_SERVER_TEXT_LIMIT = 300


class TemporaryRefusal(ConnectionError):
    """Some recipients were asked to be tried later."""


def _chain(error: BaseException) -> Iterator[BaseException]:
    current: BaseException | None = error
    while current is not None:
        yield current
        current = current.__cause__ or current.__context__


def is_permanent(error: BaseException) -> bool:
    """Trying again cannot help: a refusal with 5xx, a certificate, an unknown host, or our own error."""
    if isinstance(error, ToolError | ValueError):
        return True
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return not 400 <= error.code < 500
    for cause in _chain(error):
        if isinstance(cause, ssl.SSLError):
            return True
        if isinstance(cause, socket.gaierror):
            return cause.errno != socket.EAI_AGAIN
    # A bare SMTPException is a missing feature of the server (STARTTLS, AUTH), the others are lost connections.
    return not isinstance(error, OSError)


def server_text(error: BaseException) -> str:
    """The server's words on one line, cut; the exception's text when it has none."""
    if isinstance(error, aiosmtplib.SMTPResponseException):
        text = f"{error.code} {error.message}"
    else:
        text = str(error) or type(error).__name__
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line[:_SERVER_TEXT_LIMIT]


def explain(error: Exception, settings: MailConfig) -> ToolError:
    """The error for the planner: what happened in the server's words, and the cure."""
    where = f"{settings.host}:{settings.port}"
    said = server_text(error)
    for cause in _chain(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return TerminalToolError(
                f"the certificate of {where} is not trusted: {cause.verify_message}.",
                hint="Set [mail] ca_file to the authority's certificate, or correct the host name; "
                "certificate checks cannot be switched off.",
            )
        if isinstance(cause, ssl.SSLError):
            return TerminalToolError(
                f"no TLS connection to {where} ({cause.reason or cause}).",
                hint='Check [mail] port and security: usually "tls" on 465 and "starttls" on 587.',
            )
        if isinstance(cause, socket.gaierror):
            return TerminalToolError(f"the host {settings.host!r} is not known.", hint="Correct [mail] host.")
    if isinstance(error, aiosmtplib.SMTPAuthenticationError):
        return TerminalToolError(
            f"{where} refused the login of {settings.username!r}: {said}.",
            hint="Check [mail] username and the password.",
        )
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return _refused(error, said)
    if isinstance(error, aiosmtplib.SMTPException) and is_permanent(error):
        return TerminalToolError(f"{where}: {said}", hint="Check [mail] security, port and username.")
    return TerminalToolError(f"{where} does not answer ({said}).", hint="Check that the server runs, or try later.")


def _refused(error: aiosmtplib.SMTPResponseException, said: str) -> ToolError:
    if error.code == _TOO_LARGE:
        return RetryableToolError(f"the server said: {said}.", hint="Attach fewer or smaller files.")
    if isinstance(error, aiosmtplib.SMTPSenderRefused):
        return TerminalToolError(f"the server refused the sender: {said}.", hint="Check [mail] from and username.")
    if is_permanent(error):
        return TerminalToolError(f"the server said: {said}.", hint="Ask the mail server's operator.")
    return TerminalToolError(f"the server said: {said}.", hint="It asks to try later; run the goal again later.")
