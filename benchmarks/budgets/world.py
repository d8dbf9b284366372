"""What really happened, whatever any counter says: one file that every process appends to, line by line."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from time import perf_counter
from typing import Literal

Event = Literal["billed", "refused", "busy", "reserve", "settle"]


@dataclass(frozen=True, kw_only=True)
class Record:
    """All events of one round: dollars billed by the provider, refusals, and milliseconds of the counter's calls."""

    billed: Decimal
    calls: int
    refused: int
    busy: list[str]
    """What the ledger said when it could not be used in time."""
    reserve_ms: list[float] = field(repr=False)
    settle_ms: list[float] = field(repr=False)


class World:
    """An append-only file; a killed process loses at most the line that it had not begun."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def tell(self, event: Event, value: object = 0) -> None:
        """Append one event."""
        os.write(self._file, f"{event} {value}\n".encode())

    @contextmanager
    def timed(self, event: Event) -> Iterator[None]:
        """Append how long it took, also when it was refused."""
        begun = perf_counter()
        try:
            yield
        finally:
            self.tell(event, f"{(perf_counter() - begun) * 1000:.3f}")


def read(path: Path) -> Record:
    """The sums of a file."""
    told: dict[str, list[str]] = {"billed": [], "refused": [], "busy": [], "reserve": [], "settle": []}
    for line in path.read_text().splitlines():
        event, _, value = line.partition(" ")
        told[event].append(value)
    return Record(
        billed=sum((Decimal(usd) for usd in told["billed"]), Decimal(0)),
        calls=len(told["billed"]),
        refused=len(told["refused"]),
        busy=told["busy"],
        reserve_ms=[float(ms) for ms in told["reserve"]],
        settle_ms=[float(ms) for ms in told["settle"]],
    )
