"""Standard streams that take any text, survive a reader that goes away, and show no control characters."""

from __future__ import annotations

import io
import json
import os
import sys
import unicodedata
from typing import Any, TextIO

from clawdbot.errors import UsageError


def prepare() -> None:
    """Let both outputs take every character: what the terminal's encoding lacks is replaced, never an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def clean(text: str) -> str:
    """Text from models and data without control and direction-changing characters; line breaks and tabs stay."""
    return "".join(c if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cf", "Cs") else "" for c in text)


def write(stream: TextIO, text: str) -> None:
    """Write and flush; when nobody reads any more the rest goes nowhere."""
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        discard(stream)


def discard(stream: TextIO) -> None:
    """Let a stream without a reader lead nowhere, so that nothing fails when the process ends."""
    try:
        descriptor = stream.fileno()
    except (OSError, ValueError):  # a stream of a test has none
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)


def say(text: str = "") -> None:
    """A line for the person who asked, on standard output."""
    write(sys.stdout, f"{text}\n")


def tell(text: str = "") -> None:
    """A line about the work, on standard error."""
    write(sys.stderr, f"{text}\n")


def emit(value: Any) -> None:
    """One JSON object on standard output, in UTF-8 whatever the locale."""
    text = json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n"
    data = text.encode("utf-8", "replace")
    buffer = getattr(sys.stdout, "buffer", None)
    if buffer is None:  # replaced by something that takes text only
        return write(sys.stdout, data.decode())
    try:
        sys.stdout.flush()
        buffer.write(data)
        buffer.flush()
    except BrokenPipeError:
        discard(sys.stdout)


def read_goal() -> str:
    """The goal from standard input; UsageError when it is not UTF-8."""
    buffer = getattr(sys.stdin, "buffer", None)
    try:
        return sys.stdin.read() if buffer is None else buffer.read().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError("The goal on standard input is not UTF-8 text.", hint="Convert it to UTF-8.") from None


def someone_is_there() -> bool:
    """A person can be asked: they see standard error and type into standard input."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()
