"""CSV, TSV and tables in rows of cells."""

from __future__ import annotations

from pathlib import Path

import pytest

from clawdbot.knowledge.loaders.limits import LoadLimits
from tests.knowledge.loaders.loading import loaded, shown


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    rows = [["产品", "数量", "单价"], ["苹果", "5", "1200"], ["梨 甲", "7", "30"]]
    data = "\n".join(delimiter.join(row) for row in rows).encode("gb18030")
    extract = loaded(tmp_path, "a.csv", data)
    assert shown(extract) == ["table: | 产品 | 数量 | 单价 |\n| 苹果 | 5 | 1200 |\n| 梨 甲 | 7 | 30 |"]
    assert extract.blocks[0].row == 2


def test_quotes_breaks_bars_and_empty_columns(tmp_path: Path) -> None:
    extract = loaded(tmp_path, "a.csv", b'name,,note\n"Li, Lei",,"a\nb|c"\nAnna,,x\n')
    assert shown(extract) == ["table: | name | note |\n| Li, Lei | a b\\|c |\n| Anna | x |"]


def test_titles_gaps_and_a_second_table(tmp_path: Path) -> None:
    data = b"Sales 2025,,\nregion,sum,\nNorth,5,\n,,\nSouth,6,\n\nCosts,,\nkind,sum,share\nRent,2,10%\n"
    extract = loaded(tmp_path, "a.csv", data)
    assert [(b.kind, b.text, b.row) for b in extract.blocks] == [
        ("paragraph", "Sales 2025", None),
        ("table", "| region | sum |\n| North | 5 |", 3),
        ("table", "| region | sum |\n| South | 6 |", 5),
        ("paragraph", "Costs", None),
        ("table", "| kind | sum | share |\n| Rent | 2 | 10% |", 9),
    ]


def test_columns_without_names_have_letters(tmp_path: Path) -> None:
    extract = loaded(tmp_path, "a.csv", b"2025-01-01,5\n2025-01-02,6\n")
    assert shown(extract) == ["table: | A | B |\n| 2025-01-01 | 5 |\n| 2025-01-02 | 6 |"]
    assert extract.blocks[0].row == 1


def test_words_after_a_gap_go_on_under_the_same_header(tmp_path: Path) -> None:
    extract = loaded(tmp_path, "a.csv", b"name,city\nAnna,Berlin\n\nLi,Beijing\nBo,Oslo\n")
    assert shown(extract)[1] == "table: | name | city |\n| Li | Beijing |\n| Bo | Oslo |"


def test_years_may_be_names_of_columns(tmp_path: Path) -> None:
    extract = loaded(tmp_path, "a.csv", b"region,2024,2025\nNorth,5,6.5\n")
    assert shown(extract) == ["table: | region | 2024 | 2025 |\n| North | 5 | 6.5 |"]


def test_a_hint_for_spreadsheets_is_no_row(tmp_path: Path) -> None:
    assert "a | b" in loaded(tmp_path, "a.csv", b"sep=;\na;b\n1;2\n").text


def test_what_is_no_csv_is_loaded_as_text(tmp_path: Path) -> None:
    extract = loaded(tmp_path, "a.csv", b'a,b\n"' + b"x" * 200_000)
    assert extract.blocks[0].kind == "paragraph"
    assert extract.notes[0].startswith("It is not valid CSV")


def test_very_many_columns_are_cut(tmp_path: Path) -> None:
    extract = loaded(tmp_path, "a.csv", b",".join(b"c%d" % n for n in range(5000)) + b"\n1,2\n")
    assert extract.notes == ("More than 1000 columns: the others are left out.",)


def test_tsv_by_name_and_bounded_text(tmp_path: Path) -> None:
    extract = loaded(tmp_path, "a.tsv", b"a\tb\n" + b"1\t2\n" * 100, limits=LoadLimits(max_text_chars=50))
    assert len(extract.text) <= 120
