"""JSON for the ledger: any plain value in, strict JSON text out, never pickle."""

from __future__ import annotations

from typing import Any

from pydantic_core import PydanticSerializationError, to_json


def dumps(value: Any) -> str:
    """JSON of plain values, dates, decimals (as text), paths, dataclasses and pydantic models.

    NaN and infinities become null, characters that UTF-8 cannot hold become '?'.
    Raises PydanticSerializationError for anything else.
    """
    try:
        return to_json(value, inf_nan_mode="null").decode()
    except PydanticSerializationError:
        return to_json(_encodable(value), inf_nan_mode="null").decode()


def text(value: str) -> str:
    """Text that every database stores: no NUL, no lone surrogates."""
    return value.encode("utf-8", "replace").decode().replace("\x00", "\N{REPLACEMENT CHARACTER}")


def _encodable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_encodable(key): _encodable(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_encodable(part) for part in value]
    return value
