"""Names as models write them compared with names as the database has them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from rapidfuzz import fuzz, process, utils
from sqlglot import exp
from sqlglot.dialects import Postgres, SQLite

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_KEYWORDS = {
    "sqlite": {word.lower() for phrase in SQLite.Tokenizer.KEYWORDS for word in phrase.split()},
    "postgres": {word.lower() for phrase in Postgres.Tokenizer.KEYWORDS for word in phrase.split()},
}


def identifier(name: str, dialect: str) -> exp.Identifier:
    """The name as a node, quoted when the dialect would read it otherwise."""
    plain = _PLAIN.fullmatch(name) is not None and name.lower() not in _KEYWORDS[dialect]
    folds = dialect == "postgres" and name != name.lower()
    return exp.to_identifier(name, quoted=not plain or folds)


def same(name: str, known: Iterable[str]) -> str | None:
    """The one known name that differs only in case, spaces, underscores or a plural; None when none or several."""
    options = list(known)
    for fold in (str.lower, _flat, _stem):
        found = [k for k in options if fold(k) == fold(name)]
        if found:
            return found[0] if len(set(found)) == 1 else None
    return None


def nearest(name: str, known: Iterable[str], *, most: int = 3) -> list[str]:
    """Known names that look like it, best first."""
    found = process.extract(
        name,
        list(dict.fromkeys(known)),
        scorer=fuzz.WRatio,
        processor=utils.default_process,
        limit=most,
        score_cutoff=62,
    )
    return [f[0] for f in found]


def listed(names: Iterable[str], *, most: int = 30) -> str:
    """Names in one line, the first ``most``."""
    known = list(names)
    return ", ".join(known[:most]) + (f", ... ({len(known) - most} more)" if len(known) > most else "")


def _flat(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).lower()


def _stem(name: str) -> str:
    flat = _flat(name)
    if flat.endswith("ies") and len(flat) > 4:
        return flat[:-3] + "y"
    return flat[:-1] if flat.endswith("s") and not flat.endswith("ss") and len(flat) > 3 else flat
