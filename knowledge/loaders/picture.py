"""Images, and what was read from them."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from itertools import islice

from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

from clawdbot.errors import LoadFailed
from clawdbot.knowledge.extract import Block, Extract
from clawdbot.knowledge.loaders.cleaning import lines_kept
from clawdbot.knowledge.loaders.container import damaged
from clawdbot.knowledge.loaders.limits import LoadLimits
from clawdbot.knowledge.loaders.page_reader import PageReader

_MAX_PIXELS = 80_000_000
"""Of one picture: 240 MB when unpacked."""


def load(data: bytes, limits: LoadLimits, *, reader: PageReader | None) -> Extract:
    """The text in a picture; each frame of a fax (TIFF) is a page."""
    if reader is None:
        raise LoadFailed("It is a picture, and OCR is off.", hint="Set [knowledge] ocr = true to read pictures.")
    blocks: list[Block] = []
    notes: list[str] = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # checked here with our own bound
            with Image.open(io.BytesIO(data)) as picture:
                count = getattr(picture, "n_frames", 1)
                for number, frame in enumerate(islice(ImageSequence.Iterator(picture), limits.max_pages), 1):
                    _check(frame)
                    result = reader.read(ImageOps.exif_transpose(frame).convert("RGB"))
                    blocks.extend(blocks_of_lines(result.text_lines, page=number))
                    if result.doubtful:
                        notes.append(f"Page {number}: {result.note or 'doubtful.'}" if count > 1 else result.note)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise damaged() from error
    if count > limits.max_pages:
        notes.append(f"Only the first {limits.max_pages} of {count} pages are loaded.")
    return Extract(blocks=tuple(blocks), pages=count, notes=tuple(note for note in notes if note))


def blocks_of_lines(lines: Sequence[str], *, page: int) -> tuple[Block, ...]:
    """Lines that were read, as one block: where paragraphs end is not known."""
    text = lines_kept("\n".join(lines))
    return (Block(kind="paragraph", text=text, page=page),) if text else ()


def _check(frame: Image.Image) -> None:
    if frame.width * frame.height > _MAX_PIXELS:
        raise LoadFailed(
            f"The picture has {frame.width} x {frame.height} pixels, more than {_MAX_PIXELS:,}.",
            hint="Save it in a smaller size.",
        )
