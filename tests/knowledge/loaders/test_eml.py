"""Mails as they travel."""

from __future__ import annotations

from email.message import EmailMessage
from pathlib import Path

from clawdbot.knowledge.loaders.limits import LoadLimits
from tests.knowledge.loaders.loading import loaded, shown
from tests.knowledge.loaders.office_files import docx, p


def mail(subject: str = "采购报价", text: str = "请查收附件。\n\n谢谢") -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = subject
    message["From"] = "李雷 <li@example.com>"
    message["To"] = "anna@example.com, bo@example.com"
    message["Date"] = "Sat, 01 Mar 2025 09:30:00 +0800"
    message.set_content(text)
    return message


def test_header_body_and_attachments(tmp_path: Path) -> None:
    message = mail()
    message.add_attachment(
        docx(p("In the contract")), maintype="application", subtype="octet-stream", filename="合同.docx"
    )
    message.add_attachment("条款;金额\n甲;5\n".encode("gb18030"), maintype="text", subtype="csv", filename="a.csv")
    message.add_attachment(b"MZ\x90\0", maintype="application", subtype="pdf", filename="bad.pdf")
    message.add_attachment(b"\x89PNG\r\n\x1a\n", maintype="image", subtype="png", filename="photo.png")
    extract = loaded(tmp_path, "a.eml", message.as_bytes())
    assert shown(extract) == [
        "paragraph: From: 李雷 <li@example.com>\nTo: anna@example.com, bo@example.com\n"
        "Date: Sat, 01 Mar 2025 09:30:00 +0800",
        "paragraph: 请查收附件。",
        "paragraph: 谢谢",
        "heading1: 合同.docx",
        "paragraph: In the contract",
        "heading1: a.csv",
        "table: | 条款 | 金额 |\n| 甲 | 5 |",
    ]
    assert [block.part for block in extract.blocks] == ["header", "", "", "合同.docx", "合同.docx", "a.csv", "a.csv"]
    assert extract.title == "采购报价"
    assert extract.modified_at == "2025-03-01T01:30:00+00:00"
    assert extract.metadata["from"] == "李雷 <li@example.com>"
    assert extract.notes == (
        "Attachment 'bad.pdf': It is not a document: it is a program.",
        "Attachment 'photo.png': It is a picture, and OCR is off.",
    )


def test_the_html_form_counts_when_it_has_a_table_or_stands_alone(tmp_path: Path) -> None:
    message = mail(text="plain form")
    message.add_alternative("<p>html form</p>", subtype="html")
    assert shown(loaded(tmp_path, "a.eml", message.as_bytes()))[1:] == ["paragraph: plain form"]
    message = mail(text="plain form")
    message.add_alternative("<p>form</p><table><tr><th>a<th>b<tr><td>1<td>2</table>", subtype="html")
    assert shown(loaded(tmp_path, "a.eml", message.as_bytes()))[1:] == [
        "paragraph: form",
        "table: | a | b |\n| 1 | 2 |",
    ]
    only = EmailMessage()
    only["Subject"] = "x"
    only.set_content("<p>only html</p>", subtype="html")
    assert shown(loaded(tmp_path, "a.eml", only.as_bytes())) == ["paragraph: only html"]


def nested(levels: int) -> EmailMessage:
    message = mail(subject="level 0", text="bottom")
    for level in range(1, levels + 1):
        outer = mail(subject=f"level {level}", text=f"text {level}")
        outer.add_attachment(message)
        message = outer
    return message


def test_mails_inside_of_mails_to_a_depth(tmp_path: Path) -> None:
    extract = loaded(tmp_path, "a.eml", nested(3).as_bytes())
    assert extract.blocks[-1].text == "bottom"
    assert extract.blocks[-1].part == "level 2.eml / level 1.eml / level 0.eml"
    deep = loaded(tmp_path, "b.eml", nested(6).as_bytes())
    assert "bottom" not in deep.text
    assert deep.notes[0].endswith("It is inside of 3 other mails: left out.")


def test_very_many_attachments_are_bounded(tmp_path: Path) -> None:
    message = mail()
    for n in range(130):
        message.add_attachment(b"words", maintype="text", subtype="plain", filename=f"{n}.txt")
    extract = loaded(tmp_path, "a.eml", message.as_bytes())
    assert sum(block.kind == "heading" for block in extract.blocks) == 100
    assert extract.notes[-1].startswith("Only the first 100 of 101")


def test_attachments_obey_the_limit_of_size(tmp_path: Path) -> None:
    message = mail()
    message.add_attachment(b"x" * 5000, maintype="text", subtype="plain", filename="big.txt")
    message.add_attachment(b"", maintype="text", subtype="plain", filename="none.txt")
    extract = loaded(tmp_path, "a.eml", message.as_bytes(), limits=LoadLimits(max_file_bytes=9000))
    assert extract.notes == ("Attachment 'none.txt': The file is empty.",)


def test_mails_that_break_the_rules_are_shown_as_they_stand(tmp_path: Path) -> None:
    raw = (
        b"From: =?utf-8?q?broken\r\nTo: <<a@b, ;:\r\nSubject: \xb2\xc9\xb9\xba\r\nDate: never\r\n"
        b"Content-Type: text/plain; charset=no-such\r\n\r\n\xb2\xc9\xb9\xba\xb1\xa8\xbc\xdb\xb5\xa5\r\n"
    )
    extract = loaded(tmp_path, "a.eml", raw)
    assert extract.blocks[-1].text == "采购报价单"
    assert extract.modified_at == ""
    assert (
        loaded(tmp_path, "b.eml", b"Subject: x\r\nContent-Type: multipart/mixed; boundary=q\r\n\r\nno parts").title
        == "x"
    )


def test_a_mail_without_a_suffix_is_known_by_its_fields(tmp_path: Path) -> None:
    assert loaded(tmp_path, "mail", mail().as_bytes()).metadata["media"] == "message/rfc822"
