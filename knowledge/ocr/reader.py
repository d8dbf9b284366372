"""Reading a scanned page: set upright, find lines, read them, put them in order, say what is doubtful."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from PIL.Image import Image

from clawdbot.knowledge.loaders.page_reader import ReadPage
from clawdbot.knowledge.ocr.box import Box
from clawdbot.knowledge.ocr.detector import TextDetector
from clawdbot.knowledge.ocr.ink import passed_over
from clawdbot.knowledge.ocr.network import DETECTOR, RECOGNISER, Network
from clawdbot.knowledge.ocr.order import rows
from clawdbot.knowledge.ocr.recogniser import Reading, TextRecogniser
from clawdbot.knowledge.ocr.upright import flattened, half_turned, levelled, quarter_turned, skew

_LEGIBLE = 0.5
"""Lines that are read less surely are left out: most are pictures, stamps or handwriting."""
_SURE = 0.8
_DOUBTFUL_SHARE = 0.1
"""A larger share of the text in unsure or illegible lines makes the page doubtful."""
_SAMPLE = 3
_SAMPLE_WIDTH = 16
"""Lines, and heights of a line, that tell whether a page is upside down."""
_UPRIGHT = 0.9
_LEAST_SIDE = 8


class OcrReader:
    """The ``PageReader`` for printed Chinese and English text; the networks are loaded when first needed.

    Pages may lie on any side and be askew by up to four degrees.  Handwriting is not read, and columns of vertical
    Chinese text come from left to right.
    """

    def read(self, image: Image) -> ReadPage:
        """The lines of ``image`` in reading order; KnowledgeError when the networks are not installed."""
        if min(image.size) < _LEAST_SIDE:
            return ReadPage(text_lines=())
        page, boxes = self._upright(flattened(image))
        read = {box: self._line(page, box) for box in boxes}
        # What the detector was not sure of must read well to count as text.
        read |= {
            box: found if found.confidence >= _SURE else Reading(text="", confidence=0.0)
            for box in passed_over(page, boxes)
            for found in [self._line(page, box)]
        }
        legible = {box: found for box, found in read.items() if found.text and found.confidence >= _LEGIBLE}
        if not legible:
            return ReadPage(text_lines=(), note="no printed text was found")
        text = tuple(" ".join(legible[box].text for box in row) for row in rows(list(legible)))
        note = _doubt(read)
        return ReadPage(text_lines=text, doubtful=bool(note), note=note)

    def _upright(self, page: Image) -> tuple[Image, list[Box]]:
        """The page as it should be held, and where its lines stand."""
        boxes = self._detector.boxes(page)
        if sum(box.tall for box in boxes) > len(boxes) / 2:
            page = quarter_turned(page)
            boxes = self._detector.boxes(page)
        if boxes and (degrees := skew(page)):
            page = levelled(page, degrees)
            boxes = self._detector.boxes(page)
        if self._upside_down(page, boxes):
            page = half_turned(page)
            boxes = [_half_turned(box, page) for box in boxes]
        return page, boxes

    def _upside_down(self, page: Image, boxes: Sequence[Box]) -> bool:
        # The packaged classifier of turned lines is wrong about many crisp ones; reading both ways is not.
        longest = sorted(boxes, key=lambda box: -box.width / box.height)[:_SAMPLE]
        samples = [page.crop(_begin(box).pixels()) for box in longest]
        upright = sum(self._recogniser.read(line).confidence for line in samples)
        if upright >= _UPRIGHT * len(samples):
            return False
        return upright < sum(self._recogniser.read(half_turned(line)).confidence for line in samples)

    def _line(self, page: Image, box: Box) -> Reading:
        line = page.crop(box.pixels())
        return self._recogniser.read(quarter_turned(line) if box.tall else line)

    @cached_property
    def _detector(self) -> TextDetector:
        return TextDetector(Network(DETECTOR))

    @cached_property
    def _recogniser(self) -> TextRecogniser:
        return TextRecogniser(Network(RECOGNISER))


def _begin(box: Box) -> Box:
    return Box(
        left=box.left, top=box.top, right=min(box.right, box.left + _SAMPLE_WIDTH * box.height), bottom=box.bottom
    )


def _half_turned(box: Box, page: Image) -> Box:
    width, height = page.size
    return Box(left=width - box.right, top=height - box.bottom, right=width - box.left, bottom=height - box.top)


def _doubt(read: Mapping[Box, Reading]) -> str:
    """What an operator should know about the reading; empty when it can be relied upon."""
    unsure = [box for box, found in read.items() if found.confidence < _SURE]
    if sum(map(_characters, unsure)) <= _DOUBTFUL_SHARE * sum(map(_characters, read)):
        return ""
    illegible = sum(read[box].confidence < _LEGIBLE for box in unsure)
    left_out = f", {illegible} of them left out" if illegible else ""
    return f"{len(unsure)} of {len(read)} lines were hard to read{left_out}"


def _characters(box: Box) -> float:
    """About how many would stand in a line of this size."""
    return max(box.width / box.height, box.height / box.width)
