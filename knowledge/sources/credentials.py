"""Secrets and trust of a source's server: by reference, with certificates checked."""

from __future__ import annotations

import ipaddress
import os
import ssl

from clawdbot.config import SourceConfig
from clawdbot.errors import KnowledgeError


def tls_context(config: SourceConfig, name: str) -> ssl.SSLContext:
    """Certificate and host name checks with the system's authorities and ``ca_file``; KnowledgeError."""
    context = ssl.create_default_context()
    if config.ca_file is not None:
        try:
            context.load_verify_locations(cafile=config.ca_file)
        except (OSError, ssl.SSLError) as error:
            raise KnowledgeError(
                f"The certificate authority {str(config.ca_file)!r} cannot be read: {error.strerror or error}.",
                hint=f"Correct ca_file in [knowledge.sources.{name}] (a PEM file).",
            ) from error
    return context


def password(config: SourceConfig, name: str) -> str:
    """The password that ``password_file`` or ``password_env`` leads to; KnowledgeError when it is missing.

    Refused as well when it would travel in clear to another machine.
    """
    section = f"[knowledge.sources.{name}]"
    if config.security == "none" and not _is_loopback(config.host):
        raise KnowledgeError(
            f"The password would travel to {config.host} without encryption.",
            hint=f'Set security = "tls" or "starttls" in {section}.',
        )
    if config.password_file is not None:
        try:
            return config.password_file.read_text("utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            said = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            raise KnowledgeError(
                f"The password file {str(config.password_file)!r} cannot be read: {said}.",
                hint=f"Correct password_file in {section}.",
            ) from error
    if not config.password_env:
        raise KnowledgeError(
            f"{section} has a username, but no password.", hint="Set password_env or password_file there."
        )
    value = os.environ.get(config.password_env)
    if not value:
        raise KnowledgeError(
            f"The environment variable {config.password_env!r} (password of {section}) is not set.",
            hint=f"Set it: export {config.password_env}=...",
        )
    return value


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
