"""Mails of a mailbox folder: only read, never marked as read."""

from __future__ import annotations

import re
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.parser import HeaderParser
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Final, TypeVar

from imapclient import IMAPClient  # type: ignore[import-untyped]  # it ships no types
from imapclient.exceptions import IMAPClientError, LoginError  # type: ignore[import-untyped]  # it ships no types

from clawdbot.config import SourceConfig
from clawdbot.errors import KnowledgeError, LoadFailed
from clawdbot.knowledge.sources.credentials import password, tls_context
from clawdbot.knowledge.sources.source import Item, Unreachable

T = TypeVar("T")

_TIMEOUT_S: Final = 30.0
_BATCH: Final = 500
_HEADER: Final = "BODY.PEEK[HEADER.FIELDS (SUBJECT DATE)]"
_SUBJECT_CHARS: Final = 80


class _Line:
    """A connection that is made when it is needed and made again when the server has hung up."""

    def __init__(self, config: SourceConfig, name: str) -> None:
        self._config, self._name = config, name
        self._client: Any = None
        self._lock = threading.RLock()
        self.validity = 0
        """UIDVALIDITY of the folder (RFC 9051, 2.3.1.1): a new one means that all numbers are new."""

    def ask(self, question: Callable[[Any], T], *, afresh: bool = False) -> T:
        """The answer to a question; asked once more over a new connection when the old one is dead."""
        with self._lock:
            used = self._client is not None
            try:
                return question(self._open(afresh=afresh))
            except (OSError, IMAPClientError):
                self.close()
                if not used:
                    raise
                return question(self._open(afresh=True))

    def close(self) -> None:
        """Hang up."""
        with self._lock:
            client, self._client = self._client, None
            if client is not None:
                _hang_up(client)

    def _open(self, *, afresh: bool) -> Any:
        if self._client is None:
            self._client = self._connect()
            afresh = True
        if afresh:
            state = self._client.select_folder(self._config.folder, readonly=True)
            self.validity = int(state[b"UIDVALIDITY"])
        return self._client

    def _connect(self) -> Any:
        config = self._config
        context = None if config.security == "none" else tls_context(config, self._name)
        secret = password(config, self._name)
        client = IMAPClient(
            config.host, port=config.port, ssl=config.security == "tls", ssl_context=context, timeout=_TIMEOUT_S
        )
        try:
            if config.security == "starttls":
                client.starttls(context)
            client.normalise_times = False
            client.login(config.username, secret)
        except BaseException:
            _hang_up(client)
            raise
        return client


def _hang_up(client: Any) -> None:
    try:
        client.logout()
    except (OSError, IMAPClientError):
        try:
            client.shutdown()
        except OSError:
            return  # it is closed already


class ImapSource:
    """The mails of one folder; a :class:`~clawdbot.knowledge.sources.source.Source`.

    The folder is opened with EXAMINE and mails are read with BODY.PEEK (RFC 9051): nothing changes on the server.
    The connection stays open between mails and ends with the object, or by :meth:`close`.
    """

    def __init__(self, name: str, config: SourceConfig, *, max_bytes: int) -> None:
        self._name, self._config, self._max_bytes = name, config, max_bytes
        self._line = _Line(config, name)
        self._finish = weakref.finalize(self, self._line.close)

    @property
    def name(self) -> str:
        return self._name

    @property
    def config(self) -> SourceConfig:
        return self._config

    def items(self) -> Iterator[Item]:
        """The mails that are not flagged as deleted, by number; KnowledgeError when the mailbox cannot be read."""
        try:
            numbers: Sequence[int] = self._line.ask(lambda client: sorted(client.search("UNDELETED")), afresh=True)
            for at in range(0, len(numbers), _BATCH):
                some = numbers[at : at + _BATCH]
                wanted = ["INTERNALDATE", "RFC822.SIZE", _HEADER]
                found = self._line.ask(lambda client, some=some, wanted=wanted: client.fetch(some, wanted))  # type: ignore[misc]  # mypy cannot infer a lambda with defaults
                for number in some:
                    if number in found:
                        yield self._item(number, found[number])
        except (OSError, IMAPClientError) as error:
            raise self._unreadable(error) from error

    @contextmanager
    def fetch(self, item: Item) -> Iterator[Path]:
        """The mail as it came, an .eml file; LoadFailed when it is gone, Unreachable when the server is."""
        validity, _, number = item.fingerprint.partition(":")
        try:
            found = self._line.ask(lambda client: client.fetch([int(number)], ["BODY.PEEK[]"]))
        except KnowledgeError as error:
            raise Unreachable(str(error)) from error
        except (OSError, IMAPClientError) as error:
            raise Unreachable(f"The mailbox cannot be read: {_said(error)}.") from error
        body = found.get(int(number), {}).get(b"BODY[]")
        if body is None or validity != str(self._line.validity):
            raise LoadFailed("The mail is not there any more.")
        with tempfile.TemporaryDirectory(prefix="clawdbot-") as folder:
            path = Path(folder) / "mail.eml"
            path.write_bytes(body)
            yield path

    def close(self) -> None:
        """Log out; the source can be used again."""
        self._line.close()

    def _item(self, number: int, found: Mapping[bytes, Any]) -> Item:
        header = next((value for key, value in found.items() if key.startswith(b"BODY[HEADER")), b"") or b""
        fields = HeaderParser().parsestr(_decoded(header))
        sent = _moment(fields.get("date")) or found.get(b"INTERNALDATE")
        day = f"{sent:%Y-%m-%d} " if isinstance(sent, datetime) else ""
        size = int(found.get(b"RFC822.SIZE") or 0)
        return Item(
            name=f"{day}{_subject(fields.get('subject'))} [{number}].eml",
            uri=f"imap://{self._config.host}/{self._config.folder};UIDVALIDITY={self._line.validity}/;UID={number}",
            fingerprint=f"{self._line.validity}:{number}",
            modified_at=sent.astimezone(UTC).isoformat(timespec="seconds") if isinstance(sent, datetime) else "",
            problem=f"It has {size} bytes; the limit is {self._max_bytes}." if size > self._max_bytes else "",
        )

    def _unreadable(self, error: Exception) -> KnowledgeError:
        section = f"[knowledge.sources.{self._name}]"
        place = f"{self._config.host}:{self._config.port}"
        if isinstance(error, LoginError):
            hint = f"Check username and password in {section}."
        elif isinstance(error, IMAPClientError):
            hint = f"Check folder in {section}; here it is {self._config.folder!r}."
        else:
            hint = f"Check host, port, security and ca_file in {section}."
        return KnowledgeError(f"The mailbox at {place} cannot be read: {_said(error)}.", hint=hint)


def _decoded(header: bytes) -> str:
    """A header, in which letters that are not ASCII may stand as they are (RFC 6532, and much that came before)."""
    for encoding in ("utf-8", "gb18030"):
        try:
            return header.decode(encoding)
        except UnicodeDecodeError:
            continue
    return header.decode("latin-1")


def _moment(text: Any) -> datetime | None:
    try:
        found = parsedate_to_datetime(str(text))
    except (ValueError, TypeError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _subject(text: Any) -> str:
    """The subject in one line that can stand in a name."""
    try:
        shown = str(make_header(decode_header(str(text or ""))))
    except (LookupError, ValueError):  # an encoding that does not exist, or text that is not in it
        shown = str(text or "")
    line = " ".join(re.sub(r"[\x00-\x1f/\\\u202a-\u202e\u2066-\u2069\ud800-\udfff]", " ", shown).split())
    return line[:_SUBJECT_CHARS].strip() or "-"


def _said(error: Exception) -> str:
    found = error.args[0] if error.args and isinstance(error.args[0], bytes) else str(error)
    text = found.decode("utf-8", "replace") if isinstance(found, bytes) else found
    return " ".join(text.split()).rstrip(".") or type(error).__name__
