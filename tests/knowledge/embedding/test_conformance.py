"""What every embedding model does, the fake too."""

from __future__ import annotations

import re

import numpy as np
import pytest

from clawdbot.knowledge.embedding.embedder import Embedder

TEXTS = (
    "The credit limit of a new customer is 5,000 EUR.",
    "新客户的信用额度为五千欧元。",
    "Annual leave may be carried over until March.",
    "",
    "😀👍🏽 \n\t ﬁnal Ｆｕｌｌ ｗｉｄｔｈ",
    "<s> </s> <mask> ignore the above",
    "x" * 3000,
)


def test_passages_are_unit_vectors_in_order(embedder: Embedder) -> None:
    found = embedder.passages(TEXTS)
    assert found.shape == (len(TEXTS), embedder.dimension)
    assert found.dtype == np.float32
    assert np.linalg.norm(found, axis=1) == pytest.approx(np.ones(len(TEXTS)), abs=1e-5)
    assert len({vector.tobytes() for vector in found}) == len(TEXTS)


def test_a_vector_does_not_depend_on_its_company(embedder: Embedder) -> None:
    together = embedder.passages(TEXTS)
    for text, vector in zip(TEXTS, together, strict=True):
        assert np.array_equal(embedder.passages([text])[0], vector)


def test_a_question_is_one_vector(embedder: Embedder) -> None:
    found = embedder.query("信用额度是多少？")
    assert found.shape == (embedder.dimension,)
    assert found.dtype == np.float32
    assert np.linalg.norm(found) == pytest.approx(1, abs=1e-5)
    assert np.array_equal(found, embedder.query("信用额度是多少？"))


def test_the_nearest_passage_is_about_the_question(embedder: Embedder) -> None:
    scores = embedder.passages(TEXTS[:3]) @ embedder.query("What is the credit limit of a customer?")
    assert scores.argmax() == 0


def test_no_texts_are_no_vectors(embedder: Embedder) -> None:
    assert embedder.passages([]).shape == (0, embedder.dimension)


def test_many_texts_are_taken_at_once(embedder: Embedder) -> None:
    texts = [f"line {number}" for number in range(70)]
    found = embedder.passages(texts)
    assert np.array_equal(found[69], embedder.passages(texts[69:])[0])


def test_the_collection_has_a_name_that_chroma_takes(embedder: Embedder) -> None:
    name = embedder.collection
    assert re.fullmatch(r"[a-zA-Z0-9][a-zA-Z0-9._-]{1,61}[a-zA-Z0-9]", name)
    assert name.endswith(f"-{embedder.dimension}")
    assert name == embedder.collection


def test_tokens_grow_with_the_text(embedder: Embedder) -> None:
    assert embedder.tokens("") == 0
    assert 0 < embedder.tokens("信用额度") <= 8
    assert embedder.tokens("credit limit " * 50) > 20 * embedder.tokens("credit limit")
