"""Gives the worker a loader of text that does what the text says; Python imports this file at its start.

The worker, its fences and the parent are the real ones.
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from clawdbot.errors import LoadFailed
from clawdbot.knowledge.extract import Block, Extract
from clawdbot.knowledge.loaders import text
from clawdbot.knowledge.loaders.limits import LoadLimits

KEPT: list[bytearray] = []
LOADED: list[str] = []


def says(words: str, /, **metadata: Any) -> Extract:
    """A document of these words."""
    found: dict[str, Any] = {"pid": os.getpid(), **metadata}
    return Extract(blocks=(Block(kind="paragraph", text=words),), metadata=found)


def behave(data: bytes, limits: LoadLimits, **_: Any) -> Extract:
    """Do what the first word says."""
    word, *more = data.decode().split(" ", 1)
    LOADED.append(word)
    return BEHAVIOURS[word]("".join(more))


def sleep(rest: str) -> NoReturn:
    Path(os.environ["TMPDIR"], "begun").touch()
    while True:
        time.sleep(60)


def spin(rest: str) -> NoReturn:
    while True:
        sum(range(10**7))


def eat(rest: str) -> Extract:
    KEPT.append(bytearray(1 << 40))
    return says("ate")


def swallow(rest: str) -> Extract:
    try:
        return eat(rest)
    except MemoryError:
        raise LoadFailed("It is damaged.", hint="Get another copy.")  # noqa: B904 - as a careless loader does


def grow(rest: str) -> Extract:
    KEPT.append(bytearray(b"x" * int(rest)))
    return says("grew")


def segfault(rest: str) -> Extract:
    ctypes.string_at(0)
    return says("survived")


def abort(rest: str) -> NoReturn:
    os.write(2, f"first line\n{rest}\n".encode())
    os.abort()


def leave(rest: str) -> NoReturn:
    os._exit(3)


def fail(rest: str) -> NoReturn:
    raise MemoryError if rest == "MemoryError" else RecursionError


def crash_unless_first(rest: str) -> Extract:
    if len(LOADED) > 1:
        os.abort()
    return says("first")


def fill_disk(rest: str) -> NoReturn:
    for number in range(1000):
        Path(os.environ["TMPDIR"], f"{number}").write_bytes(b"x" * 1_000_000)
        time.sleep(0.01)
    while True:
        time.sleep(60)


def large_file(rest: str) -> Extract:
    try:
        with Path(os.environ["TMPDIR"], "large").open("wb") as file:
            file.write(b"x" * 200_000_000)
    except OSError as error:
        return says(errno.errorcode[error.errno or 0])
    return says("written")


def answer(rest: str) -> NoReturn:
    """Write bytes of its own to the pipe for answers."""
    for fd in range(3, 20):
        try:
            os.write(fd, bytes.fromhex(rest))
        except OSError:
            continue
    while True:
        time.sleep(60)


def blocks(rest: str) -> Extract:
    return Extract(blocks=(Block(kind="paragraph", text="x"),) * int(rest))


def characters(rest: str) -> Extract:
    return says("限" * int(rest))


def odd_values(rest: str) -> Extract:
    return Extract(
        blocks=(Block(kind="table", text="a\udcffb", level=2, page=3, part="s\udcff", row=4),),
        title="t\udcff" * 5000,
        notes=tuple(f"note {number}" for number in range(500)),
        pages=7,
        metadata={"large": "x" * 10**6},
    )


def noise(rest: str) -> Extract:
    os.write(1, b"noise on standard output\n")
    os.write(2, b"noise on standard error\n")
    return says(f"read {os.read(0, 10)!r}")


def look(rest: str) -> Extract:
    """Try what a file that took over the process would try."""
    return says(
        "looked",
        environment=dict(os.environ),
        directory=os.getcwd(),
        arguments=sys.argv,
        socket=outcome(socket.socket),
        fork=outcome(os.fork),
        program=outcome(lambda: subprocess.run(["true"])),
        signal=outcome(lambda: os.kill(os.getppid(), 0)),
        secret=outcome(lambda: Path(rest).read_text()),
        parent=outcome(lambda: Path(f"/proc/{os.getppid()}/environ").read_bytes()),
        write=outcome(lambda: Path(rest).with_name("written").write_text("x")),
        temporary=outcome(lambda: Path(os.environ["TMPDIR"], "x").write_text("x")),
        thread=outcome(lambda: threading.Thread(target=len, args=("",)).start()),
    )


def outcome(attempt: Callable[[], Any]) -> str:
    try:
        attempt()
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    return "done"


BEHAVIOURS: dict[str, Callable[[str], Extract]] = {
    "say": says,
    "sleep": sleep,
    "spin": spin,
    "eat": eat,
    "swallow": swallow,
    "grow": grow,
    "segfault": segfault,
    "abort": abort,
    "leave": leave,
    "fail": fail,
    "crash-unless-first": crash_unless_first,
    "fill-disk": fill_disk,
    "large-file": large_file,
    "answer": answer,
    "blocks": blocks,
    "characters": characters,
    "odd-values": odd_values,
    "noise": noise,
    "look": look,
}

text.load = behave
