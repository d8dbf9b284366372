"""Plain text: paragraphs, headings, lists."""

from __future__ import annotations

from pathlib import Path

from clawdbot.knowledge.loaders.limits import LoadLimits
from tests.knowledge.loaders.loading import loaded, shown


def test_numbered_and_underlined_lines_are_headings(tmp_path: Path) -> None:
    text = (
        "第一章 总则\n\n本办法适用于全体员工。\n\n一、范围\n\n2.1 Scope\n\nTitle here\n=====\n\nSmaller\n---\n\n"
        "1. This one is a sentence, not a heading.\n"
    )
    extract = loaded(tmp_path, "a.txt", text.encode())
    assert shown(extract) == [
        "heading1: 第一章 总则", "paragraph: 本办法适用于全体员工。", "heading1: 一、范围", "heading2: 2.1 Scope",
        "heading1: Title here", "heading2: Smaller", "list: 1. This one is a sentence, not a heading.",
    ]  # fmt: skip
    assert extract.title == "第一章 总则"
    assert extract.metadata == {"encoding": "utf-8", "media": "text/plain"}


def test_lines_broken_at_a_width_are_joined_and_short_ones_kept(tmp_path: Path) -> None:
    broken = (
        "The customer may not exceed the credit limit unless\nthe head of finance has agreed to it in writing be-\n"
        "forehand."
    )
    extract = loaded(tmp_path, "a.txt", f"{broken}\n\nAnna Li\nSales\nBerlin\n".encode())
    assert shown(extract) == [
        "paragraph: The customer may not exceed the credit limit unless the head of finance has agreed to it "
        "in writing beforehand.",
        "paragraph: Anna Li\nSales\nBerlin",
    ]


def test_lists_keep_their_lines(tmp_path: Path) -> None:
    extract = loaded(tmp_path, "a.txt", b"- one\n- two\n* three\n")
    assert shown(extract) == ["list: - one\n- two\n* three"]


def test_only_the_first_characters_are_loaded(tmp_path: Path) -> None:
    extract = loaded(tmp_path, "a.txt", b"abc\n\ndef\n\nghi", limits=LoadLimits(max_text_chars=9))
    assert extract.text == "abc\n\ndef"
    assert extract.notes == ("Only the first 9 characters are loaded.",)
