"""Outlook mails, written by hand as compound files."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from tests.knowledge.loaders.compound_file import Tree, compound_file
from tests.knowledge.loaders.loading import loaded, shown

SENT = datetime(2025, 3, 1, 9, 30, tzinfo=UTC)


def fixed(properties: Mapping[int, int], header: int) -> bytes:
    """A table of fixed properties."""
    rows = b"".join(struct.pack("<IIQ", tag, 6, value) for tag, value in properties.items())
    return bytes(header) + rows


def filetime(moment: datetime) -> int:
    """100 ns since 1601."""
    return int((moment - datetime(1601, 1, 1, tzinfo=UTC)).total_seconds()) * 10**7


def wide(**texts: str) -> dict[str, bytes]:
    """UTF-16 properties by their hexadecimal names, as p0037='...'."""
    return {f"__substg1.0_{name[1:]}001F": text.encode("utf-16-le") for name, text in texts.items()}


def mail(header: int = 32, **parts: str) -> dict[str, bytes | Tree]:
    """The streams of a mail that was sent at SENT."""
    return {"__properties_version1.0": fixed({0x00390040: filetime(SENT)}, header), **wide(**parts)}


def recipient(kind: int, name: str, address: str) -> Tree:
    return {"__properties_version1.0": fixed({0x0C150003: kind}, 8), **wide(p3001=name, p39FE=address)}


def test_header_body_and_attachments(tmp_path: Path) -> None:
    note = "附件说明：报价有效期三十天。\n".encode("gb18030") * 300  # more than fits into the small stream
    tree = {
        **mail(p0037="采购报价", p1000="请查收附件。\r\n\r\n谢谢", p0C1A="李雷", p5D01="li@example.com"),
        "__recip_version1.0_#00000000": recipient(1, "Anna", "anna@example.com"),
        "__recip_version1.0_#00000001": recipient(2, "bo@example.com", "bo@example.com"),
        "__attach_version1.0_#00000000": {
            "__properties_version1.0": bytes(8), **wide(p3707="说明.txt", p370E="text/plain"),
            "__substg1.0_37010102": note,
        },
    }  # fmt: skip
    extract = loaded(tmp_path, "a.msg", compound_file(tree))
    assert extract.title == "采购报价"
    assert extract.modified_at == "2025-03-01T09:30:00+00:00"
    assert shown(extract)[:3] == [
        "paragraph: From: 李雷 <li@example.com>\nTo: Anna <anna@example.com>\nCc: bo@example.com\n"
        "Date: 2025-03-01T09:30:00+00:00",
        "paragraph: 请查收附件。",
        "paragraph: 谢谢",
    ]
    assert extract.blocks[0].part == "header"
    assert (extract.blocks[3].kind, extract.blocks[3].text, extract.blocks[3].part) == (
        "heading",
        "说明.txt",
        "说明.txt",
    )
    assert extract.blocks[4].text.startswith("附件说明：报价有效期三十天。")
    assert extract.blocks[4].part == "说明.txt"


def test_a_mail_inside_of_a_mail_and_text_in_a_code_page(tmp_path: Path) -> None:
    inner = mail(24, p0037="Inner", p1000="Deep words")
    tree: dict[str, bytes | Tree] = {
        "__properties_version1.0": fixed({0x0E060040: filetime(SENT)}, 32),
        "__substg1.0_0037001E": "关于合同的通知".encode("gb18030"),
        "__substg1.0_10130102": "<meta charset=gb2312><p>合同已经<b>签订</b></p>".encode("gb18030"),
        "__attach_version1.0_#00000000": {"__properties_version1.0": bytes(8), "__substg1.0_3701000D": inner},
    }
    extract = loaded(tmp_path, "a.msg", compound_file(tree))
    assert extract.title == "关于合同的通知"
    assert extract.modified_at.startswith("2025-03-01")
    assert "paragraph: 合同已经签订" in shown(extract)
    assert [(b.text, b.part) for b in extract.blocks[-3:]] == [
        ("Inner.msg", "Inner.msg"),
        ("Date: 2025-03-01T09:30:00+00:00", "Inner.msg / header"),
        ("Deep words", "Inner.msg"),
    ]


def test_mails_are_followed_three_levels_deep(tmp_path: Path) -> None:
    tree: dict[str, bytes | Tree] = mail(24, p0037="level 6", p1000="bottom")
    for level in range(5, -1, -1):
        inner: dict[str, bytes | Tree] = {"__properties_version1.0": bytes(8), "__substg1.0_3701000D": tree}
        tree = {**mail(24 if level else 32, p0037=f"level {level}"), "__attach_version1.0_#00000000": inner}
    extract = loaded(tmp_path, "deep.msg", compound_file(tree))
    assert [b.text for b in extract.blocks if b.kind == "heading"] == ["level 1.msg", "level 2.msg", "level 3.msg"]


def test_an_impossible_time_is_no_time(tmp_path: Path) -> None:
    tree = {"__properties_version1.0": fixed({0x00390040: 2**63}, 32), **wide(p0037="x", p1000="body")}
    assert loaded(tmp_path, "a.msg", compound_file(tree)).modified_at == ""
