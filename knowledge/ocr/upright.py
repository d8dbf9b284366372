"""Setting a page straight: transparency, skew, quarter turns."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

_SIDE = 1000
_MOST_DEGREES = 4.0
_LEAST_GAIN = 1.03
"""Turning must make lines and gaps stand out by this factor, or the page stays as it is."""


def flattened(image: Image.Image) -> Image.Image:
    """The picture in RGB on white paper."""
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        layer = image.convert("RGBA")
        paper = Image.new("RGBA", layer.size, (255, 255, 255, 255))
        return Image.alpha_composite(paper, layer).convert("RGB")
    return image.convert("RGB")


def skew(page: Image.Image) -> float:
    """Degrees, counter-clockwise, by which the page must be turned to level its lines; 0 when it has none.

    The angle at which the sums of rows differ most from row to row (W. Postl, 1986), to a twentieth of a degree.
    """
    scale = _SIDE / max(page.size)
    size = (max(1, round(page.width * scale)), max(1, round(page.height * scale)))
    small = page.convert("L").resize(size, Image.Resampling.BOX)
    ink = Image.fromarray(_ink(np.asarray(small, np.float32)))
    level = best = _sharpness(ink, 0.0)
    angle = 0.0
    for reach, step in ((_MOST_DEGREES, 0.5), (0.4, 0.1), (0.05, 0.05)):
        middle = angle
        for turn in np.arange(middle - reach, middle + reach + step / 2, step).tolist():
            if abs(turn) <= _MOST_DEGREES and (sharp := _sharpness(ink, turn)) > best:
                best, angle = sharp, turn
    return angle if best > _LEAST_GAIN * level else 0.0


def levelled(page: Image.Image, degrees: float) -> Image.Image:
    """The page turned by a small angle, its size kept; what comes in at the corners is white."""
    return page.rotate(degrees, Image.Resampling.BICUBIC, fillcolor=(255, 255, 255))


def quarter_turned(page: Image.Image) -> Image.Image:
    """The page turned by 90 degrees counter-clockwise."""
    return page.transpose(Image.Transpose.ROTATE_90)


def half_turned(page: Image.Image) -> Image.Image:
    """The page turned upside down."""
    return page.transpose(Image.Transpose.ROTATE_180)


def _ink(grey: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    """How much darker each pixel is than the paper around it (the brightest of a coarse grid)."""
    rows, columns = (max(1, side // 25) for side in grey.shape)
    picture = Image.fromarray(grey)
    paper = picture.resize((columns, rows), Image.Resampling.BOX).resize(picture.size, Image.Resampling.BILINEAR)
    return np.clip(np.asarray(paper) - grey, 0, 255).astype(np.uint8)


def _sharpness(ink: Image.Image, degrees: float) -> float:
    turned = np.asarray(ink.rotate(degrees, Image.Resampling.BILINEAR), np.float32)
    inner = turned[:, turned.shape[1] // 10 : -turned.shape[1] // 10 or None]
    return float((np.diff(inner.sum(axis=1)) ** 2).sum())
