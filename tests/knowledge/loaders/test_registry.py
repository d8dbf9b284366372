"""Which loader reads what; what is refused, and why."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clawdbot.errors import LoadFailed
from clawdbot.knowledge.loaders.limits import LoadLimits
from clawdbot.knowledge.loaders.registry import load, sniff
from tests.knowledge.loaders.compound_file import compound_file
from tests.knowledge.loaders.loading import LIMITS, loaded, shown
from tests.knowledge.loaders.office_files import docx, odt, p, pptx, sp, zipped
from tests.knowledge.loaders.pdf_files import pdf, text

PDF = pdf([text(72, 700, "Credit policy of the company")])


@pytest.mark.parametrize(
    ("name", "data", "media"),
    [
        ("a.docx", PDF, "application/pdf"),
        ("a.pdf", docx(p("x")), "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("a.txt", pptx([sp("x")]), "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
        ("a", odt("<text:p>x</text:p>"), "application/vnd.oasis.opendocument.text"),
        ("a.txt", b"<!DOCTYPE html><p>x", "text/html"),
        ("a.txt", b"\xef\xbb\xbf<!-- c --><html>x", "text/html"),
        ("a.html", b"plain", "text/html"),
        ("a.unknown", b"plain", "text/plain"),
        ("a.doc", b"{\\rtf1 x}", "application/rtf"),
        ("a.MD", b"# x", "text/markdown"),
        ("a", b"From: a@b\nTo: c@d\nSubject: x\n\nbody", "message/rfc822"),
        ("a", b"From: a@b\nit was a dark night", "text/plain"),
        ("a", b"RIFF\0\0\0\0WAVEfmt ", "audio/wav"),
        ("a", b"RIFF\0\0\0\0AVI LIST", "application/octet-stream"),
        ("a", b"\0\0\0\x20ftypM4A \0\0", "audio/mp4"),
        ("a", b"\0\0\0\x20ftypisom\0\0", "video/mp4"),
        ("a", b"\xff\xfb\x90\0\0\0", "audio/mpeg"),
    ],
)
def test_kinds_are_told_by_content_then_by_name(tmp_path: Path, name: str, data: bytes, media: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    assert sniff(path) == media


def test_a_wrong_extension_is_noticed(tmp_path: Path) -> None:
    extract = loaded(tmp_path, "a.docx", PDF)
    assert shown(extract) == ["paragraph: Credit policy of the company"]
    assert extract.metadata["media"] == "application/pdf"


def test_what_a_sender_declares_tells_kinds_of_text_apart(tmp_path: Path) -> None:
    assert shown(loaded(tmp_path, "page", b"# Head", media="text/markdown")) == ["heading1: Head"]
    data = "<p>Привет</p>".encode("cp1251")
    assert loaded(tmp_path, "page", data, media="text/html; charset=windows-1251").text == "Привет"
    assert loaded(tmp_path, "page", PDF, media="text/html").metadata["media"] == "application/pdf"


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.docx", b"MZ\x90\0", "it is a program"),
        ("a", b"\x7fELF\x02", "it is a program"),
        ("a.pdf", zipped({"a.txt": "x"}), "packed archive"),
        ("a.tgz", b"\x1f\x8b\x08", "packed archive"),
        ("a.db", b"SQLite format 3\0", "known kind"),
        ("a.mp4", b"\0\0\0\x20ftypisom\0\0", "a video"),
        ("a.pickle", b"\x80\x04\x95\x10\0\0\0\0\0\0\0", "no text"),
        ("a.txt", b"", "empty"),
        ("a.doc", compound_file({"WordDocument": b"x"}), "old Word format"),
        ("a.xls", compound_file({"Workbook": b"x"}), "old Excel format"),
        ("a.ppt", compound_file({"PowerPoint Document": b"x"}), "old PowerPoint format"),
        ("a.docx", compound_file({"EncryptedPackage": b"x"}), "needs a password"),
        ("a.db", compound_file({"Something": b"x"}), "known kind"),
        ("a.docx", docx(p("x"))[:-40], "damaged"),
        ("a.docx", b"PK\x03\x04" + bytes(26) + b"nonsense", "packed archive"),
        ("a.docx", zipped({"word/document.xml": "<w:document"}), "damaged"),
        ("a.docx", zipped({"word/other.xml": "<x/>"}), "incomplete"),
        ("a.xlsx", zipped({"xl/workbook.xml": "<workbook/>"}), "damaged"),
        ("a.pdf", b"%PDF-1.7\nrubbish", "damaged"),
        ("a.msg", compound_file({"__properties_version1.0": b"x"})[:-512], "damaged"),
    ],
)
def test_what_is_refused_says_why_and_what_to_do(tmp_path: Path, name: str, data: bytes, reason: str) -> None:
    with pytest.raises(LoadFailed, match=reason) as caught:
        loaded(tmp_path, name, data)
    assert caught.value.hint


def test_a_file_that_is_too_large_or_not_there(tmp_path: Path) -> None:
    with pytest.raises(LoadFailed, match="10 bytes, more than the 5 allowed"):
        loaded(tmp_path, "a.txt", b"x" * 10, limits=LoadLimits(max_file_bytes=5))
    with pytest.raises(LoadFailed, match="cannot be read"):
        load(tmp_path / "none.txt", limits=LIMITS)


def bomb(size: int) -> bytes:
    return docx(p("x" * size))


@pytest.mark.parametrize(
    "document",
    [
        '<!DOCTYPE d [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><d>&b;</d>',
        '<!DOCTYPE d SYSTEM "http://127.0.0.1:9/x.dtd"><d/>',
    ],
)
def test_documents_that_declare_entities_are_refused(tmp_path: Path, document: str) -> None:
    with pytest.raises(LoadFailed, match="entities"):
        loaded(tmp_path, "a.docx", zipped({"word/document.xml": document}))
    with pytest.raises(LoadFailed, match="entities"):
        loaded(tmp_path, "a.xlsx", zipped({"xl/workbook.xml": document.encode("utf-16")}))


def test_bombs_are_refused(tmp_path: Path) -> None:
    with pytest.raises(LoadFailed, match="unpacks to more"):
        loaded(tmp_path, "a.docx", bomb(100_000), limits=LoadLimits(max_unpacked_bytes=50_000))
    with pytest.raises(LoadFailed, match="nested"):
        loaded(tmp_path, "a.docx", docx("<w:sdt>" * 600 + "</w:sdt>" * 600))
    with pytest.raises(LoadFailed, match="20001 parts"):
        loaded(tmp_path, "a.docx", zipped({"word/document.xml": "", **{f"{n}": "" for n in range(20_000)}}))


def test_what_is_read_counts_again_when_it_is_read_again(tmp_path: Path) -> None:
    """A workbook's sheets may be named many times; the sum of all readings is bounded."""
    relation = "".join(f'<sheet name="s{n}" r:id="r"/>' for n in range(50))
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    names = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    members = {
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{names}"><sheets>{relation}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="r" Type="{names}/worksheet" Target="worksheets/s.xml"/></Relationships>',
        "xl/worksheets/s.xml": "<worksheet>" + " " * 20_000 + "</worksheet>",
    }
    with pytest.raises(LoadFailed, match="unpacks to more"):
        loaded(tmp_path, "a.xlsx", zipped(members), limits=LoadLimits(max_unpacked_bytes=200_000))


def test_overlapping_members_are_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("word/document.xml", "x" * 2000)
        first = archive.filelist[0]
        for n in range(9):
            twin = zipfile.ZipInfo(f"word/{n}.xml")
            twin.header_offset, twin.CRC = first.header_offset, first.CRC
            twin.compress_size, twin.file_size = first.compress_size, first.file_size
            archive.filelist.append(twin)
    with pytest.raises(LoadFailed, match="overlap"):
        loaded(tmp_path, "a.docx", buffer.getvalue())


def test_a_member_with_a_password(tmp_path: Path) -> None:
    data = bytearray(docx(p("x")))
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(signature)
        while at >= 0:
            data[at + flags] |= 1
            at = data.find(signature, at + 4)
    with pytest.raises(LoadFailed, match="password"):
        loaded(tmp_path, "a.docx", bytes(data))


SAMPLES = (PDF, docx(p("信用额度", "1")), pptx([sp("x", kind="title")]), odt("<text:p>x</text:p>"), b"{\\rtf1 x}")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(SAMPLES), st.integers(0, 100), st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255))))
def test_broken_files_give_an_extract_or_a_reason(
    tmp_path: Path, sample: bytes, kept: int, flips: list[tuple[int, int]]
) -> None:
    data = bytearray(sample[: max(1, len(sample) * kept // 100)])
    for place, value in flips:
        data[place % len(data)] = value
    try:
        extract = loaded(tmp_path, "broken", bytes(data))
    except LoadFailed as error:
        assert error.message and error.hint
    else:
        assert extract.metadata["media"]
