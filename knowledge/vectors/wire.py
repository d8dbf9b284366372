"""What the owner of an index and those who ask it say to each other: JSON with its length before it.

A request is one object, ``{"do": ..., "collection": ..., "dimension": ..., ...}``.  The answer is any number of
``{"working": true}``, one every half second, then ``{"result": ...}`` or ``{"error": text}``.  Vectors are base64 of
little-endian float32.
"""

from __future__ import annotations

import base64
import json
import socket
import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from clawdbot.knowledge.embedding.embedder import Vectors
from clawdbot.knowledge.index import Hit, Where

BEAT_S = 0.5
"""Between two signs of life of an owner that works."""
_LENGTH = struct.Struct("!I")
_LARGEST = 64_000_000


def send(connection: socket.socket, message: Mapping[str, Any]) -> None:
    """Write one message; OSError."""
    content = json.dumps(message).encode()
    connection.sendall(_LENGTH.pack(len(content)) + content)


def receive(connection: socket.socket) -> dict[str, Any]:
    """Read one message; EOFError when the other side went away, TimeoutError, OSError, ValueError."""
    (length,) = _LENGTH.unpack(_exactly(connection, _LENGTH.size))
    if length > _LARGEST:
        raise ValueError(f"a message of {length} bytes")
    message = json.loads(_exactly(connection, length))
    if not isinstance(message, dict):
        raise ValueError("a message that is no object")
    return message


def _exactly(connection: socket.socket, count: int) -> bytes:
    parts = bytearray()
    while len(parts) < count:
        part = connection.recv(count - len(parts))
        if not part:
            raise EOFError
        parts += part
    return bytes(parts)


def question(query: Vectors, where: Where, limit: int) -> dict[str, Any]:
    """A search as JSON values."""
    vector = base64.b64encode(np.asarray(query, "<f4").tobytes()).decode()
    return {"query": vector, "scopes": sorted(where.scopes), "since_day": where.since_day, "limit": limit}


def asked(message: Mapping[str, Any]) -> tuple[Vectors, Where, int]:
    """The search in a request."""
    query = np.frombuffer(base64.b64decode(message["query"]), "<f4").astype(np.float32)
    where = Where(scopes=frozenset(message["scopes"]), since_day=message["since_day"])
    return query, where, int(message["limit"])


def as_pairs(hits: Sequence[Hit]) -> list[tuple[int, float]]:
    """Hits as JSON values."""
    return [(hit.chunk, hit.score) for hit in hits]


def as_hits(pairs: Sequence[tuple[int, float]]) -> tuple[Hit, ...]:
    """The hits of an answer."""
    return tuple(Hit(chunk=int(chunk), score=float(score)) for chunk, score in pairs)
