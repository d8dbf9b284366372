"""Encodings are told from bytes, also in short texts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawdbot.errors import LoadFailed
from clawdbot.knowledge.loaders.encoding import decode

SIMPLIFIED = "客户的信用额度不得超过五十万元，超过的须经财务总监批准。"
TRADITIONAL = "客戶的信用額度不得超過五十萬元，超過的須經財務總監批准。"
FRENCH = "Les élèves ont reçu une prime à Noël : 25 € par tête, déjà payés."


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "gb18030"])
@pytest.mark.parametrize("text", [SIMPLIFIED, f"Order 12\n{SIMPLIFIED}\n"])
def test_simplified_chinese(encoding: str, text: str) -> None:
    if encoding in ("utf-16-le", "utf-16-be") and "\n" not in text:
        text += "\n"  # without one Western character nothing tells UTF-16 from noise
    assert decode(text.encode(encoding))[0] == text


@pytest.mark.parametrize("length", [4, 6, 10, 28])
def test_short_texts_in_the_encodings_of_china(length: int) -> None:
    assert decode(SIMPLIFIED[:length].encode("gb18030")) == (SIMPLIFIED[:length], "gb18030")
    assert decode(TRADITIONAL[:length].encode("big5")) == (TRADITIONAL[:length], "big5hkscs")


@pytest.mark.parametrize("text", [FRENCH, "Größe und Maß für Köln", "El niño comió piña", "caf\xe9"])
def test_western_text(text: str) -> None:
    assert decode(text.encode("cp1252")) == (text, "cp1252")


def test_what_is_declared_counts_where_bytes_leave_it_open() -> None:
    assert decode("Привет, мир".encode("cp1251"), "windows-1251") == ("Привет, мир", "cp1251")
    assert decode(SIMPLIFIED.encode("gbk"), "gb2312") == (SIMPLIFIED, "gb18030")
    assert decode(SIMPLIFIED.encode(), "iso-8859-1") == (SIMPLIFIED, "utf-8")
    assert decode(SIMPLIFIED.encode("gbk"), "no-such-encoding")[1] == "gb18030"


def test_a_few_bad_bytes_do_not_change_the_encoding() -> None:
    data = SIMPLIFIED.encode() * 20 + b"\xe5\x93"
    text, encoding = decode(data)
    assert encoding == "utf-8"
    assert text.startswith(SIMPLIFIED)


@pytest.mark.parametrize("data", [bytes(range(256)) * 4, b"\x01\x02\x03\x04" * 20, b"\xff\x81\x80\xfe\x90\xff" * 9])
def test_bytes_that_are_no_text(data: bytes) -> None:
    with pytest.raises(LoadFailed, match="not a document"):
        decode(data)


def test_long_text_is_judged_by_its_beginning_and_decoded_whole() -> None:
    text = SIMPLIFIED * 4000
    assert decode(text.encode("gb18030")) == (text, "gb18030")


@given(st.text(alphabet=st.characters(categories=["Lu", "Ll", "Lo", "Nd", "Zs"]), min_size=1))
def test_utf8_is_never_mistaken(text: str) -> None:
    assert decode(text.encode())[0] == text.removeprefix("\ufeff")
