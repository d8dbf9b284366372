"""The tool ``query``: what it offers for a question, what it fills in itself, and what a call leaves behind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pandas as pd
import pytest

from clawdbot.access.envelope import Envelope
from clawdbot.config import Config, DatabaseConfig, MeasureConfig
from clawdbot.errors import RetryableToolError, TerminalToolError
from clawdbot.tools.contract import RunView, ToolContext, ToolResult
from clawdbot.tools.database.asked import Hints, read_question
from clawdbot.tools.database.compiler import compile_query
from clawdbot.tools.database.databases import Databases
from clawdbot.tools.database.query import Ground, ground, query
from clawdbot.tools.database.query_check import bucket_start, check_result
from clawdbot.tools.database.typed import TypedQuery
from clawdbot.tools.workspace import Workspace

Y97 = {"label": "1997", "start": "1997-01-01", "end": "1998-01-01"}
Q1_97 = {"label": "1997-Q1", "start": "1997-01-01", "end": "1997-04-01"}
Q1_98 = {"label": "1998-Q1", "start": "1998-01-01", "end": "1998-04-01"}


class Trade:
    """Northwind, asked through the tool as a run does."""

    def __init__(self, path: Path, folder: Path) -> None:
        self.config = Config(databases={"nw": DatabaseConfig(url=f"sqlite:///{path}", date_column="Orders.OrderDate")})
        self.databases = Databases(self.config)
        self.envelope = Envelope(databases=frozenset({"nw"}))
        self.workspace = Workspace(folder)

    def ground(self, goal: str, **hints: Any) -> Ground:
        return ground(goal, hints, self.config, self.databases, self.envelope.databases)

    def view(self, goal: str, envelope: Envelope | None = None, **hints: Any) -> RunView:
        return RunView(
            goal=goal,
            language="en",
            deliverables=frozenset(),
            workspace=self.workspace,
            envelope=envelope or self.envelope,
            config=self.config,
            hints=hints,
            services={Databases: self.databases},
        )

    def schema(self, goal: str, **hints: Any) -> dict[str, Any]:
        found = query.narrow(self.view(goal, **hints), query.schema)
        jsonschema.Draft202012Validator.check_schema(found)
        return found

    def call(self, goal: str, arguments: dict[str, Any], **hints: Any) -> ToolResult:
        jsonschema.validate(arguments, self.schema(goal, **hints))
        context = ToolContext(
            run_id="r",
            goal=goal,
            language="en",
            workspace=self.workspace,
            envelope=self.envelope,
            config=self.config,
            hints=hints,
            services={Databases: self.databases},
        )
        return query(context, **query.validate(arguments))


@pytest.fixture
def trade(northwind: Path, tmp_path: Path) -> Iterator[Trade]:
    found = Trade(northwind, tmp_path / "run")
    yield found
    found.databases.close()


def test_a_call_saves_a_named_table_and_a_receipt(trade: Trade) -> None:
    result = trade.call(
        "1997年各产品类别的销售额", {"measures": ["revenue"], "by": ["Categories.CategoryName"]}, periods=[Y97]
    )
    assert result.table == "revenue_by_CategoryName_1997"
    assert result.observation.startswith(
        "table revenue_by_CategoryName_1997: 8 rows x 2 columns\nCategoryName | revenue"
    )
    frame = trade.workspace.load_table(result.table)
    assert frame["revenue"].sum() == pytest.approx(617085.2, abs=0.1)
    info = trade.workspace.table(result.table)
    receipt = result.receipt
    assert (receipt["database"], receipt["rows"], receipt["sha256"]) == ("nw", 8, info.sha256)
    assert receipt["sql"] == info.sql and receipt["time"] == "Orders.OrderDate"
    assert receipt["period"] == [{"start": "1997-01-01", "end": "1998-01-01", "label": "1997"}]
    assert receipt["complaints"] == []


ASKED: dict[str, tuple[dict[str, Any], set[str], dict[str, list[str]]]] = {
    "1997年各产品类别的销售额": (
        {"periods": [Y97]},
        {"measures", "by"},
        {"measures": ["revenue"], "by": ["Categories.CategoryName"]},
    ),
    "Top 5 customers by revenue in 1997": (
        {"periods": [Y97], "limit": 5, "order": "desc"},
        {"measures", "by"},
        {"measures": ["revenue"], "by": ["Customers.CompanyName"]},
    ),
    "每个销售员的订单数量": ({}, {"measures", "by"}, {"measures": ["count Orders"], "by": ["Employees.LastName"]}),
    "What was the revenue in Q1 1997?": ({"periods": [Q1_97]}, {"measures"}, {"measures": ["revenue"]}),
    "How many orders were shipped late in 1997?": (
        {"periods": [Y97]},
        {"measures", "filters"},
        {"measures": ["count Orders"]},
    ),
    "列出库存低于再订货点的产品": ({}, {"columns", "filters"}, {}),
    "1997年从未下单的客户有哪些": ({"periods": [Y97]}, {"columns", "without"}, {}),
    "1997年德国客户的月度营收": (
        {"periods": [Y97], "grain": "month"},
        {"measures", "filters"},
        {"measures": ["revenue"]},
    ),
    "客单价最高的国家": (
        {"limit": 1, "order": "desc"},
        {"measures", "by"},
        {"measures": ["average_order_value"], "by": ["Customers.Country"]},
    ),
    "Compare revenue of Q1 1997 and Q1 1998 by category": (
        {"periods": [Q1_97, Q1_98]},
        {"measures", "by"},
        {"by": ["Categories.CategoryName"]},
    ),
    "List the 10 most expensive products": ({"limit": 10, "order": "desc"}, {"columns", "sort"}, {}),
    "Which countries have more than 10 customers?": (
        {},
        {"measures", "by", "having"},
        {"measures": ["count Customers"], "by": ["Customers.Country"]},
    ),
    "平均运费按承运商": ({}, {"measures", "by"}, {"by": ["Shippers.CompanyName"]}),
    "哪个供应商的产品最多": ({"limit": 1, "order": "desc"}, {"measures", "by"}, {"measures": ["count Products"]}),
    "哪个供应商的产品种类最多": ({"limit": 1, "order": "desc"}, {"measures", "by"}, {"measures": ["count Categories"]}),
    "Which products have been discontinued?": ({}, {"columns", "filters"}, {}),
    "哪个月的销售额最高": ({"grain": "month", "limit": 1, "order": "desc"}, {"measures"}, {"measures": ["revenue"]}),
    "单价超过50的产品有哪些": ({}, {"columns", "filters"}, {}),
    "1997年海鲜类产品销售额最高的三个客户": (
        {"periods": [Y97], "limit": 3, "order": "desc"},
        {"measures", "by", "filters"},
        {"by": ["Customers.CompanyName"]},
    ),
    "Show the revenue trend": ({}, {"measures", "per"}, {}),
    "Customers whose name contains 'Markt'": ({}, {"columns", "filters"}, {}),
    "revenue by country sorted": ({}, {"measures", "by", "order"}, {}),
}


@pytest.mark.parametrize("goal", ASKED)
def test_only_what_the_question_gives_reason_for_is_asked(trade: Trade, goal: str) -> None:
    hints, fields, enums = ASKED[goal]
    schema = trade.schema(goal, **hints)
    form = next(f for f in schema.get("anyOf", [schema]) if fields == set(f["properties"]))
    for name, values in enums.items():
        assert form["properties"][name]["items"]["enum"][: len(values)] == values


def test_values_that_the_goal_names_are_the_only_ones_to_filter_by(trade: Trade) -> None:
    filters = trade.schema("1997年德国客户的月度营收", periods=[Y97], grain="month")["properties"]["filters"]
    assert filters["items"]["properties"]["column"]["enum"] == ["Customers.Country"]
    assert filters["items"]["properties"]["value"]["enum"] == ["Germany"]
    assert (filters["minItems"], filters["maxItems"]) == (1, 1)
    given = trade.schema(
        "sales of Tofu",
        values=[{"table": "Products", "column": "ProductName", "value": "Tofu", "rows": 1, "mention": "Tofu"}],
    )
    assert given["properties"]["filters"]["items"]["properties"]["value"]["enum"] == ["Tofu"]


def test_words_that_decide_a_comparison_leave_nothing_to_choose(trade: Trade) -> None:
    item = trade.schema("列出库存低于再订货点的产品")["properties"]["filters"]["items"]["properties"]
    assert item["column"]["enum"] == ["Products.UnitsInStock"]
    assert item["op"]["enum"] == ["<"]
    assert item["other_column"]["enum"] == ["Products.ReorderLevel"]


def test_empty_fields_may_be_asked_for(trade: Trade) -> None:
    schema = trade.schema("List customers with missing fax")
    assert schema["properties"]["filters"]["items"]["properties"]["column"]["enum"] == ["Customers.Fax"]
    result = trade.call(
        "List customers with missing fax",
        {
            "columns": ["Customers.CompanyName"],
            "filters": [{"column": "Customers.Fax", "op": "is_null"}],
        },
    )
    assert result.receipt["rows"] > 10


def test_the_brief_decides_period_step_ranking_share_and_change(trade: Trade) -> None:
    ranked = trade.call(
        "Which month had the highest revenue?", {"measures": ["revenue"]}, grain="month", limit=1, order="desc"
    )
    assert trade.workspace.load_table(ranked.table or "")["month"].tolist() == ["1998-04"]
    second = trade.call(
        "客户数第二多的国家", {"measures": ["count Customers"], "by": ["Customers.Country"]}, position=2, order="desc"
    )
    assert second.receipt["rows"] == 1
    growth = trade.call("1997年每季度营收的环比增长", {"measures": ["revenue"]}, periods=[Y97], grain="quarter")
    assert growth.receipt["columns"] == ["quarter", "revenue", "revenue_change", "revenue_change_pct"]
    share = trade.call(
        "What share of 1997 revenue came from Germany?",
        {
            "measures": ["revenue"],
            "filters": [{"column": "Customers.Country", "op": "=", "value": "Germany"}],
            "by": ["Customers.Country"],
        },
        periods=[Y97],
    )
    assert trade.workspace.load_table(share.table or "")["revenue_share_pct"][0] == pytest.approx(19.01, abs=0.01)
    hired = trade.call(
        "List employees hired in 1993",
        {"columns": ["Employees.LastName"]},
        periods=[{"label": "1993", "start": "1993-01-01", "end": "1994-01-01"}],
    )
    assert hired.receipt["time"] == "Employees.HireDate" and hired.receipt["rows"] == 3
    listed = trade.call("List orders of Q1 1997 and Q1 1998", {"columns": ["Orders.OrderDate"]}, periods=[Q1_97, Q1_98])
    assert listed.receipt["period"] == [{"start": "1997-01-01", "end": "1998-04-01", "label": "1997-Q1 + 1998-Q1"}]
    top = trade.call(
        "List the 3 cheapest products",
        {"columns": ["Products.ProductName"], "sort": "Products.UnitPrice"},
        limit=3,
        order="asc",
    )
    assert trade.workspace.load_table(top.table or "")["UnitPrice"].tolist() == [2.5, 4.5, 6.0]


def test_filters_of_one_column_mean_either_and_repetitions_nothing(trade: Trade) -> None:
    wanted = [{"column": "Customers.Country", "op": "=", "value": v} for v in ("Germany", "France", "Germany")]
    result = trade.call("Revenue of Germany and France and Germany", {"measures": ["revenue"], "filters": wanted[:2]})
    assert result.receipt["filters"] == [{"column": "Customers.Country", "op": "in", "values": ["Germany", "France"]}]


def test_an_empty_result_says_what_it_was_limited_to(trade: Trade) -> None:
    result = trade.call(
        "Which products cost more than 5000?",
        {
            "columns": ["Products.ProductName"],
            "filters": [{"column": "Products.UnitPrice", "op": ">", "value": 5000}],
        },
    )
    assert "check: No rows match: Products.UnitPrice > 5000" in result.observation


def test_arguments_that_make_no_sense_are_answered_in_one_line(trade: Trade) -> None:
    context = ToolContext(
        run_id="r",
        goal="revenue",
        language="en",
        workspace=trade.workspace,
        envelope=trade.envelope,
        config=trade.config,
        services={Databases: trade.databases},
    )
    with pytest.raises(RetryableToolError, match="either measures or columns"):
        query(context)
    with pytest.raises(RetryableToolError, match="nothing to compare with"):
        query(context, measures=["revenue"], filters=[{"column": "Orders.Freight", "op": ">"}])
    with pytest.raises(RetryableToolError, match="no measure 'sales'"):
        query(context, measures=["sales"])
    ordered = query(
        context, measures=["revenue"], by=["Customers.Country"], order="asc", having={"op": ">", "value": 1}
    )
    assert ordered.receipt["query"]["order"]["desc"] is False


def test_the_tool_is_offered_when_a_database_may_be_read(trade: Trade) -> None:
    assert query.ready(trade.view("revenue"))
    assert not query.ready(trade.view("revenue", envelope=Envelope()))
    with pytest.raises(TerminalToolError, match="No database"):
        ground("revenue", {}, trade.config, trade.databases, frozenset())


def test_the_prompt_shows_the_relevant_tables_in_few_words(trade: Trade) -> None:
    text = trade.ground("1997年德国客户的月度营收", periods=[Y97]).describe()
    assert len(text) < 1200
    assert text.splitlines()[0] == "Database nw (sqlite):"
    assert "'德国' is Customers.Country = 'Germany'" in text
    assert "OrderDate 1996-07-04..1998-05-06" in text
    assert "revenue = sum(UnitPrice * Quantity * (1 - Discount)) (sales, 销售额)" in text
    assert "Picture" not in text and "Fax" not in text
    assert "Categories" in trade.ground("hello").describe()


def test_the_database_is_the_one_that_the_question_fits(trade: Trade, shop_sqlite: Any, tmp_path: Path) -> None:
    path = shop_sqlite.databases._entries["shop"].config.url
    measure = MeasureConfig(expression="Targets.Amount", words=("预算",))
    config = Config(
        databases={
            **trade.config.databases,
            "plan": DatabaseConfig(url=path, tables=("Targets",), measures={"budget": measure}),
        }
    )
    databases = Databases(config)
    both = frozenset({"nw", "plan"})
    try:
        assert ground("预算是多少", {}, config, databases, both).catalog.name == "plan"
        assert ground("revenue by employee", {}, config, databases, both).catalog.name == "nw"
    finally:
        databases.close()


def test_a_result_that_contradicts_the_brief_is_named(trade: Trade) -> None:
    found = trade.ground("revenue", periods=[Q1_97])

    def complaints(
        frame: dict[str, list[Any]], question: str = "", *, hints: dict[str, Any], **fields: Any
    ) -> list[str]:
        asked = TypedQuery.model_validate(fields)
        compiled = compile_query(asked, found.catalog, found.measures)
        return check_result(pd.DataFrame(frame), asked, Hints.of(hints, "x"), compiled)

    revenue = [{"of": "revenue"}]
    months: dict[str, list[Any]] = {"month": ["1996-12", "1997-01"], "revenue": [1.0, 2.0]}
    assert complaints(months, measures=revenue, per="month", hints={"periods": [Q1_97]}) == [
        "Buckets outside the asked period: 1996-12."
    ]
    assert (
        complaints(
            months, measures=revenue, per="month", hints={"periods": [{"label": "", "start": None, "end": None}]}
        )
        == []
    )
    assert "one row per quarter" in complaints(months, measures=revenue, per="month", hints={"grain": "quarter"})[0]
    assert "group with by" in complaints({"revenue": [1.0]}, measures=revenue, hints={"limit": 5})[0]
    assert "asks for 1" in complaints(months, measures=revenue, per="month", hints={"limit": 1})[0]
    assert (
        complaints({"customer_count": [None]}, measures=[{"of": "Customers"}], without="Orders", hints={})[0]
        == "No rows match: without Orders."
    )
    over = complaints(
        {"CompanyName": ["x"]},
        columns=["Customers.CompanyName"],
        hints={"question": "customers over their credit limit"},
    )
    assert over == ["The question compares something, but no condition was applied."]
    two = [*revenue, {"of": "Orders"}]
    assert complaints({"revenue": [None], "order_count": [1]}, measures=two, hints={}) == [
        "Column 'revenue' is empty in every row."
    ]


@pytest.mark.parametrize(
    ("label", "start"),
    [("1997", "1997-01-01"), ("1997-Q3", "1997-07-01"), ("1997-03", "1997-03-01"), ("1997-03-05", "1997-03-05")],
)
def test_bucket_labels_are_dates(label: str, start: str) -> None:
    assert bucket_start(label).isoformat() == start


@pytest.mark.parametrize(
    ("question", "fields"),
    [
        ("各地区销售额占比", {"share", "grouped"}),
        ("2024年销售额同比增长", {"change"}),
        ("Revenue compared with the same quarter of last year", {"change"}),
        ("customers who never ordered", {"without", "listing"}),
        ("orders above 500 dollars", {"numbers"}),
        ("哪个月最高", set()),
        ("monthly revenue", set()),
        ("revenue by month", set()),
        ("revenue by region", {"grouped"}),
        ("最近的订单", set()),
    ],
)
def test_words_call_for_fields(question: str, fields: set[str]) -> None:
    found = read_question(question)
    names = ("share", "change", "without", "numbers", "columns", "empty", "text", "listing", "trend", "sort", "grouped")
    assert {n for n in names if getattr(found, n)} == fields
