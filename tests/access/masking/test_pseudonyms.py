"""Pseudonyms: masking can be undone exactly, hides everything, and survives what a model does to its text."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clawdbot.access.masking.masker import Masker
from clawdbot.access.masking.pseudonym_form import PSEUDONYM
from clawdbot.access.masking.pseudonyms import Pseudonyms
from clawdbot.config import MaskingConfig

KEY = b"the key of this run"
MASKER = Masker(MaskingConfig(words=("张三", "Acme Corp", "tel")))
PIECES = (
    "13812345678", "138 1234 5678", "+86 138-1234-5678", "(010) 62345678", "11010519491231002X", "6222021234567890128",
    "4111 1111 1111 1111", "91110000600037341L", "a@example.com", "E12345678", "password=hunter2x", "tel",
    "sk-abcdefghijklmnop1234", "张三", "张　三", "Acme Corp", "QTEL23456B", "qmail 2345-67@m.invalid", "@m.invalid",
    "Q", "QID", "１３８１２３４５６７８", "\u200b", "\\n", "\\", "\\u5f20\\u4e09", " ", "\n", "-", ".", "0", "1", "x",
    "：", "，", "订单号", "密码", "\ue000", "e\u0301", "postgresql://u:pa55word@host/db", '{"k": "', '"}', "7K3M92",
)  # fmt: skip
TEXTS = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=4)), max_size=12).map("".join)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.sampled_from([13812345678, 6222021234567890128]), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=6,
)
LEAKY = "13812345678 13812345678.\n张三 a@example.com 6222 0212 3456 7890 128 11010519491231002X password=hunter2x"


def pseudonyms(key: bytes = KEY) -> Pseudonyms:
    return Pseudonyms(MASKER, key)


@settings(deadline=None, max_examples=300)
@given(st.lists(TEXTS, min_size=1, max_size=3))
def test_every_text_comes_back_and_nothing_is_left_in_it(texts: list[str]) -> None:
    run = pseudonyms()
    masked = [run.mask(text) for text in texts]
    assert [run.restore(text) for text in masked] == texts
    assert [run.mask(text) for text in masked] == masked


@settings(deadline=None, max_examples=100)
@given(VALUES)
def test_every_json_value_comes_back(value: Any) -> None:
    run = pseudonyms()
    masked = run.mask(value)
    assert run.restore(masked) == value
    assert run.mask(masked) == masked


@settings(deadline=None, max_examples=100)
@given(TEXTS)
def test_another_process_of_the_run_uses_the_same_pseudonyms(text: str) -> None:
    assert pseudonyms().mask(text) == pseudonyms().mask(text)


def test_nothing_personal_is_left() -> None:
    masked = pseudonyms().mask(LEAKY)
    for original in ("1381234", "张三", "example", "6222", "110105", "hunter"):
        assert original not in masked
    assert MASKER.find(masked) == ()


def test_pseudonyms_are_no_personal_data_wherever_they_stand() -> None:
    run = pseudonyms()
    for text in ("13812345678", "a@example.com", "6222021234567890128", "E12345678", "sk-abcdefghijklmnop1234"):
        pseudonym = run.mask(text)
        assert PSEUDONYM.fullmatch(pseudonym)
        for before in ("密码：", "password=", "护照 ", "电话", "token: ", "Bearer "):
            assert MASKER.find(f"{before}{pseudonym} x") == ()
    assert MASKER.find(f"https://u:{run.mask('13812345678')}@host.example") == ()


def test_the_same_original_has_one_pseudonym_and_another_run_has_others() -> None:
    run = pseudonyms()
    first, second = run.mask("13812345678 and 13812345678").split(" and ")
    assert first == second == run.mask("手机13812345678")[2:]
    assert run.mask("13912345678") != first
    assert pseudonyms(b"another run").mask("13812345678") != first


def test_two_spellings_look_related_and_each_comes_back_as_it_was() -> None:
    run = pseudonyms()
    plain, spaced = run.mask("13812345678"), run.mask("+86 138 1234 5678")
    assert plain[:-1] == spaced[:-1]
    assert plain != spaced
    assert run.restore(f"{spaced} / {plain}") == "+86 138 1234 5678 / 13812345678"
    assert dict(run.counts) == {"phone": 1}


@pytest.mark.parametrize("original", ["13812345678", "a@example.com", "张三"])
def test_a_pseudonym_is_known_in_what_a_model_makes_of_it(original: str) -> None:
    run = pseudonyms()
    pseudonym = run.mask(original)
    wide = "".join(chr(ord(char) + 0xFEE0) for char in pseudonym)
    spaced = pseudonym[:6] + " " + pseudonym[6:]
    for spelled in (pseudonym.lower(), pseudonym.title(), wide, spaced, pseudonym.replace("Q", "Q-", 1)):
        assert run.restore(f"请联系 {spelled} 。") == f"请联系 {original} 。"
    assert run.restore(pseudonym.removesuffix("@m.invalid")) == original


def test_text_that_looks_like_a_pseudonym_stays_what_it_is() -> None:
    run = pseudonyms()
    expected = pseudonyms().mask("13812345678")
    assert run.mask(f"see {expected.lower()}") == f"see {expected.lower()}"
    masked = run.mask("13812345678")
    assert masked != expected
    assert run.restore(f"{expected} {masked}") == f"{expected} 13812345678"
    assert run.restore("QTEL234567") == "QTEL234567"


def test_schemas_keep_their_shape() -> None:
    schema = {
        "type": "object",
        "properties": {"to": {"enum": ["a@example.com", "b@example.com"]}, "phone": {"const": 13812345678}},
        "required": ["to"],
        "additionalProperties": False,
    }
    run = pseudonyms()
    masked = run.mask(schema)
    assert masked["required"] == ["to"]
    assert list(masked["properties"]) == ["to", "phone"]
    assert "example.com" not in json.dumps(masked)
    assert "13812345678" not in json.dumps(masked)
    assert all(address.endswith("@m.invalid") for address in masked["properties"]["to"]["enum"])
    assert run.restore(masked) == schema
    assert run.restore({"to": masked["properties"]["to"]["enum"][1].upper()}) == {"to": "b@example.com"}


def test_a_key_that_is_personal_is_masked_too() -> None:
    run = pseudonyms()
    masked = run.mask({"张三": 1, "required": ("张三",), 5: 6.5})
    assert "张三" not in str(masked)
    assert next(iter(masked)) == masked["required"][0]
    assert run.restore(masked) == {"张三": 1, "required": ("张三",), 5: 6.5}


def test_numbers_come_back_as_numbers_alone_and_as_text_in_text() -> None:
    run = pseudonyms()
    masked = run.mask([13812345678, 13812345678.0, True, 42, 1.5])
    assert masked[2:] == [True, 42, 1.5]
    assert run.restore(masked) == [13812345678, 13812345678.0, True, 42, 1.5]
    assert type(run.restore(masked)[1]) is float
    assert run.restore(f"tel {masked[0]}!") == "tel 13812345678!"


def test_counts_tell_how_much_was_masked_by_kind() -> None:
    run = pseudonyms()
    run.mask(LEAKY)
    expected = {"phone": 1, "word": 1, "mail_address": 1, "bank_card": 1, "resident_id": 1, "secret": 1}
    assert dict(run.counts) == expected


def test_many_originals_keep_apart() -> None:
    run = pseudonyms()
    originals = [f"user{number}@example.com" for number in range(3000)]
    masked = [run.mask(original) for original in originals]
    assert len(set(masked)) == len(originals)
    assert [run.restore(one) for one in masked] == originals
