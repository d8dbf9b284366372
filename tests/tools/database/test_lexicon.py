"""Words of both languages that mean the same, and goals linked to a database by them."""

from __future__ import annotations

import pytest

from clawdbot.tools.database.catalog import Catalog, ColumnSchema, TableSchema
from clawdbot.tools.database.lexicon import (
    concepts,
    meanings,
    mentioned_territories,
    related,
    split_name,
    stem,
    synonyms,
    terms,
    translate_value,
)
from clawdbot.tools.database.linking import link


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("OrderDetails", ("order", "detail")),
        ("Order Details", ("order", "detail")),
        ("order_lines", ("order", "line")),
        ("CustomerID", ("customer", "id")),
        ("UnitsInStock", ("unit", "in", "stock")),
        ("客户名称", ("客户名称",)),
        ("HTTPStatus", ("http", "status")),
        ("addresses2", ("address", "2")),
    ],
)
def test_names_split_into_words(name: str, words: tuple[str, ...]) -> None:
    assert split_name(name) == words


def test_plurals_lose_their_ending_and_others_keep_it() -> None:
    plurals = ["orders", "categories", "boxes", "branches", "classes", "people", "status", "address", "sales", "bus"]
    singles = ["order", "category", "box", "branch", "class", "person", "status", "address", "sales", "bus"]
    assert [stem(w) for w in plurals] == singles


def test_words_of_both_languages_are_synonyms() -> None:
    assert {"client", "客户"} <= synonyms("Customers")
    assert synonyms("zebra") == {"zebra"}
    assert related("salesperson", "employee") and not related("order", "customer")
    assert "stock" in meanings("units_in_stock") and "reorder_level" in meanings("ReorderLevel")
    assert len(concepts()) > 150


def test_chinese_is_matched_longest_first_and_phrases_before_words() -> None:
    assert list(terms("各销售员的销售额")) == ["销售员", "销售额"]
    assert list(terms("customers' unit prices")) == ["customer", "unit price"]
    assert list(terms("毛收额", frozenset({"毛收额"}))) == ["毛收额"]


def test_values_have_names_in_other_languages() -> None:
    assert {"Germany", "DE"} <= set(translate_value("德国"))
    assert {"德国", "DE"} <= set(translate_value("germany"))
    assert {"美国", "United States"} <= set(translate_value("USA"))
    assert {"三月", "Mar"} <= set(translate_value("March"))
    assert "cancelled" in translate_value("取消")
    assert translate_value("zebra") == ()


def test_countries_in_a_text_stand_alone() -> None:
    assert mentioned_territories("Compare Germany with the UK and 法国") == ("UK", "Germany", "法国")
    assert mentioned_territories("in US dollars, de facto, Omaniac") == ("US",)


def _catalog(**words: tuple[str, ...]) -> Catalog:
    key = ColumnSchema(name="id", kind="integer", primary_key=True)
    status = ColumnSchema(name="status", kind="text", values=("open", "overdue", "paid"))
    country = ColumnSchema(name="country", kind="text", values=("Germany", "France"))
    clients = TableSchema(name="clients", columns=(key, ColumnSchema(name="name", kind="text"), country), rows=5)
    bills = TableSchema(name="bills", columns=(key, status, ColumnSchema(name="总额", kind="number")), rows=5)
    view = TableSchema(name="client bills", columns=(status,), is_view=True)
    return Catalog(name="x", dialect="sqlite", tables=(clients, bills, view), words=words)


def test_a_goal_is_linked_to_tables_columns_and_values() -> None:
    found = link("德国客户的逾期发票有多少", _catalog(), {})
    assert found.names_table("clients") and found.names_table("bills")
    assert found.counted == ("bills",)
    assert {(h.column, h.value) for h in found.hits} == {("country", "Germany"), ("status", "overdue")}
    assert found.columns["clients.name"] >= 2


def test_configured_words_win() -> None:
    found = link("GMV 按渠道", _catalog(**{"bills.总额": ("GMV",), "clients": ("渠道",)}), {})
    assert found.columns["bills.总额"] == 3 and found.tables["clients"] == 3


def test_what_is_done_with_the_answer_says_nothing_about_the_data() -> None:
    mails = TableSchema(name="mails", columns=(ColumnSchema(name="email", kind="text"),), rows=1)
    catalog = Catalog(name="x", dialect="sqlite", tables=(mails,))
    assert link("画一张柱状图并发送邮件给财务", catalog, {}).tables == {}
    assert link("draw a bar chart and email it to finance", catalog, {}).columns == {}
    assert link("list mails", catalog, {}).names_table("mails")


def test_a_word_that_nothing_explains_may_be_a_value() -> None:
    assert link("绒毛类客户的发票", _catalog(), {}).unknown == ("绒毛",)
    assert link("低于目标的客户", _catalog(), {}).unknown == ()


def test_number_of_orders_is_no_quantity() -> None:
    key = ColumnSchema(name="id", kind="integer", primary_key=True)
    tables = (TableSchema(name="orders", columns=(key, ColumnSchema(name="quantity", kind="integer")), rows=1),)
    catalog = Catalog(name="x", dialect="sqlite", tables=tables)
    for goal in ("订单数量", "number of orders", "多少个订单", "customers with more than 20 orders"):
        found = link(goal, catalog, {})
        assert found.counted == ("orders",), goal
        assert "orders.quantity" not in found.columns or goal == "customers with more than 20 orders"
