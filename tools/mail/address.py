"""Addresses as SMTP and headers need them: checked, internationalised, with a display name."""

from __future__ import annotations

import email.utils
import re
from dataclasses import dataclass
from email.headerregistry import Address

import idna

from clawdbot.errors import PolicyRefused, TerminalToolError
from clawdbot.tools.mail.cleaning import clean_line

# RFC 5321/6531 dot-atoms only: quoted local parts and address literals are not worth their risk here.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-\u0080-\U0010ffff]+"
_LABEL = r"[^\W_](?:[\w\-]*[^\W_])?"
_ADDRESS = re.compile(rf"({_ATOM}(?:\.{_ATOM})*)@({_LABEL}(?:\.{_LABEL})*)")


@dataclass(frozen=True, kw_only=True)
class Mailbox:
    """A person's address: ``given`` as it was written, ``name`` may be empty, ``domain`` is ASCII (IDNA 2008)."""

    given: str
    name: str
    local: str
    domain: str

    @property
    def address(self) -> str:
        return f"{self.local}@{self.domain}"

    @property
    def needs_utf8(self) -> bool:
        """Only servers with SMTPUTF8 (RFC 6531) can take this address."""
        return not self.local.isascii()

    def header(self) -> Address:
        """The value for a From or To header."""
        return Address(display_name=self.name, username=self.local, domain=self.domain)

    def __str__(self) -> str:
        return f"{self.name} <{self.address}>" if self.name else self.address


def mailbox(address: str, *, name: str = "") -> Mailbox:
    """Check an address; PolicyRefused when it is not exactly one plain ``local@domain``."""
    found = _ADDRESS.fullmatch(address)
    if found is None or len(address) > 254 or clean_line(address, limit=300) != address:
        raise PolicyRefused(f"{address!r} is not a mail address.", hint="Write it as name@example.com.")
    local, domain = found.groups()
    try:
        ascii_domain = domain.lower() if domain.isascii() else idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError as error:
        raise PolicyRefused(f"{address!r} has an invalid domain: {error}.", hint="Correct the address.") from error
    return Mailbox(given=address, name=clean_line(name, limit=70), local=local, domain=ascii_domain)


def sender_mailbox(configured: str, *, username: str) -> Mailbox:
    """The sender from ``[mail] from`` ('Name <address>'), else from a user name that is an address."""
    name, address = email.utils.parseaddr(configured or username)
    if "@" not in address:
        raise TerminalToolError("No sender is configured.", hint="Set [mail] from = 'Name <address>' in clawdbot.toml.")
    return mailbox(address, name=name)
