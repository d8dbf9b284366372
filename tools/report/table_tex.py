"""A laid-out table as ``longtable`` source.

Every cell is a brace group, so that a value that begins with ``[`` or ``*`` is not taken for an option of ``\\\\``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from clawdbot.tools.report.cells import FormattedColumn
from clawdbot.tools.report.layout import GAP_EM, Block

Escape = Callable[[str], str]


def table_source(columns: Sequence[FormattedColumn], block: Block, escape: Escape, *, continued: str) -> str:
    """The TeX of one block; ``continued`` (plain text) marks the header on later pages."""
    chosen = [columns[i] for i in block.columns]
    count = len(chosen)
    spec = f"@{{\\hspace{{{GAP_EM}em}}}}".join(
        f">{{\\{'raggedleft' if c.right else 'raggedright'}\\arraybackslash}}p{{{w:.2f}em}}"
        for c, w in zip(chosen, block.widths, strict=True)
    )
    header = " & ".join(f"{{\\bfseries {_header(c.name, escape)}}}" for c in chosen)
    rows = [" & ".join(f"{{{escape(c.cells[r])}}}" for c in chosen) for r in range(len(chosen[0].cells))]
    more = f"\\multicolumn{{{count}}}{{@{{}}l@{{}}}}{{\\color{{cbmuted}}{escape(continued)}}}"
    return "\n".join(
        [
            f"{{\\fontsize{{{block.size}}}{{{block.size * 1.3:.1f}}}\\selectfont",
            f"\\begin{{longtable}}{{@{{}}{spec}@{{}}}}",
            f"\\cbtoprule {header} \\tabularnewline \\cbmidrule\\endfirsthead",
            f"{more} \\tabularnewline \\cbtoprule {header} \\tabularnewline \\cbmidrule\\endhead",
            "\\cbbottomrule\\endfoot",
            *(f"{row} \\tabularnewline" for row in rows),
            "\\end{longtable}}",
        ]
    )


def _header(name: str, escape: Escape) -> str:
    """Break points where names of columns have their joints."""
    return escape(name).replace("\\_", "\\_\\allowbreak{}")
