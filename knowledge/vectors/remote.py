"""The vector index of another process, asked through its socket."""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from clawdbot.knowledge.embedding.embedder import Vectors
from clawdbot.knowledge.index import Hit, Where
from clawdbot.knowledge.vectors.address import find_address
from clawdbot.knowledge.vectors.chroma import state_file
from clawdbot.knowledge.vectors.state import load_progress
from clawdbot.knowledge.vectors.unavailable import OwnerFailed, OwnerGone, OwnerSilent
from clawdbot.knowledge.vectors.wire import as_hits, question, receive, send


class RemoteIndex:
    """Implements ``Index[Vectors]`` by asking; a connection for each question.

    ``patience_s`` is how long the owner may give no sign of life, ``search_s`` how long a search may take at all.
    Raises OwnerGone, OwnerSilent and OwnerFailed.
    """

    def __init__(
        self, folder: Path, *, collection: str, dimension: int, patience_s: float = 2.0, search_s: float = 5.0
    ) -> None:
        self._folder = folder
        self._about = {"collection": collection, "dimension": dimension}
        self._state = state_file(folder, collection)
        self._patience_s = patience_s
        self._search_s = search_s
        self._notes: tuple[str, ...] = ()
        self._repaired = ""

    @property
    def applied(self) -> int:
        """The ``seq`` up to which the owner's index is true; read from its folder."""
        return load_progress(self._state)[0]

    @property
    def notes(self) -> tuple[str, ...]:
        """What the owner said of its last sync."""
        return self._notes

    @property
    def repaired(self) -> str:
        """Why the last :meth:`sync` made the owner build the index anew."""
        return self._repaired

    def sync(self) -> None:
        """Let the owner apply what its feed has; returns when it is done."""
        answer = self._ask("sync")
        self._notes, self._repaired = tuple(answer["notes"]), str(answer["repaired"])

    def rebuild(self) -> None:
        """Let the owner build anew; returns when it is done."""
        self._notes = tuple(self._ask("rebuild")["notes"])

    def verify(self) -> tuple[str, ...]:
        """What differs from the owner's feed."""
        return tuple(self._ask("verify"))

    def search(self, query: Vectors, where: Where, limit: int) -> Sequence[Hit]:
        """The best hits, best first; never one outside ``where``."""
        return as_hits(self._ask("search", limit_s=self._search_s, **question(query, where, limit)))

    def drop(self) -> None:
        """Let the owner delete the collection."""
        self._ask("drop")

    def close(self) -> None:
        """Nothing is held between questions."""

    def _ask(self, what: str, *, limit_s: float | None = None, **more: Any) -> Any:
        until = None if limit_s is None else time.monotonic() + limit_s
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(self._patience_s)
            try:
                connection.connect(str(find_address(self._folder)))
                send(connection, {"do": what, **self._about, **more})
                answer = receive(connection)
                while "working" in answer:
                    if until is not None and time.monotonic() > until:
                        raise TimeoutError
                    answer = receive(connection)
            except (TimeoutError, BlockingIOError) as error:
                raise OwnerSilent(
                    "The process that owns the vector index does not answer.",
                    hint="If it hangs, end it; another one takes over by itself.",
                ) from error
            except (EOFError, OSError) as error:
                raise OwnerGone("No process serves the vector index.", hint="Ask again.") from error
            except ValueError as error:
                raise OwnerFailed(f"The owner of the vector index answers in an unknown way: {error}.") from error
        if "error" in answer:
            raise OwnerFailed(f"The owner of the vector index says: {answer['error']}")
        return answer["result"]
