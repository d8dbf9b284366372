"""Business measures: what "revenue" means in these tables, found from the names of columns or configured.

A measure is an expression over columns with an aggregate.  Names in English and Chinese are understood.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError

from clawdbot.config import MeasureConfig
from clawdbot.errors import ConfigError
from clawdbot.tools.database.catalog import Catalog, ColumnSchema, TableSchema
from clawdbot.tools.database.entities import key_columns, reference
from clawdbot.tools.database.lexicon import concepts_of, meanings, split_name, synonyms

Aggregate = Literal["sum", "avg", "min", "max", "count", "count_distinct", "ratio"]


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A named number.  ``words`` are words of a goal that mean it.

    With aggregate 'ratio' the sum of ``expression`` is divided by the number of distinct ``per`` values.
    """

    name: str
    expression: exp.Expr
    tables: tuple[str, ...]
    aggregate: Aggregate = "sum"
    words: tuple[str, ...] = ()
    description: str = ""
    per: exp.Expr | None = None


_REVENUE = (
    "revenue",
    "sales",
    "turnover",
    "sold",
    "sell",
    "spent",
    "spend",
    "income",
    "销售额",
    "营收",
    "收入",
    "营业额",
    "业绩",
    "销售收入",
    "成交额",
    "营业收入",
    "消费额",
    "消费金额",
    "销售",
    "卖",
)
_QUANTITY = (
    "quantity",
    "units sold",
    "unit sold",
    "sales volume",
    "volume",
    "unit",
    "销量",
    "销售量",
    "销售数量",
    "数量",
    "件数",
    "件",
)
_STOCK_VALUE = (
    "stock value",
    "inventory value",
    "value of stock",
    "value of inventory",
    "库存金额",
    "库存价值",
    "存货价值",
    "库存总值",
    "存货金额",
    "库存总额",
)
_ORDER_VALUE = (
    "average order value",
    "order value",
    "aov",
    "basket size",
    "客单价",
    "平均订单金额",
    "平均订单额",
    "每单金额",
    "平均每单",
    "平均每笔",
    "平均每个订单",
    "平均每张订单",
    "每个订单的平均金额",
    "每笔订单的平均金额",
    "每单平均",
    "订单平均金额",
)
_AMOUNTS = frozenset({"amount", "total", "subtotal", "sum", "value", "金额", "总额", "合计"})
_SOLD = frozenset({"order", "sales", "order_line", "receipt"})
_PROFIT = ("profit", "gross profit", "margin", "earning", "毛利", "利润", "毛利润", "盈利")
_BOUGHT = ("purchase", "采购")


def discover(catalog: Catalog, configured: Mapping[str, MeasureConfig] | None = None) -> dict[str, Measure]:
    """All measures of a database by name: the configured ones, then those found by rule under other names."""
    found = {name: _configured(catalog, name, measure) for name, measure in (configured or {}).items()}
    said = {w for m in found.values() for w in (m.name, *m.words)}
    tables = sorted((t for t in catalog.tables if not t.is_view), key=lambda t: (_bought(t), -t.rows, t.name))
    for table in tables:
        for measure in _of_table(table):
            if measure.name in said:
                continue
            if measure.name not in found:
                found[measure.name] = measure
                continue
            name = f"{'_'.join(split_name(table.name))}_{measure.name}"
            found.setdefault(name, replace(measure, name=name, words=(f"{table.name} {measure.name}",)))
    return found


def _of_table(table: TableSchema) -> Iterable[Measure]:
    price, quantity, stock = _price(table), _quantity(table), _stock(table)
    if price and quantity and table.foreign_keys:
        yield from _sales(table, price, quantity)
    elif table.foreign_keys and (amount := _amount(table)):
        yield _total(table, amount)
    if price and stock:
        yield Measure(
            name="stock_value",
            expression=_times(_column(table, price), _column(table, stock)),
            tables=(table.name,),
            words=_STOCK_VALUE,
        )


def _sales(table: TableSchema, price: ColumnSchema, quantity: ColumnSchema) -> Iterable[Measure]:
    value = _times(_column(table, price), _column(table, quantity))
    discount = _discount(table)
    if discount is not None:
        part: exp.Expr = _column(table, discount)
        if discount.maximum and _number(discount.maximum) > 1:
            part = exp.Div(this=part, expression=exp.Literal.number(100))
        value = _times(value, exp.Paren(this=exp.Sub(this=exp.Literal.number(1), expression=part)))
    bought = _bought(table)
    yield Measure(
        name="purchases" if bought else "revenue",
        expression=value,
        tables=(table.name,),
        words=("purchase value", "采购额", "采购金额", *_BOUGHT) if bought else _REVENUE,
    )
    yield Measure(
        name="purchased_quantity" if bought else "quantity",
        expression=_column(table, quantity),
        tables=(table.name,),
        words=("采购量",) if bought else _QUANTITY,
    )
    cost = _named(table, "cost")
    if cost is not None and not bought:
        spent = _times(_column(table, cost), _column(table, quantity))
        yield Measure(
            name="profit",
            expression=exp.Sub(this=value.copy(), expression=spent),
            tables=(table.name,),
            words=_PROFIT,
        )
    header = _header(table)
    if header is not None and not bought:
        yield Measure(
            name="average_order_value",
            expression=value,
            tables=(table.name,),
            aggregate="ratio",
            per=header,
            words=_ORDER_VALUE,
        )


def _total(table: TableSchema, amount: ColumnSchema) -> Measure:
    """The amounts of a table of records: 'payment_amount', meant by the words for payments."""
    own = [w for w in split_name(amount.name) if w not in _AMOUNTS] or list(split_name(table.name))
    meant = {c for w in own for c in concepts_of(w)}
    if meant and meant <= _SOLD:
        return Measure(name="revenue", expression=_column(table, amount), tables=(table.name,), words=_REVENUE)
    words = {s for w in own for s in synonyms(w)}
    return Measure(
        name=f"{'_'.join(own)}_amount",
        expression=_column(table, amount),
        tables=(table.name,),
        words=tuple(sorted(words, key=lambda w: (w not in own, w))),
    )


def _header(table: TableSchema) -> exp.Expr | None:
    """The column that says to which order a line belongs: a foreign key in the key, or one named like an order."""
    keys = key_columns(table)
    for column in table.columns:
        refers = reference(table, column.name)
        if refers and {"order", "invoice"} & {c for w in split_name(refers[0]) for c in concepts_of(w)}:
            return _column(table, column)
    found = [c for c in table.columns if c.name in keys and reference(table, c.name)] if len(keys) > 1 else []
    return _column(table, found[0]) if len(found) == 1 else None


def _configured(catalog: Catalog, name: str, config: MeasureConfig) -> Measure:
    where = f"[databases.{catalog.name}.measures.{name}]"
    try:
        tree = sqlglot.parse_one(config.expression, dialect=catalog.dialect)
    except ParseError as error:
        raise ConfigError(f"{where} expression is no SQL: {str(error).splitlines()[0]}") from error
    if tree.find(exp.Query, exp.AggFunc, exp.Window):
        raise ConfigError(f"{where} must be an expression over columns, without aggregates and subqueries.")
    tables: dict[str, None] = {}
    for column in tree.find_all(exp.Column):
        table = catalog.table(column.table)
        known = table.column(column.name) if table else None
        if table is None or known is None:
            raise ConfigError(f"{where} names {column.sql()!r}, which does not exist.", hint="Write Table.Column.")
        column.set("table", exp.to_identifier(table.name, quoted=True))
        column.set("this", exp.to_identifier(known.name, quoted=True))
        tables[table.name] = None
    if not tables:
        raise ConfigError(f"{where} names no column.", hint="Write Table.Column.")
    return Measure(
        name=name,
        expression=tree,
        tables=tuple(tables),
        aggregate=config.aggregate,
        words=config.words,
        description=config.description,
    )


def _column(table: TableSchema, column: ColumnSchema) -> exp.Expr:
    return exp.column(column.name, table=table.name, quoted=True)


def _times(left: exp.Expr, right: exp.Expr) -> exp.Expr:
    return exp.Mul(this=left, expression=right)


def _named(table: TableSchema, *concepts: str, reject: tuple[str, ...] = ()) -> ColumnSchema | None:
    """The first number column whose words (or whole name) mean one of the concepts."""
    for column in table.columns:
        if not column.is_number or column.primary_key:
            continue
        meant = meanings(column.name) | set(split_name(column.name))
        if meant & set(concepts) and not meant & set(reject):
            return column
    return None


def _price(table: TableSchema) -> ColumnSchema | None:
    return _named(table, "price", reject=("total", "amount", "cost"))


def _quantity(table: TableSchema) -> ColumnSchema | None:
    return _named(table, "quantity", reject=("stock", "on_order", "reorder_level", "price", "cost"))


def _stock(table: TableSchema) -> ColumnSchema | None:
    return _named(table, "stock", reject=("reorder_level", "price", "cost"))


def _discount(table: TableSchema) -> ColumnSchema | None:
    return _named(table, "discount", reject=("amount", "price"))


def _amount(table: TableSchema) -> ColumnSchema | None:
    return _named(table, "amount", "total", "subtotal", reject=("tax", "discount", "count", "quantity"))


def _bought(table: TableSchema) -> bool:
    return any("purchase" in concepts_of(w) for w in split_name(table.name))


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
