"""Frames on a pipe between two processes that do not trust each other.

A frame is two 32-bit lengths (network order), a small JSON header, and raw bytes.  Text travels as bytes and not as
JSON: a few megabytes of ``[[],[],...`` would become gigabytes of Python lists in the process that reads them.
"""

from __future__ import annotations

import os
import select
import struct
import time
from collections.abc import Callable

LENGTHS = struct.Struct("!II")
MAX_HEADER_BYTES = 1 << 18
_PIECE = 1 << 18
_TICK_S = 0.2


class PipeClosed(Exception):
    """The other side closed the pipe, most likely because it ended."""


class BrokenFrame(Exception):
    """What came is not a frame, or larger than agreed."""


class OutOfTime(Exception):
    """The other side did not answer in time."""


def write_frame(fd: int, header: bytes, body: bytes = b"") -> None:
    """Write one frame; blocks until the reader has taken it.  OSError when the pipe is closed."""
    if len(header) > MAX_HEADER_BYTES:
        raise BrokenFrame(f"a header of {len(header)} bytes")
    for part in (LENGTHS.pack(len(header), len(body)) + header, body):
        view = memoryview(part)
        while view:
            view = view[os.write(fd, view) :]


def read_frame_blocking(fd: int) -> tuple[bytes, bytes]:
    """Read one frame from a trusted writer; PipeClosed at the end."""
    header, body = LENGTHS.unpack(_exactly(fd, LENGTHS.size))
    return _exactly(fd, header), _exactly(fd, body)


def _exactly(fd: int, count: int) -> bytes:
    found = bytearray()
    while len(found) < count:
        piece = os.read(fd, min(_PIECE, count - len(found)))
        if not piece:
            raise PipeClosed
        found += piece
    return bytes(found)


class FrameReader:
    """Reads frames from an untrusted writer: with a deadline, and never more than ``allowance`` bytes of bodies.

    ``watch`` is called a few times a second while waiting; what it raises ends the wait.
    """

    def __init__(self, fd: int, *, end: float, allowance: int, watch: Callable[[], None]) -> None:
        self._fd = fd
        self._end = end
        self._allowance = allowance
        self._watch = watch
        self._poll = select.poll()
        self._poll.register(fd, select.POLLIN)

    def read(self) -> tuple[bytes, bytes]:
        """The next frame's header and body; PipeClosed, BrokenFrame, OutOfTime, or what ``watch`` raises."""
        header, body = LENGTHS.unpack(self._exactly(LENGTHS.size))
        if header > MAX_HEADER_BYTES:
            raise BrokenFrame(f"a header of {header} bytes")
        if body > self._allowance:
            raise BrokenFrame("more text than agreed")
        self._allowance -= body
        return self._exactly(header), self._exactly(body)

    def _exactly(self, count: int) -> bytes:
        found = bytearray()
        while len(found) < count:
            self._wait()
            piece = os.read(self._fd, min(_PIECE, count - len(found)))
            if not piece:
                raise PipeClosed
            found += piece
        return bytes(found)

    def _wait(self) -> None:
        while True:
            left = self._end - time.monotonic()
            if left <= 0:
                raise OutOfTime
            if self._poll.poll(min(left, _TICK_S) * 1000):
                return
            self._watch()
