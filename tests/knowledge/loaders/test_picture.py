"""Pictures are handed to the reader, page by page."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from clawdbot.errors import LoadFailed
from clawdbot.knowledge.loaders.limits import LoadLimits
from tests.knowledge.loaders.loading import SizeReader, loaded


def saved(image: Image.Image, form: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("form", ["PNG", "JPEG", "TIFF", "BMP", "GIF", "WEBP"])
def test_every_form_is_read(tmp_path: Path, form: str) -> None:
    data = saved(Image.new("RGB", (40, 20), "white"), form)
    extract = loaded(tmp_path, "scan", data, reader=SizeReader())
    assert (extract.text, extract.blocks[0].page, extract.pages) == ("40 x 20\nRGB", 1, 1)
    assert extract.metadata["media"] == f"image/{form.lower()}"


def test_frames_are_pages_and_doubts_are_notes(tmp_path: Path) -> None:
    frames = [Image.new("L", (width, 9)) for width in (10, 20, 30)]
    data = saved(frames[0], "TIFF", save_all=True, append_images=frames[1:])
    extract = loaded(tmp_path, "fax.tif", data, reader=SizeReader(doubtful=True), limits=LoadLimits(max_pages=2))
    assert [(block.text, block.page) for block in extract.blocks] == [("10 x 9\nRGB", 1), ("20 x 9\nRGB", 2)]
    assert extract.notes == ("Page 1: faint", "Page 2: faint", "Only the first 2 of 3 pages are loaded.")


def test_without_a_reader_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(LoadFailed, match="OCR is off") as caught:
        loaded(tmp_path, "a.png", saved(Image.new("L", (9, 9)), "PNG"))
    assert "ocr = true" in caught.value.hint


def test_a_cut_picture_is_damaged(tmp_path: Path) -> None:
    data = saved(Image.effect_noise((200, 200), 50), "PNG")
    with pytest.raises(LoadFailed, match="damaged"):
        loaded(tmp_path, "a.png", data[: len(data) // 2], reader=SizeReader())


def test_a_picture_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    data = saved(Image.new("1", (12_000, 12_000)), "PNG")
    with pytest.raises(LoadFailed, match="pixels"):
        loaded(tmp_path, "a.png", data, reader=SizeReader())
