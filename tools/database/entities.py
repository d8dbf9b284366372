"""What stands for a row: a table's key, and the columns by which a person knows its rows."""

from __future__ import annotations

from clawdbot.tools.database.catalog import Catalog, ColumnSchema, TableSchema
from clawdbot.tools.database.lexicon import related, split_name

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


def displays(table: TableSchema, column: str) -> bool:
    """The column names the table's rows, so that grouping by it means grouping by row."""
    return bool(key_columns(table)) and column in display_columns(table)


def is_long_text(table: TableSchema, column: ColumnSchema) -> bool:
    """Free text that no one groups by."""
    last = split_name(column.name)[-1:]
    return (
        column.kind == "text" and column.name not in display_columns(table) and last[:1] != () and last[0] in _LONG_TEXT
    )


def date_columns(table: TableSchema) -> tuple[str, ...]:
    """The columns of the table that hold dates."""
    return tuple(c.name for c in table.columns if c.is_time)


def shown_name(catalog: Catalog, table: str) -> str:
    """One "Table.Column" that stands for the table's rows in a question; its key when it has no name."""
    found = catalog.table(table)
    columns = (display_columns(found)[-1:] or key_columns(found)[:1]) if found else ()
    return f"{table}.{columns[0]}" if columns else ""
