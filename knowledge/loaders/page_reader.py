"""What loaders ask of whoever reads text in pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from PIL.Image import Image


@dataclass(frozen=True, kw_only=True)
class ReadPage:
    """The text of a picture, in reading order.

    ``doubtful``: parts may be wrong or missing, ``note`` says which in words for an operator.
    """

    text_lines: tuple[str, ...]
    doubtful: bool = False
    note: str = ""


class PageReader(Protocol):
    """Reads scanned pages and images."""

    def read(self, image: Image) -> ReadPage:
        """The text of one page; no lines when there is none."""
