"""One page from a web server: redirects looked at one by one, limits of size and time, the encoding kept.

Each host name is looked up once and the connection goes to that very address, so that a name that changes its
address between the check and the connection (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import codecs
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from typing import BinaryIO, Final

import httpx

from clawdbot.errors import LoadFailed
from clawdbot.knowledge.sources.addresses import Address, Reach, Resolve
from clawdbot.knowledge.sources.media import TEXT_TYPES, suffix_of
from clawdbot.knowledge.sources.source import Unreachable

_REDIRECTS: Final = 5
_PASSING: Final = frozenset({408, 425, 429})
_HEADERS: Final = {"User-Agent": "Clawdbot", "Accept": "text/html, application/xhtml+xml, text/*;q=0.9, */*;q=0.8"}


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Most bytes of a page, and seconds for it from the first redirect to the last byte."""

    bytes: int
    seconds: float = 60.0


@dataclass(frozen=True, kw_only=True)
class Page:
    """An answer whose body has not been read yet.  ``mark`` is the server's own sign of this state, or empty."""

    response: httpx.Response
    suffix: str
    mark: str
    deadline: float
    limits: Limits

    @property
    def modified(self) -> str:
        """The header Last-Modified."""
        return str(self.response.headers.get("last-modified", ""))

    def save(self, file: BinaryIO) -> None:
        """Write the body, text as UTF-8 when the server names its encoding; LoadFailed, Unreachable."""
        body = bytearray()
        try:
            for piece in self.response.iter_bytes():
                body += piece
                if len(body) > self.limits.bytes:
                    raise LoadFailed(f"It is larger than {self.limits.bytes} bytes.")
                if time.monotonic() > self.deadline:
                    raise Unreachable(f"It took longer than {self.limits.seconds:g} s.")
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise Unreachable(f"The connection broke: {_said(error)}.") from error
        file.write(self._encoded(bytes(body)))

    def _encoded(self, body: bytes) -> bytes:
        kind = _content_type(self.response)
        charset = kind.get_content_charset("")
        if kind.get_content_type() not in TEXT_TYPES or not charset:
            return body
        try:
            # A byte order mark is what every reader believes before anything that the text says of itself.
            name = codecs.lookup({"gb2312": "gb18030", "gbk": "gb18030"}.get(charset, charset)).name
            return body.decode(name).removeprefix("\ufeff").encode("utf-8-sig")
        except (LookupError, ValueError):
            return body


class Browser:
    """Gets pages.  A proxy, cookies and the person's netrc are not used."""

    def __init__(self, *, context: ssl.SSLContext, resolve: Resolve, limits: Limits) -> None:
        self._resolve, self._limits = resolve, limits
        timeout = httpx.Timeout(min(limits.seconds, 20.0))
        self._client = httpx.Client(
            verify=context,
            timeout=timeout,
            follow_redirects=False,
            trust_env=False,
            headers=_HEADERS,
            # Requests go to numeric addresses: a kept connection could have been checked for another host's name.
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    @contextmanager
    def open(self, address: str) -> Iterator[Page]:
        """The page behind an address that the operator wrote.

        LoadFailed when it is gone, is no document, is too large, or leads where it must not; Unreachable when the
        server does not answer or has trouble of its own.
        """
        deadline = time.monotonic() + self._limits.seconds
        url, nearest = httpx.URL(address), None
        for _ in range(_REDIRECTS + 1):
            found = self._found(url)
            nearest = max(each.reach for each in found) if nearest is None else nearest
            if any(each.reach > nearest for each in found):
                raise LoadFailed(f"It redirects to {_shown(url)}, which leads into {_PLACES[max(_reaches(found))]}.")
            response = self._send(url, found)
            try:
                self._check_time(deadline)
                if response.has_redirect_location:
                    url = _next(url, response)
                    continue
                yield self._page(url, response, deadline)
                return
            finally:
                response.close()
        raise LoadFailed(f"It redirects more than {_REDIRECTS} times.")

    def _found(self, url: httpx.URL) -> list[Address]:
        try:
            found = list(self._resolve(url.host, url.port or (443 if url.scheme == "https" else 80)))
        except (OSError, UnicodeError) as error:
            raise Unreachable(f"The host {url.host!r} is not found: {_said(error)}.") from error
        if not found:
            raise Unreachable(f"The host {url.host!r} is not found.")
        return found

    def _send(self, url: httpx.URL, found: list[Address]) -> httpx.Response:
        """The answer of the first address that takes the connection."""
        error: httpx.TransportError | None = None
        for address in found:
            request = self._client.build_request(
                "GET",
                url.copy_with(host=address.ip),
                headers={"Host": url.netloc.decode("ascii")},
                extensions={"sni_hostname": url.raw_host.decode("ascii")},
            )
            try:
                return self._client.send(request, stream=True)
            except (httpx.ConnectError, httpx.ConnectTimeout) as failed:
                error = failed
            except httpx.TransportError as failed:
                raise Unreachable(f"{_shown(url)} does not answer: {_said(failed)}.") from failed
        raise Unreachable(f"{_shown(url)} takes no connection: {_said(error)}.") from error

    def _page(self, url: httpx.URL, response: httpx.Response, deadline: float) -> Page:
        status = response.status_code
        if status >= 500 or status in _PASSING:
            raise Unreachable(f"The server has trouble: {status} {response.reason_phrase}.")
        if status != 200:
            raise LoadFailed(f"The server answers {status} {response.reason_phrase}.")
        kind = _content_type(response).get_content_type() if "content-type" in response.headers else ""
        suffix = suffix_of(kind, str(url))
        if suffix is None:
            raise LoadFailed(f"It is no document but {kind or 'of an unknown type'}.")
        size = response.headers.get("content-length", "")
        if size.isdecimal() and int(size) > self._limits.bytes:
            raise LoadFailed(f"It has {size} bytes; the limit is {self._limits.bytes}.")
        mark = response.headers.get("etag") or response.headers.get("last-modified", "")
        return Page(response=response, suffix=suffix, mark=mark, deadline=deadline, limits=self._limits)

    def _check_time(self, deadline: float) -> None:
        if time.monotonic() > deadline:
            raise Unreachable(f"It took longer than {self._limits.seconds:g} s.")


_PLACES: Final = {Reach.INTERNET: "the internet", Reach.NETWORK: "the internal network", Reach.MACHINE: "this machine"}


def _reaches(found: list[Address]) -> list[Reach]:
    return [each.reach for each in found]


def _next(url: httpx.URL, response: httpx.Response) -> httpx.URL:
    target = url.join(response.headers["location"])
    if target.scheme not in ("http", "https") or not target.host:
        raise LoadFailed(f"It redirects to {_shown(target)}, which is neither http nor https.")
    if url.scheme == "https" and target.scheme == "http":
        raise LoadFailed(f"It redirects to {_shown(target)}, without encryption.")
    return target


def _content_type(response: httpx.Response) -> Message:
    parsed = Message()
    parsed["content-type"] = response.headers.get("content-type", "")
    return parsed


def _shown(url: httpx.URL) -> str:
    return str(url.copy_with(userinfo=b""))


def _said(error: Exception | None) -> str:
    return str(error).strip().rstrip(".") or type(error).__name__
