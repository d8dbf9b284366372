"""Reading pictures of text with the real networks."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pylopdf_fonts_zh_cn
import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from rapidfuzz.distance import Levenshtein

from clawdbot.errors import KnowledgeError
from clawdbot.knowledge.loaders.page_reader import PageReader, ReadPage
from clawdbot.knowledge.ocr.network import DETECTOR, Network, NetworkFile
from clawdbot.knowledge.ocr.reader import OcrReader

FONT = Path(pylopdf_fonts_zh_cn.__file__).parent / "NotoSansSC-Regular.otf"
ENGLISH = (
    "Travel expenses must be claimed within thirty days",
    "after the journey, with the original invoices (No.",
    "2024-0117 to 2024-0129) and the approval of the",
    "head of department.",
)
CHINESE = (
    "差旅费用报销须在返程后三十日内提交申请，并附上",
    "发票原件、行程单以及部门负责人的审批意见。单笔",
    "金额超过5,000元的，还须由分管副总经理签字。",
)


@pytest.fixture(scope="module")
def reader() -> PageReader:
    return OcrReader()


def page(*columns: tuple[str, ...], points: int = 22, margin: int = 60, paper: int = 255, ink: int = 0) -> Image.Image:
    font = ImageFont.truetype(str(FONT), points)
    wide = max(round(max(font.getlength(line) for line in column)) for column in columns) + points * 2
    high = 2 * margin + max(len(column) for column in columns) * points * 2
    image = Image.new("RGB", (2 * margin + wide * len(columns), high), (paper, paper, paper))
    draw = ImageDraw.Draw(image)
    for number, column in enumerate(columns):
        for row, line in enumerate(column):
            draw.text((margin + number * wide, margin + row * points * 2), line, font=font, fill=(ink, ink, ink))
    return image


def error(lines: tuple[str, ...], read: ReadPage) -> float:
    """Characters wrong for each right one; spaces count in English."""
    truth, found = "\n".join(lines), "\n".join(read.text_lines)
    return Levenshtein.distance(truth, found.replace("，", ",") if truth.isascii() else found) / len(truth)


@pytest.mark.parametrize("lines", [ENGLISH, CHINESE, (*CHINESE, *ENGLISH)], ids=["en", "zh", "both"])
def test_a_crisp_page_is_read_line_by_line(reader: PageReader, lines: tuple[str, ...]) -> None:
    read = reader.read(page(lines))
    assert len(read.text_lines) == len(lines)
    assert error(lines, read) < 0.02
    assert (read.doubtful, read.note) == (False, "")


TURNS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "90": lambda image: image.transpose(Image.Transpose.ROTATE_90),
    "180": lambda image: image.transpose(Image.Transpose.ROTATE_180),
    "270": lambda image: image.transpose(Image.Transpose.ROTATE_270),
    "askew left": lambda image: image.rotate(2.8, Image.Resampling.BICUBIC, expand=True, fillcolor=(255, 255, 255)),
    "askew right": lambda image: image.rotate(-2.8, Image.Resampling.BICUBIC, expand=True, fillcolor=(255, 255, 255)),
    "grey and soft": lambda image: image.filter(ImageFilter.GaussianBlur(1.2)).point(lambda value: 90 + value // 3),
}


@pytest.mark.parametrize("turn", TURNS)
def test_a_page_is_read_however_it_lay_on_the_glass(reader: PageReader, turn: str) -> None:
    lines = (*ENGLISH, *CHINESE)
    read = reader.read(TURNS[turn](page(lines)))
    assert len(read.text_lines) == len(lines)
    assert error(lines, read) < 0.03
    assert not read.doubtful


def test_columns_are_read_one_after_the_other(reader: PageReader) -> None:
    assert error((*CHINESE, *ENGLISH), reader.read(page(CHINESE, ENGLISH))) < 0.03


def test_cells_of_a_row_stand_together(reader: PageReader) -> None:
    read = reader.read(page(("Item", "差旅费", "Total"), ("Amount", "1,200.50", "1,209.50"), ("Note", "已批准", "-")))
    assert [line.split()[:2] for line in read.text_lines] == [
        ["Item", "Amount"],
        ["差旅费", "1,200.50"],
        ["Total", "1,209.50"],
    ]


@pytest.mark.parametrize("points", [9, 11])
def test_small_print_is_looked_at_enlarged(reader: PageReader, points: int) -> None:
    lines = ENGLISH * 6
    assert error(lines, reader.read(page(lines, points=points, margin=30))) < 0.04


def test_small_print_on_a_large_sheet_is_found(reader: PageReader) -> None:
    sheet = Image.new("RGB", (2400, 3400), (255, 255, 255))
    sheet.paste(page(ENGLISH, points=16, margin=10), (1200, 2700))
    assert error(ENGLISH, reader.read(sheet)) < 0.02


def test_white_on_black_and_transparent_pictures_are_read(reader: PageReader) -> None:
    assert error(ENGLISH, reader.read(page(ENGLISH, paper=0, ink=255))) < 0.02
    letters = page(ENGLISH).convert("L")
    transparent = Image.new("RGBA", letters.size, (0, 0, 0, 0))
    transparent.putalpha(letters.point(lambda value: 255 - value))
    assert error(ENGLISH, reader.read(transparent)) < 0.02


def test_a_vertical_line_is_read(reader: PageReader) -> None:
    image = Image.new("RGB", (200, 500), (255, 255, 255))
    for row, character in enumerate("公司费用报销制度说明"):
        glyph = ImageFont.truetype(str(FONT), 30)
        ImageDraw.Draw(image).text((80, 30 + row * 36), character, font=glyph, fill=(0, 0, 0))
    assert reader.read(image).text_lines == ("公司费用报销制度说明",)


def test_what_cannot_be_read_surely_is_called_doubtful(reader: PageReader) -> None:
    image = page((*ENGLISH, *CHINESE))
    smudge = (0, image.height // 2, image.width, image.height)
    image.paste(image.crop(smudge).filter(ImageFilter.GaussianBlur(4.5)), smudge)
    read = reader.read(image)
    assert error(ENGLISH[:2], ReadPage(text_lines=read.text_lines[:2])) < 0.02
    assert read.doubtful and re.fullmatch(r"\d of \d lines were hard to read, \d of them left out", read.note)
    assert not re.search(r"[\u4e00-\u9fff]", "".join(read.text_lines))


@pytest.mark.parametrize("image", [Image.new("L", (300, 200), 255), Image.new("1", (4, 700)), Image.new("P", (64, 64))])
def test_a_picture_without_text_has_no_lines(reader: PageReader, image: Image.Image) -> None:
    read = reader.read(image)
    assert read.text_lines == () and not read.doubtful


def test_missing_or_other_networks_are_said_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(KnowledgeError, match=r"missing.*pip install"):
        Network(DETECTOR, distribution_name="no-such-distribution")
    installed(tmp_path, "odd/model.onnx", b"not the network")
    monkeypatch.syspath_prepend(str(tmp_path))
    odd = NetworkFile(name="odd/model.onnx", sha256=hashlib.sha256(b"the network").hexdigest())
    with pytest.raises(KnowledgeError, match=r"another file.*pip install"):
        Network(odd, distribution_name="odd-models")
    with pytest.raises(KnowledgeError, match="missing"):
        Network(NetworkFile(name="odd/gone.onnx", sha256=""), distribution_name="odd-models")


def installed(site: Path, name: str, content: bytes) -> None:
    """A distribution 'odd-models' with one file, as an installer leaves it."""
    (site / name).parent.mkdir(parents=True)
    (site / name).write_bytes(content)
    info = site / "odd_models-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: odd-models\nVersion: 1.0\n")
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    record = io.StringIO()
    csv.writer(record).writerow([name, f"sha256={digest}", len(content)])
    (info / "RECORD").write_text(record.getvalue())


def test_the_networks_need_no_opencv(reader: PageReader) -> None:
    reader.read(page(("Invoice",)))
    assert "cv2" not in sys.modules and "rapidocr" not in sys.modules
