"""States that a question denies: 'unpaid invoices', 'orders not yet shipped', '未付款的发票'."""

from __future__ import annotations

import re
from collections.abc import Iterable

from clawdbot.tools.database.catalog import Catalog
from clawdbot.tools.database.lexicon import synonyms

_STATES = 12
"""Distinct values up to which a column says in which state something is."""


def negated_states(question: str, catalog: Catalog, tables: Iterable[str]) -> list[tuple[str, str]]:
    """("Table.Column", value) of states that things shall not be in; none where the data have the opposite itself."""
    found = []
    for table in filter(None, map(catalog.table, tables)):
        for column in table.columns if not table.is_view else ():
            known = {value.casefold() for value in column.values}
            if column.kind != "text" or not 1 < len(known) <= _STATES or known & _opposites(known):
                continue
            found += [(f"{table.name}.{column.name}", v) for v in column.values if _denies(question, v)]
    return found


def _opposites(values: set[str]) -> set[str]:
    return {f"{prefix}{value}" for value in values for prefix in ("un", "not ", "not_", "non", "in")}


def _denies(question: str, value: str) -> bool:
    names = synonyms(value.lower())
    english = "|".join(sorted(re.escape(name) for name in names if name.isascii()))
    chinese = "|".join(sorted((re.escape(name) for name in names if not name.isascii()), key=len, reverse=True))
    patterns = [rf"\b(?:un|non-?|not (?:yet |been |fully )*|never )(?:{english})\b"]
    if value.startswith("已"):  # 已付款
        chinese = re.escape(value[1:])
    if chinese:
        patterns.append(rf"(?:未|尚未|没有?|还没有?)(?:{chinese})")
    return any(re.search(pattern, question, re.IGNORECASE) for pattern in patterns)
