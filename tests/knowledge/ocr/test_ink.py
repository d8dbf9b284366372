"""Ink that nobody has read yet."""

from __future__ import annotations

import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from clawdbot.knowledge.ocr.box import Box
from clawdbot.knowledge.ocr.ink import passed_over

LINES = 12
STEP, HEIGHT, LEFT = 50, 30, 80


def page() -> tuple[Image.Image, list[Box]]:
    """A page with lines of text, and where they stand."""
    image = Image.new("RGB", (900, 2 * LEFT + LINES * STEP), (255, 255, 255))
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(24)
    boxes = []
    for row in range(LINES):
        text, top = f"Line {row} of the approval policy for travel", LEFT + row * STEP
        draw.text((LEFT, top), text, font=font, fill=(0, 0, 0))
        boxes.append(Box(left=LEFT - 3, top=top, right=LEFT + font.getlength(text) + 3, bottom=top + HEIGHT))
    return image, boxes


def test_nothing_is_passed_over_when_every_line_has_its_box() -> None:
    assert passed_over(*page()) == []


@pytest.mark.parametrize("blur", [0.0, 4.0])
def test_lines_without_a_box_are_found_sharp_or_smudged(blur: float) -> None:
    image, boxes = page()
    smudged = image.filter(ImageFilter.GaussianBlur(blur))
    found = passed_over(smudged, boxes[::2])
    for missing in boxes[1::2]:
        covered = [box for box in found if abs(box.middle - missing.middle) < HEIGHT / 2]
        assert sum(box.width for box in covered) > 0.7 * missing.width


def test_rules_pictures_and_specks_are_no_lines() -> None:
    image, boxes = page()
    draw = ImageDraw.Draw(image)
    draw.line((LEFT, 40, 800, 40), fill=(0, 0, 0), width=3)
    draw.rectangle((640, 300, 860, 520), fill=(90, 90, 90))
    draw.ellipse((20, 200, 34, 214), fill=(0, 0, 0))
    draw.rectangle((700, 100, 860, 125), fill=(0, 0, 0))
    assert passed_over(image, boxes) == []


def test_a_page_without_lines_has_none_to_miss() -> None:
    assert passed_over(page()[0], []) == []
