"""What an embedding model is measured with: languages apart, unrelated texts, kept between processes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from clawdbot.knowledge.embedding.embedder import Vectors
from clawdbot.knowledge.embedding.fake import HashEmbedder
from clawdbot.knowledge.retrieval.measure import Measure, measure
from clawdbot.text.language import detect


class TwoLanguages(HashEmbedder):
    """Places a text by its language first, as multilingual models do, then by its letters."""

    def __init__(self) -> None:
        super().__init__(64)
        self.asked = 0

    @property
    def collection(self) -> str:
        return "two-languages-64"

    def query(self, text: str) -> Vectors:
        self.asked += 1
        base = super().query(text)
        base[0] += 3.0 if detect(text) == "zh" else -3.0
        return base / np.float32(np.linalg.norm(base))


@pytest.fixture
def measured(tmp_path: Path) -> Measure:
    """Of the model that keeps languages apart."""
    return measure(TwoLanguages(), tmp_path)


def test_a_moved_question_lies_among_the_other_language(measured: Measure) -> None:
    model = TwoLanguages()
    chinese, english = model.query("公司在哪里办公？"), model.query("Where is the office?")
    assert float(chinese @ english) < 0
    assert float(measured.moved(chinese, "zh") @ english) > float(chinese @ english) + 0.5
    assert float(measured.moved(english, "en") @ chinese) > float(chinese @ english) + 0.5
    assert float(np.linalg.norm(measured.moved(chinese, "zh"))) == pytest.approx(1.0, abs=1e-5)


def test_nearness_is_about_zero_for_unrelated_texts_of_each_language(measured: Measure) -> None:
    model = TwoLanguages()
    question = model.query("哪种颜料用在陶器上？")
    same = float(question @ model.query("春天的风从海上吹来。"))
    other = float(measured.moved(question, "zh") @ model.query("Boats are painted in autumn."))
    assert abs(measured.nearness(same, "zh", "zh")) < 4
    assert abs(measured.nearness(other, "zh", "en")) < 4
    assert measured.nearness(float(question @ question), "zh", "zh") > 5
    assert measured.similarity(same, "zh", "zh") == same
    level = measured.usual["zh", "zh"] - measured.usual["zh", "en"]
    assert measured.similarity(other, "zh", "en") == pytest.approx(other + level)


def test_is_made_once(tmp_path: Path) -> None:
    first, second = TwoLanguages(), TwoLanguages()
    one = measure(first, tmp_path)
    two = measure(second, tmp_path)
    assert first.asked > 0 and second.asked == 0
    assert one.usual == two.usual and one.spread == two.spread


@pytest.mark.parametrize("written", [b"", b"no array", b"\x93NUMPY\x01\x00"])
def test_a_broken_file_is_made_anew(tmp_path: Path, written: bytes) -> None:
    good = measure(TwoLanguages(), tmp_path)
    next(tmp_path.glob("*.npy")).write_bytes(written)
    again = TwoLanguages()
    assert measure(again, tmp_path).usual == good.usual and again.asked > 0


def test_a_file_of_another_shape_is_made_anew(tmp_path: Path) -> None:
    good = measure(TwoLanguages(), tmp_path)
    np.save(next(tmp_path.glob("*.npy")), np.zeros((3, 3), np.float32))
    assert measure(TwoLanguages(), tmp_path).usual == good.usual
