"""The connection's secrets and trust: certificate checks are always on, a password never goes out in clear."""

from __future__ import annotations

import ipaddress
import os
import ssl

from clawdbot.config import MailConfig
from clawdbot.errors import TerminalToolError


def tls_context(settings: MailConfig) -> ssl.SSLContext | None:
    """Certificate and host name checks with the system's authorities and ``[mail] ca_file``; None without TLS."""
    if settings.security == "none":
        return None
    context = ssl.create_default_context()
    if settings.ca_file is not None:
        try:
            context.load_verify_locations(cafile=settings.ca_file)
        except (OSError, ssl.SSLError) as error:
            raise TerminalToolError(
                f"The certificate authority {str(settings.ca_file)!r} cannot be read: {error.strerror or error}.",
                hint="Correct [mail] ca_file (a PEM file).",
            ) from error
    return context


def credentials(settings: MailConfig) -> tuple[str, str] | None:
    """User name and password, or None when no user name is set.

    TerminalToolError when the password's source is missing, or the connection would show it to the network.
    """
    if not settings.username:
        return None
    if settings.security == "none" and not _is_loopback(settings.host):
        raise TerminalToolError(
            f"The password would travel to {settings.host} without encryption.",
            hint='Set [mail] security = "starttls" or "tls".',
        )
    return settings.username, _password(settings)


def _password(settings: MailConfig) -> str:
    if settings.password_file is not None:
        try:
            return settings.password_file.read_text("utf-8").rstrip("\r\n")
        except OSError as error:
            raise TerminalToolError(
                f"The mail password file {str(settings.password_file)!r} cannot be read: {error.strerror}.",
                hint="Correct [mail] password_file.",
            ) from error
    if not settings.password_env:
        raise TerminalToolError(
            "[mail] username is set, but no password.", hint="Set [mail] password_env or password_file."
        )
    value = os.environ.get(settings.password_env)
    if value is None:
        raise TerminalToolError(
            f"The environment variable {settings.password_env!r} (mail password) is not set.",
            hint=f"Set it: export {settings.password_env}=...",
        )
    return value


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
