"""OpenDocument texts."""

from __future__ import annotations

from pathlib import Path

import pytest

from clawdbot.errors import LoadFailed
from tests.knowledge.loaders.loading import loaded, shown
from tests.knowledge.loaders.office_files import odt

NOTE = (
    "<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>The note</text:p></text:note-body>"
    "</text:note>"
)
BODY = f"""<text:tracked-changes><text:p>deleted</text:p></text:tracked-changes>
<text:h text:outline-level="2">信用<text:span>额度</text:span></text:h>
<text:section><text:p>One<text:s/>two<text:tab/>three<text:line-break/>four{NOTE}<office:annotation><text:p>no</text:p>
</office:annotation> five</text:p></text:section>
<text:list><text:list-item><text:p>a</text:p><text:list><text:list-item><text:p>b</text:p></text:list-item></text:list>
</text:list-item></text:list>
<table:table><table:table-row><table:table-cell><text:p>地区</text:p></table:table-cell>
<table:table-cell table:number-columns-repeated="2"><text:p>x</text:p></table:table-cell></table:table-row>
<table:table-row><table:table-cell><text:p>North</text:p></table:table-cell><table:covered-table-cell/>
<table:table-cell table:number-columns-repeated="999999999"><text:p>1</text:p></table:table-cell></table:table-row>
</table:table>
"""


def test_blocks_and_properties(tmp_path: Path) -> None:
    meta = (
        "<dc:title>Policy</dc:title><meta:initial-creator>Li</meta:initial-creator>"
        "<dc:date>2025-03-01T09:30:00.12</dc:date>"
    )
    extract = loaded(tmp_path, "a.odt", odt(BODY, meta=meta))
    assert shown(extract) == [
        "heading2: 信用额度",
        "paragraph: One two three\nfour[1] five",
        "list: - a\n  - b",
        "table: | 地区 | x | x |\n| North | North | 1 |",
        "paragraph: [1] The note",
    ]
    assert (extract.title, extract.modified_at) == ("Policy", "2025-03-01T09:30:00+00:00")
    assert extract.metadata["author"] == "Li"


def test_a_password_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(LoadFailed, match="password"):
        loaded(tmp_path, "a.odt", odt(BODY, encrypted=True))
