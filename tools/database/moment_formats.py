"""Date format patterns of other products as strftime codes, with %Q for the quarter."""

from __future__ import annotations

import re

_MYSQL = {"i": "M", "s": "S", "M": "B", "W": "A", "D": "d", "e": "d", "c": "m", "k": "H", "v": "W", "u": "W", "x": "Y"}
_ORACLE = {
    "YYYY": "%Y",
    "IYYY": "%Y",
    "YY": "%y",
    "HH24": "%H",
    "MI": "%M",
    "SS": "%S",
    "MM": "%m",
    "MONTH": "%B",
    "MON": "%b",
    "DDD": "%j",
    "DD": "%d",
    "DAY": "%A",
    "DY": "%a",
    "D": "%w",
    "IW": "%W",
    "WW": "%W",
    "Q": "%Q",
    "FM": "",
}
_NET = {
    "yyyy": "%Y",
    "yy": "%y",
    "MMMM": "%B",
    "MMM": "%b",
    "MM": "%m",
    "M": "%m",
    "dddd": "%A",
    "ddd": "%a",
    "dd": "%d",
    "d": "%d",
    "HH": "%H",
    "mm": "%M",
    "ss": "%S",
}


def from_mysql(pattern: str) -> str:
    """DATE_FORMAT's codes; the ones that it shares with strftime stay."""
    return re.sub(r"%(.)", lambda m: "%" + _MYSQL.get(m[1], m[1]), pattern)


def from_oracle(pattern: str) -> str:
    """TO_CHAR's patterns of PostgreSQL and Oracle; text in double quotes is itself."""
    names = "|".join(sorted(_ORACLE, key=len, reverse=True))
    return re.sub(
        rf'"([^"]*)"|({names})',
        lambda m: m[1] if m[1] is not None else _ORACLE[m[2].upper()],
        pattern,
        flags=re.IGNORECASE,
    )


def from_net(pattern: str) -> str:
    """FORMAT's patterns of SQL Server; text in single quotes is itself."""
    names = "|".join(sorted(_NET, key=len, reverse=True))
    return re.sub(rf"'([^']*)'|({names})", lambda m: m[1] if m[1] is not None else _NET[m[2]], pattern)
