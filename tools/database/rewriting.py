"""Replacing nodes of a syntax tree from the leaves up."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sqlglot import exp


def rewrite(tree: exp.Query, rule: Callable[[exp.Expr], exp.Expr | None]) -> exp.Query:
    """Put ``rule(node)`` in the place of each node, children before parents; None or the node itself keeps it.

    sqlglot's own transform stops below a replaced node, and date functions nest.
    """
    for node in list(tree.walk(bfs=False))[:0:-1]:
        made = rule(node)
        if made is not None and made is not node:
            node.replace(made)
    return tree


def own_nodes(node: exp.Expr) -> Iterator[exp.Expr]:
    """The node and what is below it, without going into nested queries (which are yielded themselves)."""
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        if isinstance(current, exp.Query) and current is not node:
            continue
        stack.extend(reversed(list(current.iter_expressions())))


def has_aggregate(node: exp.Expr) -> bool:
    """The expression adds up rows of its own query; window functions do not."""
    return any(isinstance(found, exp.AggFunc) and not _in_window(found, node) for found in own_nodes(node))


def _in_window(node: exp.Expr, top: exp.Expr) -> bool:
    parent = node.parent
    if isinstance(parent, exp.Filter):
        parent = parent.parent
    return isinstance(parent, exp.Window) and node is not top
