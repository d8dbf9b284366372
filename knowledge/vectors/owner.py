"""The one process that has Chroma's folder open, and serves it to the others.

Two processes on one Chroma folder damage nothing visibly and read stale answers, so an operating system lock decides
who opens it; it falls with the process that held it, however that ends.
"""

from __future__ import annotations

import os
import socketserver
import threading
from collections.abc import Mapping
from concurrent.futures import Future, wait
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from clawdbot.errors import ClawdbotError, KnowledgeError
from clawdbot.knowledge.index import Feed
from clawdbot.knowledge.vectors.address import make_address, release_address
from clawdbot.knowledge.vectors.chroma import ChromaIndex
from clawdbot.knowledge.vectors.unavailable import IndexClosing, IndexUnavailable
from clawdbot.knowledge.vectors.wire import BEAT_S, as_pairs, asked, receive, send


class Owner:
    """Holds the folder's lock, its open collections and the socket; get one with :meth:`take`."""

    def __init__(self, folder: Path, feed: Feed, lock: FileLock) -> None:
        self._folder = folder
        self._feed = feed
        self._lock = lock
        self._indexes: dict[str, ChromaIndex] = {}
        self._guard = threading.Lock()
        self._closed = False
        self._server = _Server(make_address(folder), self.answer)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="vector-index", daemon=True
        )
        self._thread.start()

    @classmethod
    def take(cls, folder: Path, feed: Feed) -> Owner | None:
        """Become the owner; None when another process, or another part of this one, is.  IndexUnavailable."""
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = FileLock(folder / "owner.lock", timeout=0, mode=0o600, thread_local=False)
            lock.acquire()
            try:
                return cls(folder, feed, lock)
            except BaseException:
                lock.release()
                raise
        except Timeout:
            return None
        except OSError as error:
            raise IndexUnavailable(
                f"The folder of the vector index cannot be used: {error}", hint="Check [app] home."
            ) from error

    def index(self, collection: str, dimension: int) -> ChromaIndex:
        """The index of a collection, opened when it is first used."""
        with self._guard:
            if self._closed:
                raise IndexClosing("The vector index is being closed.", hint="Ask again.")
            known = self._indexes.get(collection)
            if known is None or known.dimension != dimension:
                if known is not None:
                    known.close()
                known = ChromaIndex(self._folder, self._feed, collection=collection, dimension=dimension)
                self._indexes[collection] = known
            return known

    def answer(self, message: Mapping[str, Any]) -> Any:
        """Do what a request asks; the result as JSON values."""
        index = self.index(str(message["collection"]), int(message["dimension"]))
        match message["do"]:
            case "search":
                query, where, limit = asked(message)
                return as_pairs(index.search(query, where, limit))
            case "sync":
                index.sync()
                return {"notes": index.notes, "repaired": index.repaired}
            case "rebuild":
                index.rebuild()
                return {"notes": index.notes}
            case "verify":
                return index.verify()
            case "drop":
                index.drop()
                return []
            case unknown:
                raise KnowledgeError(f"The vector index has no request {unknown!r}.")

    def close(self) -> None:
        """End serving, close the collections, let the next owner in."""
        with self._guard:
            if self._closed:
                return
            self._closed = True
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        for index in self._indexes.values():
            index.close()
        release_address(self._folder)
        self._lock.release()


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    block_on_close = False  # who still asks sees the connection end, and looks for the next owner
    request_queue_size = 64

    def __init__(self, address: Path, answer: Any) -> None:
        self.answer = answer
        super().__init__(str(address), _Handler)
        os.chmod(address, 0o600)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Someone who went away before the answer is no error of ours."""


class _Handler(socketserver.BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        message = receive(self.request)
        done: Future[Any] = Future()
        threading.Thread(target=self._work, args=(message, done), name="vector-index-request", daemon=True).start()
        while not wait([done], timeout=BEAT_S).done:
            send(self.request, {"working": True})
        error = done.exception()
        if isinstance(error, IndexClosing):
            return  # the connection ends without an answer, and whoever asked looks for the next owner
        if error is None:
            send(self.request, {"result": done.result()})
        else:
            told = str(error) if isinstance(error, ClawdbotError) else f"{type(error).__name__}: {error}"
            send(self.request, {"error": told})

    def _work(self, message: Mapping[str, Any], done: Future[Any]) -> None:
        try:
            done.set_result(self.server.answer(message))
        except BaseException as error:
            done.set_exception(error)
