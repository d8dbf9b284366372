"""The office: a shop's database, its configuration, the goals of its people, and a model that plays a script."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from benchmarks.faults.server import MODEL, FaultyServer

OrderKind = Literal["look", "mail", "approve", "reject", "cancel", "letters", "signed"]

KINDS: tuple[OrderKind, ...] = (
    "mail", "letters", "approve", "look", "signed", "mail", "reject", "look", "mail", "cancel",
)  # fmt: skip
"""What people ask for, in turn; ``letters`` and ``signed`` are workflows."""

INPUT_USD = Decimal("0.50")
OUTPUT_USD = Decimal("2.00")
"""US dollars for a million tokens, so that every call is reserved and settled."""

_TEXTS: dict[OrderKind, str] = {
    "letters": "Letters to the branches",
    "signed": "Letters to the branches",
    "look": "Sales by region for Q3 2026.",
    "mail": "Sales by region for Q3 2026, mail it to finance.",
    "approve": "Sales by region for Q3 2026, mail it to auditor@outside.example.",
    "reject": "Sales by region for Q3 2026, mail it to rival@outside.example.",
    "cancel": "Sales by region for Q3 2026, mail it to slow@outside.example.",
}
_SQL = (
    "SELECT region, SUM(amount) AS sales FROM orders WHERE ordered_on >= '2026-07-01' AND ordered_on < '2026-10-01'"
    " GROUP BY region ORDER BY sales DESC"
)
_ROWS = [
    ("2026-07-03", "North", 2500.25),
    ("2026-08-14", "North", 3000.0),
    ("2026-07-20", "South", 1210.5),
    ("2026-09-30", "South", 2000.0),
    ("2026-09-01", "West", 1899.75),
    ("2026-06-30", "West", 7777.0),
]
_ANSWERS: Mapping[str, Mapping[str, Any]] = {
    "sql": {"thought": "look", "tool": "sql", "args": {"sql": _SQL, "title": "sales"}},
    "mail": {"thought": "tell", "tool": "mail", "args": {"subject": "Sales Q3 2026", "body": "North sold 5,500.25."}},
    "finish": {"thought": "done", "tool": "finish", "args": {"answer": "North leads with 5,500.25."}},
}


@dataclass(frozen=True, kw_only=True)
class Order:
    """What somebody asks for; ``goal`` in plain words."""

    kind: OrderKind
    goal: str
    user: str


def orders(count: int) -> list[Order]:
    """The first ``count`` orders of the office's day."""
    kinds = [KINDS[number % len(KINDS)] for number in range(count)]
    return [Order(kind=kind, goal=_TEXTS[kind], user=f"user{number % 3}") for number, kind in enumerate(kinds)]


def look(number: int) -> Order:
    """An order that only reads: two questions to the model."""
    return Order(kind="look", goal=_TEXTS["look"], user=f"user{number % 3}")


def mailing(number: int) -> Order:
    """An order with a mail: three questions to the model."""
    return Order(kind="mail", goal=_TEXTS["mail"], user=f"user{number % 3}")


class ScriptedServer(FaultyServer):
    """A model server in OpenAI's wire format that takes what is offered, in the order look, tell, finish.

    ``billed`` is what it would have put on a bill, in US dollars; an answer takes ``seconds``.
    """

    def __init__(self, *, seconds: float = 0.0) -> None:
        super().__init__("openai", self._next)
        self.seconds = seconds
        self._billed = Decimal(0)
        self._bill = threading.Lock()

    @property
    def billed(self) -> Decimal:
        """The sum over all answers so far."""
        with self._bill:
            return self._billed

    def _next(self, messages: list[dict[str, str]], schema: dict[str, Any]) -> str:
        time.sleep(self.seconds)
        tools = {branch["properties"]["tool"]["const"] for branch in schema.get("anyOf", [schema])}
        text = json.dumps(next(answer for name, answer in _ANSWERS.items() if name in tools))
        read = sum(len(message["content"]) for message in messages) // 3
        with self._bill:
            self._billed += (INPUT_USD * read + OUTPUT_USD * ((len(text) + 11) // 12)) / 1_000_000
        return text


def write_shop(home: Path) -> None:
    """The shop's database."""
    home.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(home / "shop.sqlite")) as connection:
        connection.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, ordered_on DATE, region TEXT, amount REAL)")
        connection.executemany("INSERT INTO orders (ordered_on, region, amount) VALUES (?, ?, ?)", _ROWS)
        connection.commit()


def office_sections(
    home: Path, *, model_url: str, smtp_port: int, ledger_url: str, lease_s: float = 1.0, slots: int = 2
) -> dict[str, dict[str, Any]]:
    """The office's configuration as sections of clawdbot.toml."""
    return {
        "app": {"home": str(home), "today": "2026-11-02", "timezone": "UTC"},
        "models": {
            "office": {
                "provider": "openai", "model": MODEL, "base_url": model_url, "cloud": False,
                "price": {"input_usd": str(INPUT_USD), "output_usd": str(OUTPUT_USD)},
            }
        },
        "planner": {"free_sql": "choice"},
        "tools": {"enable": ["sql", "mail"]},
        "store": {"url": ledger_url},
        "worker": {"slots": slots, "lease_s": lease_s, "poll_s": 0.05, "drain_s": 0.2, "crashes": 1000},
        "databases": {
            "shop": {
                "url": f"sqlite:///{home / 'shop.sqlite'}",
                "measures": {"sales": {"expression": "orders.amount", "words": ["sales"]}},
                "words": {"orders.region": ["region"]},
                "date_column": "orders.ordered_on",
            }
        },
        "mail": {
            "host": "127.0.0.1", "port": smtp_port, "security": "none", "from": "Clawdbot <bot@example.com>",
            "allow_recipients": ["*@example.com"], "contacts": {"finance": "finance@example.com"}, "timeout_s": 5,
        },
        "notify": {"mail": ["boss@example.com"], "on": ["failed", "waiting", "unknown"]},
    }  # fmt: skip


def write_config(path: Path, sections: Mapping[str, Mapping[str, Any]]) -> Path:
    """The sections as a TOML file; returns its path."""
    path.write_text("\n".join(_toml(name, keys) for name, keys in sections.items()), "utf-8")
    return path


def _toml(header: str, keys: Mapping[str, Any]) -> str:
    tables = {name: value for name, value in keys.items() if isinstance(value, Mapping)}
    lines = [f"{json.dumps(name)} = {json.dumps(value)}" for name, value in keys.items() if name not in tables]
    parts = [_toml(f"{header}.{json.dumps(name)}", value) for name, value in tables.items()]
    return "\n".join([f"[{header}]", *lines, *parts])
