"""Ways between tables: shortest first, up before down, named foreign keys before others, and choices told."""

from __future__ import annotations

import pytest

from clawdbot.errors import RetryableToolError
from clawdbot.tools.database.catalog import Catalog, ColumnSchema, ForeignKey, TableSchema
from clawdbot.tools.database.compiler import compile_query
from clawdbot.tools.database.joins import JoinGraph
from clawdbot.tools.database.typed import TypedQuery


def table(name: str, *references: str, rows: int = 10, unique: str = "") -> TableSchema:
    """A table with an id; ``references`` are 'column>table'."""
    pairs = [r.split(">") for r in references]
    columns = [ColumnSchema(name="id", kind="integer", primary_key=True, nullable=False)]
    columns += [ColumnSchema(name=c, kind="integer", unique=c == unique) for c, _ in pairs]
    columns += [ColumnSchema(name="title", kind="text"), ColumnSchema(name="amount", kind="number")]
    keys = tuple(ForeignKey(columns=(c,), ref_table=t, ref_columns=("id",)) for c, t in pairs)
    return TableSchema(name=name, columns=tuple(columns), foreign_keys=keys, rows=rows)


def graph(*tables: TableSchema) -> JoinGraph:
    return JoinGraph(Catalog(name="x", dialect="sqlite", tables=tables))


def test_the_way_up_is_shorter_than_a_way_that_multiplies() -> None:
    found = graph(
        table("line", "order_id>order", "product_id>product"),
        table("order", "customer_id>customer"),
        table("product"),
        table("customer", "region_id>region"),
        table("region"),
    )
    tree = found.tree("line", ["region", "product"])
    assert set(tree.tables) == {"line", "order", "customer", "region", "product"}
    assert not tree.fans_out and tree.notes == ()
    assert found.tree("region", ["product"]).fans_out
    assert found.reaches_up("line", "region") and found.reaches_up("line", "line")
    assert not found.reaches_up("region", "line")


def test_a_reference_that_is_unique_does_not_multiply() -> None:
    found = graph(table("order"), table("invoice", "order_id>order", unique="order_id"))
    assert not found.tree("order", ["invoice"]).fans_out
    assert found.reaches_up("order", "invoice")


def test_of_two_references_the_one_that_names_the_table_is_taken() -> None:
    found = graph(table("order", "referrer_id>customer", "customer_id>customer"), table("customer"))
    assert found.tree("order", ["customer"]).steps[0].pairs == (("customer_id", "id"),)
    people = graph(table("order", "approver_id>employee", "salesperson_id>employee"), table("employee"))
    assert people.tree("order", ["employee"]).steps[0].pairs == (("salesperson_id", "id"),)


def test_references_that_no_name_tells_apart_are_reported() -> None:
    found = graph(table("flight", "origin>airport", "target>airport"), table("airport"))
    with pytest.raises(RetryableToolError, match=r"several ways: flight.origin = airport.id; flight.target"):
        found.tree("flight", ["airport"])


def test_a_choice_between_equal_ways_is_told() -> None:
    tables = (
        table("order", "customer_id>customer", "salesperson_id>salesperson"),
        table("customer", "region_id>region", rows=400),
        table("salesperson", "region_id>region", rows=30),
        table("region"),
    )
    by_region = graph(*tables).tree("order", ["region"])
    assert by_region.tables == ("order", "customer", "region")
    assert by_region.notes[0].startswith("region joined by order.customer_id = customer.id")
    assert "not by order.salesperson_id" in by_region.notes[0]
    asked = graph(*tables).tree("order", ["salesperson", "region"])
    assert asked.tables == ("order", "salesperson", "region") and asked.notes == ()
    query = TypedQuery.model_validate({"measures": [{"of": "order.amount"}], "by": ["region.title"]})
    compiled = compile_query(query, Catalog(name="x", dialect="sqlite", tables=tables), {})
    assert compiled.notes == by_region.notes


def test_tables_apart_are_reported_with_those_in_reach() -> None:
    found = graph(table("order", "customer_id>customer"), table("customer"), table("weather"))
    with pytest.raises(RetryableToolError, match=r"'weather' is not connected with 'order'.*Connected.*customer"):
        found.tree("order", ["weather"])
    with pytest.raises(RetryableToolError, match="Connected with 'weather': none"):
        found.tree("weather", ["order"])


def test_a_way_over_a_shared_parent_is_refused_but_for_tables_that_only_connect() -> None:
    """Targets belong to regions; what they have to do with products no join can say."""
    tables = (
        table("target", "region_id>region"),
        table("region"),
        table("customer", "region_id>region"),
        table("order", "customer_id>customer"),
    )
    query = TypedQuery.model_validate({"measures": [{"of": "target.amount"}], "by": ["order.title"]})
    with pytest.raises(RetryableToolError, match="belongs to 'region', not to single rows of 'target'"):
        compile_query(query, Catalog(name="x", dialect="sqlite", tables=tables), {})


def test_rows_without_a_key_are_not_counted_across_joins() -> None:
    bare = TableSchema(
        name="visit",
        columns=(ColumnSchema(name="store_id", kind="integer"), ColumnSchema(name="fee", kind="number")),
        foreign_keys=(ForeignKey(columns=("store_id",), ref_table="store", ref_columns=("id",)),),
    )
    keyless = TableSchema(name="store", columns=(ColumnSchema(name="id", kind="integer"),))
    query = TypedQuery.model_validate({"measures": [{"of": "store"}], "filters": [{"column": "visit.fee", "value": 1}]})
    catalog = Catalog(name="x", dialect="sqlite", tables=(bare, keyless))
    with pytest.raises(RetryableToolError, match="'store' have no key"):
        compile_query(query, catalog, {})
