"""A laid-out table as ``longtable`` source.

Every cell is a brace group, so that a value that begins with ``[`` or ``*`` is not taken for an option of ``\\\\``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from clawdbot.tools.report.cells import FormattedColumn
from clawdbot.tools.report.layout import GAP_EM, Block

Escape = Callable[[str], str]


def table_source(
    columns: Sequence[FormattedColumn], block: Block, escape: Escape, *, label: str, title: str, continued: str
) -> str:
    """The TeX of one block; plain texts: ``label`` ("Table 2"), ``title``, ``continued`` for later pages."""
    chosen = [columns[i] for i in block.columns]
    count = len(chosen)
    spec = f"@{{\\hspace{{{GAP_EM}em}}}}".join(
        f">{{\\{'raggedleft' if c.right else 'raggedright'}\\arraybackslash}}p{{{w:.2f}em}}"
        for c, w in zip(chosen, block.widths, strict=True)
    )
    header = " & ".join(f"{{\\bfseries {_header(c.name, escape)}}}" for c in chosen)
    rows = [" & ".join(f"{{{escape(c.cells[r])}}}" for c in chosen) for r in range(len(chosen[0].cells))]
    caption = f"\\cbtablecaption{{{count}}}{{{escape(label)}}}"
    return "\n".join(
        [
            f"\\Needspace{{7\\baselineskip}}{{\\fontsize{{{block.size}}}{{{block.size * 1.3:.1f}}}\\selectfont",
            f"\\begin{{longtable}}{{@{{}}{spec}@{{}}}}",
            f"{caption}{{{escape(title)}}} \\tabularnewline",
            f"\\cbtoprule {header} \\tabularnewline \\cbmidrule\\endfirsthead",
            f"{caption}{{\\color{{cbmuted}}{escape(continued)}}} \\tabularnewline",
            f"\\cbtoprule {header} \\tabularnewline \\cbmidrule\\endhead",
            # longtable measures pages without the depth of their last row; the taller foot between pages makes room,
            # else a table's last row can slip to a page of its own, without a header.
            "\\cbbottomrule\\noalign{\\vskip6pt}\\endfoot",
            "\\cbbottomrule\\endlastfoot",
            *(f"{row} \\tabularnewline" for row in rows),
            "\\end{longtable}}",
        ]
    )


def _header(name: str, escape: Escape) -> str:
    """Break points where names of columns have their joints."""
    return escape(name).replace("\\_", "\\_\\allowbreak{}")
