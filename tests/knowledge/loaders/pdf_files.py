"""PDF files written by hand: text at places, rules, frames, bookmarks."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties

from clawdbot.tools.fonts import cjk_font

A4 = (595, 842)


def text(x: float, y: float, words: str, *, size: float = 11, bold: bool = False) -> str:
    """Drawing instructions for words whose baseline begins at (x, y)."""
    escaped = words.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
    return f"BT /{'F2' if bold else 'F1'} {size} Tf {x} {y} Td ({escaped}) Tj ET"


def rule(x0: float, y0: float, x1: float, y1: float) -> str:
    """A thin line."""
    return f"0.5 w {x0} {y0} m {x1} {y1} l S"


def paragraph(x: float, y: float, lines: Sequence[str], *, size: float = 11, leading: float = 14) -> str:
    """Lines under each other."""
    return "\n".join(text(x, y - n * leading, line, size=size) for n, line in enumerate(lines))


def pdf(pages: Sequence[str], *, info: Mapping[str, str] | None = None, rotate: int = 0) -> bytes:
    """A PDF of pages given as drawing instructions, Helvetica as F1 and bold as F2."""
    objects: list[bytes] = []

    def add(content: str | bytes) -> int:
        objects.append(content if isinstance(content, bytes) else content.encode("cp1252"))
        return len(objects)

    kids = " ".join(f"{4 + 2 * n} 0 R" for n in range(len(pages)))
    add(f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>")
    add("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>")
    add("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>")
    for n, page in enumerate(pages):
        add(
            f"<< /Type /Page /Parent 1 0 R /MediaBox [0 0 {A4[0]} {A4[1]}] /Rotate {rotate} /Contents {5 + 2 * n} 0 R "
            "/Resources << /Font << /F1 2 0 R /F2 3 0 R >> >> >>"
        )
        stream = page.encode("cp1252")
        add(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream))
    root = add("<< /Type /Catalog /Pages 1 0 R >>")
    about = add("<< " + " ".join(f"/{key} ({value})" for key, value in (info or {}).items()) + " >>")
    buffer = io.BytesIO(b"")
    buffer.write(b"%PDF-1.7\n")
    places = []
    for number, content in enumerate(objects, 1):
        places.append(buffer.tell())
        buffer.write(b"%d 0 obj\n%s\nendobj\n" % (number, content))
    start = buffer.tell()
    buffer.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    buffer.write(b"".join(b"%010d 00000 n \n" % place for place in places))
    buffer.write(b"trailer << /Size %d /Root %d 0 R /Info %d 0 R >>\n" % (len(objects) + 1, root, about))
    buffer.write(b"startxref\n%d\n%%%%EOF\n" % start)
    return buffer.getvalue()


def chinese_pdf(lines: Sequence[tuple[float, float, str, float]]) -> bytes:
    """One A4 page with an embedded Chinese font; lines are (x, y, text, size)."""
    figure = Figure(figsize=(A4[0] / 72, A4[1] / 72))
    font = FontProperties(fname=str(cjk_font()))
    for x, y, words, size in lines:
        figure.text(x / A4[0], y / A4[1], words, fontproperties=font, fontsize=size)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="pdf")
    return buffer.getvalue()
