"""Meaning-preserving corrections of common slips."""

from __future__ import annotations

from sqlglot import exp

from clawdbot.tools.database.catalog import Catalog


def repair(tree: exp.Query, catalog: Catalog) -> tuple[str, ...]:
    """No corrections yet are needed for trees that resolve."""
    return ()
