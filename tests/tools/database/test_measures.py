"""Measures found by rule in English and Chinese names, and configured ones."""

from __future__ import annotations

import pytest

from clawdbot.config import MeasureConfig
from clawdbot.errors import ConfigError
from clawdbot.tools.database.catalog import Catalog, ColumnSchema, ForeignKey, TableSchema
from clawdbot.tools.database.linking import link
from clawdbot.tools.database.measures import discover


def catalog(*tables: tuple[str, str], maximum: str = "0.25") -> Catalog:
    """Tables of number columns; every table but the first refers to the first."""
    found: list[TableSchema] = []
    for name, columns in tables:
        parts = [ColumnSchema(name="id", kind="integer", primary_key=True), ColumnSchema(name="ref_id", kind="integer")]
        parts += [ColumnSchema(name=c, kind="number", maximum=maximum) for c in columns.split()]
        keys = (ForeignKey(columns=("ref_id",), ref_table=tables[0][0], ref_columns=("id",)),) if found else ()
        found.append(TableSchema(name=name, columns=tuple(parts), foreign_keys=keys, rows=100 - len(found)))
    return Catalog(name="x", dialect="sqlite", tables=tuple(found))


def shown(found: Catalog) -> dict[str, str]:
    return {name: m.expression.sql().replace('"', "") for name, m in discover(found).items()}


def test_revenue_is_price_times_quantity_less_discount() -> None:
    assert shown(catalog(("orders", ""), ("order_lines", "unit_price qty discount unit_cost"))) == {
        "revenue": "order_lines.unit_price * order_lines.qty * (1 - order_lines.discount)",
        "quantity": "order_lines.qty",
        "profit": "order_lines.unit_price * order_lines.qty * (1 - order_lines.discount)"
        " - order_lines.unit_cost * order_lines.qty",
        "average_order_value": "order_lines.unit_price * order_lines.qty * (1 - order_lines.discount)",
    }


def test_chinese_columns_and_percentages() -> None:
    found = shown(catalog(("订单", ""), ("订单明细", "单价 数量 折扣"), maximum="20"))
    assert found["revenue"] == "订单明细.单价 * 订单明细.数量 * (1 - 订单明细.折扣 / 100)"
    assert "average_order_value" in found


def test_stock_has_a_value_and_is_not_sold() -> None:
    assert shown(catalog(("products", "unit_price units_in_stock units_on_order reorder_level"))) == {
        "stock_value": "products.unit_price * products.units_in_stock"
    }


def test_purchases_are_no_revenue() -> None:
    found = shown(catalog(("suppliers", ""), ("purchase_lines", "price quantity"), ("order_lines", "price quantity")))
    assert found["revenue"] == "order_lines.price * order_lines.quantity"
    assert found["purchases"] == "purchase_lines.price * purchase_lines.quantity"


def test_records_have_their_amount_under_their_own_name() -> None:
    found = catalog(("regions", ""), ("payments", "amount"), ("targets", "target_amount"), ("sales", "total"))
    assert shown(found) == {
        "payment_amount": "payments.amount",
        "target_amount": "targets.target_amount",
        "revenue": "sales.total",
    }
    measures = discover(found)
    assert set(link("上季度回款", found, measures).measures) == {"payment_amount"}
    assert set(link("Sales against target", found, measures).measures) == {"revenue", "target_amount"}


def test_a_second_measure_of_the_same_kind_has_another_name() -> None:
    found = shown(catalog(("orders", ""), ("order_lines", "price quantity"), ("invoice_lines", "price quantity")))
    assert found["invoice_line_revenue"] == "invoice_lines.price * invoice_lines.quantity"


def test_configured_measures_come_first_and_replace_found_ones() -> None:
    config = {
        "revenue": MeasureConfig(expression="Order_Lines.PRICE * order_lines.quantity * 0.9", words=("流水",)),
        "fee": MeasureConfig(expression="orders.fee", aggregate="avg"),
    }
    found = discover(catalog(("orders", "fee"), ("order_lines", "price quantity")), config)
    assert list(found)[:2] == ["revenue", "fee"]
    assert found["revenue"].expression.sql() == '"order_lines"."price" * "order_lines"."quantity" * 0.9'
    assert found["revenue"].tables == ("order_lines",) and found["fee"].aggregate == "avg"


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("orders.fee *", "is no SQL"),
        ("SUM(orders.fee)", "without aggregates"),
        ("(SELECT 1)", "without aggregates"),
        ("orders.tip", "does not exist"),
        ("fee", "does not exist"),
        ("1", "names no column"),
    ],
)
def test_a_wrong_configuration_names_its_key(expression: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        discover(catalog(("orders", "fee")), {"tips": MeasureConfig(expression=expression)})
    assert "[databases.x.measures.tips]" in str(caught.value)
