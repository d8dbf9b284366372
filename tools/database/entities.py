"""What stands for a row: a table's key, and the columns by which a person knows its rows."""

from __future__ import annotations

from clawdbot.tools.database.catalog import ColumnSchema, TableSchema
from clawdbot.tools.database.lexicon import related, split_name

_LANGUAGES = {"zh": "zh", "cn": "zh", "chinese": "zh", "en": "en", "english": "en"}
_TIME_PARTS = frozenset({"year", "quarter", "month", "年", "年份", "年度", "季度", "季", "月", "月份"})
_FIRST = {"first name", "firstname", "given name"}
_LAST = {"last name", "lastname", "surname", "family name"}
_NAMES = ("name", "full name", "company name", "title", "label", "名称", "姓名", "标题")
_LONG_TEXT = {"description", "note", "comment", "body", "content", "text", "remark", "备注", "描述", "说明"}


def key_columns(table: TableSchema) -> tuple[str, ...]:
    """The primary key, else one unique column; empty when rows cannot be told apart."""
    primary = tuple(c.name for c in table.columns if c.primary_key)
    if primary:
        return primary
    return tuple(c.name for c in table.columns if c.unique and not c.nullable)[:1]


def reference(table: TableSchema, column: str) -> tuple[str, str] | None:
    """The (table, column) that a single foreign key column refers to."""
    for key in table.foreign_keys:
        if len(key.columns) == 1 and key.columns[0].lower() == column.lower():
            return key.ref_table, (key.ref_columns or key.columns)[0]
    return None


def is_identifier(table: TableSchema, column: ColumnSchema) -> bool:
    """A key, or named like one: nothing to add up or to show to a person."""
    if column.primary_key and len(key_columns(table)) == 1:
        return True
    if any(column.name.lower() in (c.lower() for c in k.columns) for k in table.foreign_keys):
        return True
    return bool(split_name(column.name)[-1:]) and split_name(column.name)[-1] in ("id", "uuid", "guid")


def display_columns(table: TableSchema) -> tuple[str, ...]:
    """The column that names a row, or first and last name of a person; empty for records without a name."""
    by_words = {" ".join(split_name(c.name)): c for c in table.columns if c.kind == "text"}
    first = next((c.name for words, c in by_words.items() if words in _FIRST), None)
    last = next((c.name for words, c in by_words.items() if words in _LAST), None)
    if first and last:
        return first, last
    stem = " ".join(split_name(table.name))
    for words in (f"{stem} name", *_NAMES, f"{stem} title", f"{stem} description", f"{stem} label", stem):
        if words in by_words:
            return (by_words[words].name,)
    own = [c.name for words, c in by_words.items() if _is_own_name(words, stem)]
    return (own[0],) if own else ()


def _is_own_name(words: str, stem: str) -> bool:
    *before, last = words.split() or [""]
    if words.endswith(("名称", "姓名")):
        return related(words.removesuffix("名称").removesuffix("姓名"), stem)
    return last == "name" and bool(before) and related(" ".join(before), stem)


def translations(table: TableSchema) -> dict[str, str]:
    """Language -> the column that names rows in that language, where there are several ('name', 'name_zh')."""
    shown = display_columns(table)
    if len(shown) != 1:
        return {}
    stem = split_name(shown[0])
    found: dict[str, str] = {}
    for column in table.columns:
        words = split_name(column.name)
        if column.kind == "text" and words[:-1] == stem and words[-1] in _LANGUAGES:
            found[_LANGUAGES[words[-1]]] = column.name
    return found


def in_language(table: TableSchema, column: str, language: str) -> str:
    """The variant of a column in that language ('city' -> 'city_zh'), or the column itself."""
    stem = split_name(column)
    for other in table.columns:
        words = split_name(other.name)
        if words[:-1] == stem and _LANGUAGES.get(words[-1]) == language:
            return other.name
    return column


def displays(table: TableSchema, column: str) -> bool:
    """The column names the table's rows, so that grouping by it means grouping by row."""
    named = {*display_columns(table), *translations(table).values()}
    return bool(key_columns(table)) and column in named


def is_time_part(column: ColumnSchema) -> bool:
    """A year, quarter or month kept as a number: time, and nothing to add up."""
    return column.kind == "integer" and (split_name(column.name)[-1:] or ("",))[0] in _TIME_PARTS


def is_long_text(table: TableSchema, column: ColumnSchema) -> bool:
    """Free text that no one groups by."""
    last = split_name(column.name)[-1:]
    return (
        column.kind == "text" and column.name not in display_columns(table) and last[:1] != () and last[0] in _LONG_TEXT
    )


def date_columns(table: TableSchema) -> tuple[str, ...]:
    """The columns of the table that hold dates."""
    return tuple(c.name for c in table.columns if c.is_time)
