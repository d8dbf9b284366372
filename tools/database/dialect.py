"""Foreign functions rewritten to the database's dialect."""

from __future__ import annotations

from sqlglot import exp


def to_dialect(tree: exp.Query, dialect: str) -> exp.Query:
    """The tree in the dialect's own functions."""
    return tree
