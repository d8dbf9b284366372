"""Outlook mails (MSG, [MS-OXMSG]): a compound file whose streams are the mail's properties."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import olefile  # type: ignore[import-untyped]  # ships no types

from clawdbot.knowledge.extract import Extract
from clawdbot.knowledge.loaders.encoding import decode
from clawdbot.knowledge.loaders.letter import MAX_ATTACHMENTS, Attachment, Letter, Nested, extract_of
from clawdbot.knowledge.loaders.limits import MAX_NESTING, LoadLimits
from clawdbot.knowledge.loaders.moment import in_utc

_SUBJECT, _BODY, _HTML = "0037", "1000", "1013"
_SENDER_NAME, _SENDER_SMTP, _SENDER_ADDRESS = "0C1A", "5D01", "0C1F"
_DISPLAY_TO, _DISPLAY_CC = "0E04", "0E03"
_NAME, _SMTP, _ADDRESS = "3001", "39FE", "3003"
_LONG_FILENAME, _FILENAME, _DATA, _MIME = "3707", "3704", "3701", "370E"
_SUBMITTED, _DELIVERED, _RECIPIENT_TYPE = 0x0039, 0x0E06, 0x0C15
_TIME_TYPE, _NUMBER_TYPE = 0x0040, 0x0003
_TO, _CC = 1, 2
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_HEADER_BYTES = {"": 32, "__substg1.0_3701000D": 24}
"""Before the fixed properties: of the mail itself, and of one inside of it; 8 elsewhere."""


def load(data: bytes, limits: LoadLimits, *, nested: Nested) -> Extract:
    """A mail with its attachments, mails inside of it too."""
    with olefile.OleFileIO(data) as ole:
        letter = _Folder(ole=ole, path=()).letter(0)
    return extract_of(letter, limits, nested)


@dataclass(frozen=True, kw_only=True)
class _Folder:
    """A storage in the compound file."""

    ole: olefile.OleFileIO
    path: tuple[str, ...]

    def letter(self, depth: int) -> Letter:
        to, cc = self._recipients()
        sender = _address(self._text(_SENDER_NAME), self._text(_SENDER_SMTP) or self._text(_SENDER_ADDRESS))
        sent = self._time(_SUBMITTED) or self._time(_DELIVERED)
        return Letter(
            subject=self._text(_SUBJECT),
            fields=(
                ("From", sender),
                ("To", to or self._text(_DISPLAY_TO)),
                ("Cc", cc or self._text(_DISPLAY_CC)),
                ("Date", sent),
            ),
            sent_at=sent,
            plain=self._text(_BODY),
            page=self._text(_HTML),
            attachments=list(self._attachments(depth)),
        )

    def _attachments(self, depth: int) -> Iterator[Attachment | Letter]:
        for number, folder in enumerate(self._folders("__attach_version1.0_")):
            if number > MAX_ATTACHMENTS:
                return
            inner = (*folder.path, f"__substg1.0_{_DATA}000D")
            if self.ole.exists([*inner, "__properties_version1.0"]):
                if depth < MAX_NESTING:
                    yield _Folder(ole=self.ole, path=inner).letter(depth + 1)
                continue
            name = folder._text(_LONG_FILENAME) or folder._text(_FILENAME)
            yield Attachment(name=name, data=folder._stream(f"{_DATA}0102"), media=folder._text(_MIME))

    def _recipients(self) -> tuple[str, str]:
        """To and Cc, names with addresses."""
        found: dict[int, list[str]] = {_TO: [], _CC: []}
        for folder in self._folders("__recip_version1.0_"):
            kind = folder._fixed(_RECIPIENT_TYPE, _NUMBER_TYPE)
            address = _address(folder._text(_NAME), folder._text(_SMTP) or folder._text(_ADDRESS))
            found.setdefault((kind or _TO) & 0xF, []).append(address)
        return "; ".join(found[_TO]), "; ".join(found[_CC])

    def _folders(self, prefix: str) -> list[_Folder]:
        """Storages in this one, by the beginning of their names."""
        depth = len(self.path)
        names = {
            entry[depth]
            for entry in self.ole.listdir(streams=True, storages=False)
            if len(entry) > depth + 1 and tuple(entry[:depth]) == self.path and entry[depth].startswith(prefix)
        }
        return [_Folder(ole=self.ole, path=(*self.path, name)) for name in sorted(names)]

    def _text(self, name: str) -> str:
        """A property that is text: UTF-16, or bytes in the code page of the sender."""
        wide = self._stream(f"{name}001F")
        if wide:
            return wide.decode("utf-16-le", errors="replace").rstrip("\0")
        narrow = self._stream(f"{name}001E") or (self._stream(f"{name}0102") if name == _HTML else b"")
        return decode(narrow.rstrip(b"\0"))[0] if narrow.strip(b"\0") else ""

    def _stream(self, name: str) -> bytes:
        place = [*self.path, f"__substg1.0_{name}"]
        if not self.ole.exists(place):
            return b""
        with self.ole.openstream(place) as stream:
            content: bytes = stream.read()
            return content

    def _fixed(self, wanted: int, kind: int) -> int | None:
        """A property of fixed size, from the table of those."""
        place = [*self.path, "__properties_version1.0"]
        if not self.ole.exists(place):
            return None
        with self.ole.openstream(place) as stream:
            table: bytes = stream.read()
        header = _HEADER_BYTES.get(self.path[-1] if self.path else "", 8)
        for at in range(header, len(table) - 15, 16):
            tag, _, value = struct.unpack_from("<IIQ", table, at)
            if tag == wanted << 16 | kind:
                return int(value)
        return None

    def _time(self, wanted: int) -> str:
        ticks = self._fixed(wanted, _TIME_TYPE)
        if not ticks:
            return ""
        try:
            return in_utc(_EPOCH + timedelta(microseconds=ticks // 10))
        except OverflowError:
            return ""


def _address(name: str, address: str) -> str:
    if not name or name == address:
        return address
    return f"{name} <{address}>" if "@" in address else name
