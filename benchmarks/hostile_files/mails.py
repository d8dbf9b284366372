"""Mails: parts in parts, attachments that are bombs, headers without end, names that climb."""

from __future__ import annotations

import base64
import os
import struct
from collections.abc import Iterator
from functools import partial

from benchmarks.hostile_files.hostile import Hostile, Setting, of_bytes
from benchmarks.hostile_files.packages import bomb, package
from benchmarks.hostile_files.sound import SENTENCE, docx_parts, eml, sound_pdf, word_xml

_GROUP = "mails"
_HEAD = "From: a@example.com\r\nSubject: Limits\r\nMIME-Version: 1.0\r\n"


def mails(setting: Setting) -> Iterator[Hostile]:
    """All of them."""
    yield from _nested(setting.scale.parts)
    yield from _attached(setting)
    yield from _headers(setting)
    yield from _outlook(setting.scale.line)


def _nested(count: int) -> Iterator[Hostile]:
    def alternatives() -> bytes:
        begin = "".join(f"Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n" for n in range(count))
        return f"{_HEAD}{begin}Content-Type: text/plain\r\n\r\nlimit".encode()

    yield of_bytes(_GROUP, "nested-parts.eml", alternatives)
    yield of_bytes(
        _GROUP, "nested-mails.eml", lambda: ("Content-Type: message/rfc822\r\n\r\n" * count + _HEAD).encode()
    )
    siblings = "--b\r\n\r\nlimit\r\n" * count * 50
    many = f"{_HEAD}Content-Type: multipart/mixed; boundary=b\r\n\r\n{siblings}--b--".encode
    yield of_bytes(_GROUP, "many-parts.eml", many)
    yield of_bytes(_GROUP, "open-boundary.eml", f"{_HEAD}Content-Type: multipart/mixed\r\n\r\n--b\r\nx".encode)

    def in_itself() -> bytes:
        inner = eml()
        for _ in range(8):
            inner = _with({"a.eml": inner, "b.eml": inner})
        return inner

    yield of_bytes(_GROUP, "two-in-each.eml", in_itself)


def _with(attachments: dict[str, bytes], kind: str = "application/octet-stream") -> bytes:
    rows = [
        f'--b\r\nContent-Type: {kind}\r\nContent-Disposition: attachment; filename="{name}"\r\n'
        f"Content-Transfer-Encoding: base64\r\n\r\n{base64.b64encode(data).decode()}\r\n"
        for name, data in attachments.items()
    ]
    body = f"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{SENTENCE}\r\n"
    return f"{_HEAD}Content-Type: multipart/mixed; boundary=b\r\n\r\n{body}{''.join(rows)}--b--".encode()


def _attached(setting: Setting) -> Iterator[Hostile]:
    size, server = setting.scale.bomb, setting.server
    before, after = (part.encode() for part in word_xml("\0").split("\0"))

    def bombs() -> bytes:
        parts = [
            bomb(name, 0, begin=str(text).encode()) for name, text in docx_parts().items() if "document" not in name
        ]
        docx = package([*parts, bomb("word/document.xml", size, begin=before, fill=b"<w:p/>", end=after)])
        return _with({f"{number}.docx": docx for number in range(4)})

    yield of_bytes(_GROUP, "bombs-attached.eml", bombs)
    yield of_bytes(_GROUP, "program-attached.eml", lambda: _with({"a.exe": b"MZ" + bytes(300)}), outcome="loaded")
    yield of_bytes(
        _GROUP, "many-attached.eml", lambda: _with({f"{n}.pdf": sound_pdf() for n in range(setting.scale.parts)})
    )
    names = ["../../../../tmp/escaped-from-mail", "/tmp/escaped-from-mail", "a" * 5000 + ".txt", "\x00.txt", "..", ""]
    yield of_bytes(_GROUP, "names.eml", lambda: _with(dict.fromkeys(names, b"limit")), outcome="loaded")
    outside = (
        f'{_HEAD}Content-Type: message/external-body; access-type=URL; URL="{server}/body"\r\n\r\n'
        f"Content-Type: text/html\r\n\r\n<img src={server}/i.png>"
    )
    yield of_bytes("asks for what is outside", "external-body.eml", outside.encode)
    page = (
        f"{_HEAD}Content-Type: text/html\r\n\r\n<img src='{server}/i.png'><link rel=stylesheet href='{server}/s'>limit"
    )
    yield of_bytes("asks for what is outside", "page.eml", page.encode, outcome="loaded")


def _headers(setting: Setting) -> Iterator[Hostile]:
    line, count = setting.scale.line // 4, setting.scale.columns
    headers = {
        "long-subject": "Subject: " + "a" * line,
        "coded-subject": "Subject: " + "=?utf-8?q?=61?= " * (count // 4),
        "false-code": "Subject: =?x-none?b?!!!!?= =?utf-8?b?////?= =?gb2312?q?=ff?=",
        "many-headers": "\r\n".join(f"X-{n}: y" for n in range(count)),
        "many-recipients": "To: " + ", ".join(f"a{n}@example.com" for n in range(count // 4)),
        "open-comment": "To: " + "(" * (count // 4),
        "quotes": 'To: "' + '\\"' * (count // 4),
        "false-date": "Date: Thu, 99 Foo 99999 99:99:99 +9999",
        "huge-date": "Date: 1 Jan " + "9" * 5000 + " 00:00:00 +0000",
        "false-charset": "Content-Type: text/plain; charset=zlib\r\nContent-Transfer-Encoding: base64",
        "long-charset": "Content-Type: text/plain; charset=" + "x" * 100_000,
        "false-transfer": "Content-Transfer-Encoding: x-uuencode\r\nContent-Type: text/plain; charset=\0",
        "continued": "Content-Type: text/plain; " + "".join(f"name*{n}*=utf-8''%ff; " for n in range(count // 10)),
        "references": "References: " + "<a@b> " * (count // 4),
        "folded": "Subject: a" + "\r\n b" * (count // 4),
    }
    for name, header in headers.items():
        yield of_bytes(_GROUP, f"{name}.eml", partial(bytes, f"From: a@b\r\n{header}\r\n\r\nlimit", "utf-8"))


def _outlook(line: int) -> Iterator[Hostile]:
    start = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    head = start + bytes(16) + struct.pack("<5H", 0x3E, 3, 0xFFFE, 9, 6) + bytes(10)
    cycle = head + struct.pack("<4I", 1, 1, 0, 4096) + struct.pack("<4I", 0, 0, 0, 0) + struct.pack("<109I", *[0] * 109)
    yield of_bytes("Outlook files", "cycle.msg", lambda: cycle + struct.pack("<128I", *[1] * 128) * 4)
    yield of_bytes("Outlook files", "zeros.msg", lambda: start + bytes(5000))
    yield of_bytes("Outlook files", "ones.msg", lambda: start + b"\xff" * 5000)
    yield of_bytes("Outlook files", "noise.msg", lambda: start + os.urandom(min(line, 1 << 20)))
    yield of_bytes("Outlook files", "claims-much.msg", lambda: head + b"\xfe\xff\xff\x7f" * 400)
    yield of_bytes("Outlook files", "old-word.doc", lambda: start + bytes(5000))
