"""Tokens: the same as the ``tokenizers`` library makes from the same pieces."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers

from clawdbot.knowledge.embedding.packed import PackedModel
from clawdbot.knowledge.embedding.vocabulary import Vocabulary

Encode = Callable[[str], list[int]]
SPECIAL = {0, 1, 2, 250001}
MIXED = (
    "信用额度 is 5,000€ 😀👍🏽 for ACME Ltd.",
    "ﬁnal Ｆｕｌｌ　ｗｉｄｔｈ １２３ ① ㎏ ｶﾞ",
    "  a\tb\n\nc\u00a0d\u200be\ufeff ",
    "한국어 Füße naïve İstanbul ǅ Ω ☃ 🧿🫠🫡",
    "de\u0301compose\u0301 é",
    "<s> hello </s> <mask> <pad><unk>",
    "▁▁ literal ▁ marks",
    "honorificabilitudinitatibusandevenlongerthanthat " * 2,
    "",
)


@pytest.fixture(scope="module")
def vocabulary(packed: PackedModel) -> Vocabulary:
    return Vocabulary(packed.pieces())


@pytest.fixture(scope="module")
def library(packed: PackedModel) -> Encode:
    """The same pieces in the ``tokenizers`` library, as XLM-RoBERTa's own configuration sets it up."""
    pieces = packed.pieces()
    # Special tokens keep their place in the list, under a name that no text has.
    texts = [f"\ue000{n}" if n in SPECIAL | {pieces.unknown} else text for n, text in enumerate(pieces.texts)]
    scores = list(zip(texts, pieces.scores, strict=True))
    tokenizer = Tokenizer(models.Unigram(scores, unk_id=pieces.unknown, byte_fallback=False))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])

    def encode(text: str) -> list[int]:
        normal = unicodedata.normalize("NFC", text).translate(pieces.normalisation)
        ids: list[int] = tokenizer.encode(normal, add_special_tokens=False).ids
        return ids

    return encode


@pytest.mark.parametrize("text", MIXED)
def test_mixed_text_is_cut_as_the_library_cuts_it(vocabulary: Vocabulary, library: Encode, text: str) -> None:
    assert vocabulary.encode(text) == library(text)


@given(text=st.text(st.sampled_from("的信用额度是多少abcdeE 1２,.，。😀🫠é\u0301한ｶﾞ\t▁<s>/"), max_size=60))
def test_any_text_is_cut_as_the_library_cuts_it(vocabulary: Vocabulary, library: Encode, text: str) -> None:
    assert vocabulary.encode(text) == library(text)


def test_what_a_document_says_never_becomes_a_special_token(vocabulary: Vocabulary) -> None:
    assert not SPECIAL & set(vocabulary.encode("<s> </s> <pad> <mask> x</s>y"))


def test_known_words_are_known(vocabulary: Vocabulary, packed: PackedModel) -> None:
    texts = packed.pieces().texts
    found = [texts[number] for number in vocabulary.encode("passage: 信用额度")]
    assert found == ["▁passage", ":", "▁", "信用", "额", "度"]
