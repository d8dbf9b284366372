"""What a mail server is handed: an envelope and the mail's bytes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A mail ready to be sent: ``content`` has CRLF line ends and 7-bit lines (headers too, unless smtputf8)."""

    sender: str
    to: tuple[str, ...]
    content: bytes

    @property
    def smtputf8(self) -> bool:
        """Only servers with SMTPUTF8 (RFC 6531) can take it: an address has letters that are not ASCII."""
        return not all(address.isascii() for address in (self.sender, *self.to))
