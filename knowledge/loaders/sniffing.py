"""What kind of file it is: told from its first bytes, the name only where text looks alike."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import PurePath
from typing import Final

PDF: Final = "application/pdf"
DOCX: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PPTX: Final = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ODT: Final = "application/vnd.oasis.opendocument.text"
RTF: Final = "application/rtf"
MSG: Final = "application/vnd.ms-outlook"
EML: Final = "message/rfc822"
HTML: Final = "text/html"
MARKDOWN: Final = "text/markdown"
CSV: Final = "text/csv"
TSV: Final = "text/tab-separated-values"
TEXT: Final = "text/plain"

ZIP: Final = "application/zip"
OLE: Final = "application/x-ole-storage"
ENCRYPTED: Final = "application/x-encrypted-office"
DOC: Final = "application/msword"
XLS: Final = "application/vnd.ms-excel"
PPT: Final = "application/vnd.ms-powerpoint"
PROGRAM: Final = "application/x-executable"
ARCHIVE: Final = "application/x-archive"
VIDEO: Final = "video/mp4"
OTHER: Final = "application/octet-stream"

HEAD = 1 << 16
"""Bytes from the beginning that are looked at."""

_MAGIC: Final = (
    (b"{\\rtf", RTF),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"ID3", "audio/mpeg"),
    (b"OggS", "audio/ogg"),
    (b"fLaC", "audio/flac"),
    (b"MZ", PROGRAM),
    (b"\x7fELF", PROGRAM),
    (b"\xfe\xed\xfa", PROGRAM),
    (b"\xcf\xfa\xed\xfe", PROGRAM),
    (b"\xca\xfe\xba\xbe", PROGRAM),
    (b"\x1f\x8b", ARCHIVE),
    (b"BZh", ARCHIVE),
    (b"\xfd7zXZ\0", ARCHIVE),
    (b"7z\xbc\xaf\x27\x1c", ARCHIVE),
    (b"Rar!\x1a\x07", ARCHIVE),
    (b"\x28\xb5\x2f\xfd", ARCHIVE),
    (b"SQLite format 3\0", OTHER),
)
_RIFF: Final = {b"WAVE": "audio/wav", b"WEBP": "image/webp"}
_OOXML: Final = (("word/", DOCX), ("ppt/", PPTX), ("xl/", XLSX))
_OLE_STREAMS: Final = (
    ("EncryptedPackage", ENCRYPTED),
    ("__properties_version1.0", MSG),
    ("WordDocument", DOC),
    ("Workbook", XLS),
    ("PowerPoint Document", PPT),
)
_NAMES: Final = {
    ".csv": CSV,
    ".tsv": TSV,
    ".tab": TSV,
    ".md": MARKDOWN,
    ".markdown": MARKDOWN,
    ".html": HTML,
    ".htm": HTML,
    ".xhtml": HTML,
    ".eml": EML,
}
_TEXT_MEDIA: Final = {"application/xhtml+xml": HTML, "text/x-markdown": MARKDOWN, **{m: m for m in _NAMES.values()}}
_HTML_START = re.compile(
    rb"^(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html)\b", re.I | re.S
)
_MAIL_FIELD = re.compile(
    rb"^(?:from|to|subject|date|received|return-path|message-id|mime-version|delivered-to|content-type):", re.I | re.M
)
_BMP_SIZE = slice(2, 6)


def media_of(data: bytes, name: str, declared: str = "") -> str:
    """Media type of a file with these bytes; the name and what a sender declares only tell kinds of text apart."""
    head = data[:HEAD]
    if b"%PDF-" in head[:1024]:
        return PDF
    if head.startswith(b"PK\x03\x04") or head.startswith(b"PK\x05\x06"):
        return _in_zip(data)
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return _in_ole(data)
    for magic, media in _MAGIC:
        if head.startswith(magic):
            return media
    return _other_binary(head) or _text_kind(head, name, declared)


def _in_zip(data: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
            if "mimetype" in names and archive.getinfo("mimetype").file_size < 200:
                return archive.read("mimetype").decode("ascii", errors="replace").strip()
    except (zipfile.BadZipFile, ValueError, OSError, EOFError, NotImplementedError, RuntimeError):
        # The directory stands at the end: a cut file has none, and its first members tell.
        names = [
            found.decode("ascii") for found in re.findall(rb"PK\x03\x04.{26}([a-zA-Z]+/)", data[: HEAD * 16], re.S)
        ]
    for folder, media in _OOXML:
        if any(name.startswith(folder) for name in names):
            return media
    return ZIP


def _in_ole(data: bytes) -> str:
    for stream, media in _OLE_STREAMS:
        if stream.encode("utf-16-le") in data:
            return media
    return OLE


def _other_binary(head: bytes) -> str:
    if head.startswith(b"RIFF"):
        return _RIFF.get(head[8:12], OTHER)
    if head[4:8] == b"ftyp":
        return "audio/mp4" if head[8:11] in (b"M4A", b"M4B") else VIDEO
    if head.startswith(b"BM") and b"\0\0\0\0" in head[6:10]:
        return "image/bmp"
    if len(head) > 2 and head[0] == 0xFF and head[1] in (0xFB, 0xFA, 0xF3, 0xF2, 0xF1, 0xF9) and b"\0" in head:
        return "audio/mpeg"
    return ""


def _text_kind(head: bytes, name: str, declared: str) -> str:
    if _HTML_START.match(head):
        return HTML
    wanted = _TEXT_MEDIA.get(declared.partition(";")[0].strip().lower()) or _NAMES.get(PurePath(name).suffix.lower())
    if wanted:
        return wanted
    fields = {found.lower() for found in _MAIL_FIELD.findall(head.partition(b"\n\n")[0].partition(b"\r\n\r\n")[0])}
    return EML if len(fields) >= 3 and _MAIL_FIELD.match(head) else TEXT
