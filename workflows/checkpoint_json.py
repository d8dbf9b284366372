"""Values of a graph's state as strict JSON and back, exactly: what JSON has no form for stands in a tagged object.

Nothing in a checkpoint names code that reading it would run; an unknown type is refused when it is written.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from langgraph.types import Command, Interrupt, Send

_TAG = "$type"


def encode(value: Any) -> Any:
    """JSON values for ``value``; TypeError for what could not be read back as it was."""
    kind = type(value)
    if value is None or kind in (bool, int):
        return value
    if kind is str:
        return value if _encodable(value) else _tagged("text", _base64(value.encode("utf-8", "surrogatepass")))
    if kind is float:
        return value if math.isfinite(value) else _tagged("float", repr(value))
    if kind is list:
        return [encode(part) for part in value]
    if kind is dict:
        if _TAG not in value and all(type(key) is str and _encodable(key) for key in value):
            return {key: encode(part) for key, part in value.items()}
        return _tagged("dict", [[encode(key), encode(part)] for key, part in value.items()])
    if isinstance(value, BaseException):
        return _tagged("error", encode(repr(value)))
    writer = _WRITERS.get(kind)
    if writer is None:
        raise TypeError(f"A checkpoint holds JSON values and a few types besides, not {kind.__qualname__!r}.")
    name, write = writer
    return _tagged(name, write(value))


def decode(value: Any) -> Any:
    """What :func:`encode` was given; an exception comes back as its text."""
    if isinstance(value, list):
        return [decode(part) for part in value]
    if not isinstance(value, Mapping):
        return value
    if _TAG not in value:
        return {key: decode(part) for key, part in value.items()}
    return _READERS[value[_TAG]](value["value"])


def _tagged(name: str, value: Any) -> dict[str, Any]:
    return {_TAG: name, "value": value}


def _encodable(text: str) -> bool:
    """UTF-8 can hold it, and PostgreSQL's text."""
    return (text.isascii() and "\x00" not in text) or not any(c == "\x00" or "\ud800" <= c <= "\udfff" for c in text)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _parts(value: Any) -> list[Any]:
    return [encode(part) for part in value]


def _send(value: Send) -> Any:
    if value.timeout is not None:
        raise TypeError("A checkpoint holds no Send with a time limit of its own.")
    return [value.node, encode(value.arg)]


def _interrupt(value: Interrupt[Any]) -> Any:
    schema = value.response_schema
    return [encode(value.value), value.id, encode(schema) if isinstance(schema, dict) else None]


_WRITERS: dict[type, tuple[str, Callable[[Any], Any]]] = {
    tuple: ("tuple", _parts),
    set: ("set", _parts),
    frozenset: ("frozenset", _parts),
    bytes: ("bytes", _base64),
    bytearray: ("bytearray", _base64),
    Decimal: ("decimal", str),
    datetime: ("datetime", lambda value: [value.isoformat(), value.fold]),
    date: ("date", date.isoformat),
    time: ("time", lambda value: [value.isoformat(), value.fold]),
    timedelta: ("timedelta", lambda value: [value.days, value.seconds, value.microseconds]),
    UUID: ("uuid", str),
    Send: ("send", _send),
    Command: ("command", lambda c: [c.graph, encode(c.update), encode(c.resume), encode(c.goto)]),
    Interrupt: ("interrupt", _interrupt),
}

_READERS: dict[str, Callable[[Any], Any]] = {
    "text": lambda value: base64.b64decode(value).decode("utf-8", "surrogatepass"),
    "float": float,
    "dict": lambda value: {decode(key): decode(part) for key, part in value},
    "error": decode,
    "tuple": lambda value: tuple(decode(part) for part in value),
    "set": lambda value: {decode(part) for part in value},
    "frozenset": lambda value: frozenset(decode(part) for part in value),
    "bytes": base64.b64decode,
    "bytearray": lambda value: bytearray(base64.b64decode(value)),
    "decimal": Decimal,
    "datetime": lambda value: datetime.fromisoformat(value[0]).replace(fold=value[1]),
    "date": date.fromisoformat,
    "time": lambda value: time.fromisoformat(value[0]).replace(fold=value[1]),
    "timedelta": lambda value: timedelta(days=value[0], seconds=value[1], microseconds=value[2]),
    "uuid": UUID,
    "send": lambda value: Send(value[0], decode(value[1])),
    "command": lambda v: Command(graph=v[0], update=decode(v[1]), resume=decode(v[2]), goto=decode(v[3])),
    "interrupt": lambda v: Interrupt(value=decode(v[0]), id=v[1], response_schema=decode(v[2])),
}
