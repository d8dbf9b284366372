"""Web pages by their addresses: nothing is followed but redirects."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC
from email.utils import parsedate_to_datetime
from io import BytesIO
from pathlib import Path
from urllib.parse import unquote, urldefrag

from clawdbot.config import SourceConfig
from clawdbot.errors import KnowledgeError, LoadFailed
from clawdbot.knowledge.sources.addresses import Resolve, resolve
from clawdbot.knowledge.sources.browsing import Browser, Limits, Page
from clawdbot.knowledge.sources.credentials import tls_context
from clawdbot.knowledge.sources.source import Item, Unreachable

_AT_ONCE = 4


class WebSource:
    """A list of pages; a :class:`~clawdbot.knowledge.sources.source.Source`.

    A page is called by its address.  Its fingerprint is the server's ETag or Last-Modified (RFC 9110, 8.8), else the
    hash of what it holds.
    """

    def __init__(self, name: str, config: SourceConfig, *, limits: Limits, resolve: Resolve = resolve) -> None:
        self._name, self._config = name, config
        self._limits, self._resolve = limits, resolve

    @property
    def name(self) -> str:
        return self._name

    @property
    def config(self) -> SourceConfig:
        return self._config

    def items(self) -> Iterator[Item]:
        """One item for each page, in the order of the configuration.

        KnowledgeError when not a single server answers: then the trouble is on this side.
        """
        addresses = list(dict.fromkeys(urldefrag(url).url for url in self._config.urls))
        with self._browser() as browser, ThreadPoolExecutor(_AT_ONCE) as pool:
            found = list(pool.map(lambda address: self._item(browser, address), addresses))
        if found and all(item.transient for item in found):
            raise KnowledgeError(
                f"Source {self._name!r}: no page can be reached. {found[0].uri}: {found[0].problem}",
                hint="Check the network and the addresses.",
            )
        yield from found

    @contextmanager
    def fetch(self, item: Item) -> Iterator[Path]:
        """The page as a file, text in UTF-8; LoadFailed or Unreachable."""
        with self._browser() as browser, browser.open(item.uri) as page, tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"page{page.suffix}"
            with path.open("wb") as file:
                page.save(file)
            yield path

    @contextmanager
    def _browser(self) -> Iterator[Browser]:
        context = tls_context(self._config, self._name)
        with closing(Browser(context=context, resolve=self._resolve, limits=self._limits)) as browser:
            yield browser

    def _item(self, browser: Browser, address: str) -> Item:
        name = unquote(address, errors="replace")
        try:
            with browser.open(address) as page:
                mark = page.mark or _hash(page)
                return Item(name=name, uri=address, fingerprint=mark, modified_at=_moment(page.modified))
        except LoadFailed as error:
            passing = isinstance(error, Unreachable)
            return Item(name=name, uri=address, fingerprint=f"problem: {error}", problem=str(error), transient=passing)


def _hash(page: Page) -> str:
    body = BytesIO()
    page.save(body)
    return hashlib.sha256(body.getbuffer()).hexdigest()


def _moment(header: str) -> str:
    """An HTTP date as ISO 8601 in UTC; empty when it is none."""
    try:
        return parsedate_to_datetime(header).astimezone(UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError):
        return ""
