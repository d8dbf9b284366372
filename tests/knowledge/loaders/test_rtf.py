"""Rich text."""

from __future__ import annotations

from pathlib import Path

from tests.knowledge.loaders.loading import loaded, shown


def test_text_tables_and_characters(tmp_path: Path) -> None:
    source = (
        r"{\rtf1\ansi\ansicpg936{\fonttbl{\f0 SimSun;}}{\info{\title Credit policy}{\author Li}}"
        r"\f0\b Head\b0\par \'d0\'c5\'d3\'c3 and \u39069?\u24230? caf\u233?\par "
        r"\trowd\cellx1000\cellx2000 name\cell sum\cell\row \trowd\cellx1000\cellx2000 Anna\cell 5\cell\row"
        r"\pard after\par}"
    )
    extract = loaded(tmp_path, "a.rtf", source.encode())
    assert shown(extract) == [
        "paragraph: Head", "paragraph: 信用 and 额度 café", "table: | name | sum |\n| Anna | 5 |", "paragraph: after",
    ]  # fmt: skip
    assert extract.title == "Credit policy"


def test_a_western_document(tmp_path: Path) -> None:
    assert loaded(tmp_path, "a.rtf", rb"{\rtf1\ansi\ansicpg1252 Gr\'f6\'dfe\par}").text == "Größe"
