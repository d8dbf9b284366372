"""Which encoding a text file is in, told from its bytes."""

from __future__ import annotations

import codecs
import re

from clawdbot.errors import LoadFailed

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE = 1 << 16
"""Bytes that are judged."""

_WIDER = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "hz": "hz",
    "big5": "big5hkscs",
    "iso8859-1": "cp1252",
    "ascii": "cp1252",
}
"""What is declared, and what the declaration usually means."""

_COMMON = frozenset(
    "的一是不了在人有我他中大上个国和也子时道出会可以年生同工下过多成方如前所本用行业公司经市分对主部日月元定法进行度合作发"
    "信理额及为由其与或应须按条第请表务权期等之本管制金付款价数项单位名电邮报告会议客户部门销售"
    "這個們來國為會時說對過發經業務權額請應與學開長門間問題產業電機體變樣關點處員資訊報價數單總計總經條約訂購客戶銷售部門"
    "，。、：；（）！？《》“”"
)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_LATIN_LETTER = re.compile(r"(?<=[A-Za-z])[À-ÖØ-öø-ÿŒœŠšŽžŸ]|[À-ÖØ-öø-ÿŒœŠšŽžŸ](?=[A-Za-z])")
_LATIN_SIGN = re.compile(r"(?<![^\x00-\x7f])[€£¥§©®°±²³µ·½¿¡«»‘’“”–—…‰ßàéèÀÉß](?![^\x00-\x7f])")
_ENOUGH = 0.25
"""Least score of an encoding that is believed."""


def decode(data: bytes, declared: str = "") -> tuple[str, str]:
    """Text and the name of its encoding; LoadFailed when the bytes are no text.

    A byte order mark counts first, then UTF-8 when all of it is valid, then what the file or its sender declares,
    then the likeliest of GB18030, Big5, UTF-16 and Windows-1252.
    """
    for mark, name in _BOMS:
        if data.startswith(mark):
            return _text(data, name)
    if b"\0" in data[:_SAMPLE]:
        return _text(data, _wide(data[:_SAMPLE]))
    if _fits(data, "utf-8"):
        return _text(data, "utf-8")
    wanted = _known(declared)
    if wanted and wanted != "utf-8" and _fits(data[:_SAMPLE], wanted):
        return _text(data, wanted)
    return _text(data, _likeliest(data))


def _text(data: bytes, name: str) -> tuple[str, str]:
    text = data.decode(name, errors="replace")
    controls = len(_CONTROL.findall(text[:_SAMPLE]))
    if controls > 2 + len(text[:_SAMPLE]) // 100:
        raise _not_text()
    return text.removeprefix("\ufeff"), name.removesuffix("-sig")


def _not_text() -> LoadFailed:
    return LoadFailed(
        "It is not a document: its bytes are no text in any known encoding.",
        hint="If it should be one, save it as UTF-8 text or as PDF.",
    )


def _known(declared: str) -> str:
    try:
        name = codecs.lookup(declared.strip().strip("\"'")).name
    except (LookupError, ValueError):
        return ""
    return _WIDER.get(name, name)


def _fits(data: bytes, name: str) -> bool:
    try:
        # A sample may end in the middle of a character.
        codecs.getincrementaldecoder(name)().decode(data, final=len(data) < _SAMPLE)
    except (UnicodeError, LookupError):
        return False
    return True


def _wide(sample: bytes) -> str:
    """UTF-16 without a mark; text in other encodings has no NUL bytes."""
    sample = sample[: len(sample) // 2 * 2]
    scores = {name: _readable(sample.decode(name, errors="replace")) for name in ("utf-16-le", "utf-16-be")}
    best = max(scores, key=lambda name: scores[name])
    if scores[best] < 0.8:
        raise _not_text()
    return best


def _readable(text: str) -> float:
    """Share of characters that occur in Chinese or Western text."""
    good = sum(" " <= c <= "~" or c in "\t\r\n" or c in _COMMON or "À" <= c <= "ÿ" for c in text)
    fair = sum("\u4e00" <= c <= "\u9fa5" or "\u3000" <= c <= "\u303f" or "\uff00" <= c <= "\uff5e" for c in text)
    return (good + 0.85 * (fair - sum(c in _COMMON for c in text if c > "\u3000"))) / max(1, len(text))


def _likeliest(data: bytes) -> str:
    sample = data[:_SAMPLE]
    scores = {
        "gb18030": _chinese(sample, "gb18030"),
        "big5hkscs": _chinese(sample, "big5hkscs"),
        "cp1252": _latin(sample),
        "utf-8": _nearly_utf8(data),
    }
    best = max(scores, key=lambda name: scores[name])
    if scores[best] < _ENOUGH:
        raise _not_text()
    return best


def _chinese(sample: bytes, name: str) -> float:
    """How much the non-ASCII characters look like Chinese prose, 0 to 2."""
    text = sample.decode(name, errors="replace")
    if len(sample) == _SAMPLE:
        text = text[:-2]
    foreign = [c for c in text if c > "\x7f"]
    if not foreign:
        return 0.0
    score = 0.0
    for character in foreign:
        if character == "\ufffd":
            score -= 2
        elif character in _COMMON:
            score += 2
        else:
            score += _rank(character, name)
    return score / len(foreign)


def _rank(character: str, name: str) -> float:
    """Both character sets put the frequent characters first: their lead bytes tell how frequent one is."""
    code = character.encode(name, errors="replace")
    if len(code) != 2:
        return 0.0
    lead, trail = code
    if name == "gb18030":
        if trail < 0xA1:
            return 0.05
        return 1.0 if 0xB0 <= lead <= 0xD7 else 0.3 if 0xA1 <= lead <= 0xA3 or 0xD8 <= lead <= 0xF7 else 0.0
    return 1.0 if 0xA4 <= lead <= 0xC6 else 0.3 if 0xA1 <= lead <= 0xA3 or 0xC9 <= lead <= 0xF9 else 0.0


def _latin(sample: bytes) -> float:
    text = sample.decode("cp1252", errors="replace")
    foreign = sum(c > "\x7f" for c in text)
    fitting = len(_LATIN_LETTER.findall(text)) + 0.6 * len(_LATIN_SIGN.findall(text))
    return min(1.2, 1.2 * fitting / foreign) if foreign else 0.0


def _nearly_utf8(data: bytes) -> float:
    """UTF-8 with a few bad bytes: a page that was put together from several, or cut."""
    text = data.decode("utf-8", errors="replace")
    foreign = sum(c > "\x7f" for c in text)
    return 2.0 * (1 - 10 * text.count("\ufffd") / foreign) if foreign else 0.0
