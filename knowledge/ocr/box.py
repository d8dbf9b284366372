"""Where a line of text stands on a page."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Box:
    """An upright rectangle in pixels of the page, right and bottom excluded."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def middle(self) -> float:
        """Half-way between top and bottom."""
        return (self.top + self.bottom) / 2

    @property
    def tall(self) -> bool:
        """Higher than wide by so much that its text runs up or down."""
        return self.height > 2 * self.width

    def pixels(self) -> tuple[int, int, int, int]:
        """Left, top, right, bottom in whole pixels, for Pillow."""
        return int(self.left), int(self.top), round(self.right + 0.5), round(self.bottom + 0.5)
