"""A small office for the runs: orders in SQLite, two models on two servers, and what a model that works would write."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from benchmarks.faults.server import MODEL, FaultyServer
from clawdbot.config import Config

_BACKGROUND = (
    "The company sells tea, coffee and what goes with them to hotels and small shops. It began as a family "
    "business in a harbour town, and the warehouse is still there. Most customers have been with us for many "
    "years and know the drivers by name. The branches were once separate companies, which is why each has its own"
    " habits, its own jokes and its own way with paper. The new owners like things to be alike everywhere, and "
    "the branches like them as they are. The winter was long and the spring came late, so that the hotels opened "
    "later than usual. Then everybody came at the same time. The people in the office worked on Saturdays for a "
    "while, which nobody liked but the canteen."
)
_BACKGROUND_ZH = (
    "公司向酒店和小商店供应茶叶、咖啡以及相关用品。它起初是港口小镇上的一家家族企业，仓库至今还在那里。"
    "大多数客户与我们相识多年，叫得出司机的名字。各分公司原本是独立的公司，所以各有各的习惯、各的笑话，也各有一套办事的方式。"
    "新的股东喜欢处处一样，分公司却喜欢保持原样。去年冬天很长，春天来得晚，酒店开门也比往年迟，后来大家又都在同一时候来了。"
    "办公室的同事有一阵子星期六也上班，除了食堂，谁都不喜欢这样。仓库门口的那棵老树今年开了很多花，司机们都在树下乘凉。"
    "港口的老人说，从前的船比现在小，人却比现在热闹；年轻的同事听了只是笑，他们觉得现在的船已经够慢了。"
)
GOALS = (f"Sales by region for Q3 2026. {_BACKGROUND}", f"统计2026年第三季度各地区的销售额。{_BACKGROUND_ZH}")
"""With as many words around them as people write, so that a prompt is long enough to be cut."""
RIGHT = "5,500.25"
"""What North sold: an answer without it is not right."""
DEADLINE_S = 12.0
LEFT_ALONE_S = 1.0
LIMITS: Mapping[str, float] = {
    "connect_timeout_s": 1.0,
    "first_token_timeout_s": 1.0,
    "stall_timeout_s": 0.6,
    "timeout_s": 4.0,
}
"""All times are far shorter than a product would set them, so that there is something to see in minutes."""
_SQL = (
    "SELECT region, SUM(amount) AS sales FROM orders WHERE ordered_on >= '2026-07-01' AND ordered_on < '2026-10-01'"
    " GROUP BY region ORDER BY sales DESC"
)
_ANSWER = "North leads with 5,500.25, then South with 3,210.50 and West with 1,899.75."
_ANSWER_ZH = "North 最高，为 5,500.25；South 为 3,210.50，West 为 1,899.75。"
_ROWS = [
    ("2026-07-03", "North", 2500.25),
    ("2026-08-14", "North", 3000.0),
    ("2026-07-20", "South", 1210.5),
    ("2026-09-30", "South", 2000.0),
    ("2026-09-01", "West", 1899.75),
    ("2026-06-30", "West", 7777.0),
]


def write_office(home: Path) -> None:
    """The office's database."""
    with closing(sqlite3.connect(home / "shop.sqlite")) as connection:
        connection.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, ordered_on DATE, region TEXT, amount REAL)")
        connection.executemany("INSERT INTO orders (ordered_on, region, amount) VALUES (?, ?, ?)", _ROWS)
        connection.commit()


def office_config(home: Path, *servers: FaultyServer) -> Config:
    """The configuration with one model for each server, in this order; all count as local."""
    models = {
        name: {"provider": server.wire, "model": MODEL, "base_url": server.url, "cloud": False, **LIMITS}
        for name, server in zip(("flaky", "steady"), servers, strict=False)
    }
    return Config.model_validate(
        {
            "app": {"home": str(home), "today": "2026-11-02", "timezone": "UTC"},
            "models": models,
            "router": {"order": list(models), "health": {"open_s": LEFT_ALONE_S}},
            "planner": {"free_sql": "choice", "deadline_s": DEADLINE_S},
            "tools": {"enable": ["sql"]},
            "databases": {
                "shop": {
                    "url": f"sqlite:///{home / 'shop.sqlite'}",
                    "measures": {"sales": {"expression": "orders.amount", "words": ["sales", "销售额"]}},
                    "words": {"orders.region": ["region", "地区"]},
                    "date_column": "orders.ordered_on",
                }
            },
        }
    )


def clerk(messages: list[dict[str, str]], schema: dict[str, Any]) -> str:
    """The next step of either goal: the query while it may be made, then the answer."""
    tools = [branch["properties"]["tool"]["const"] for branch in schema.get("anyOf", [schema])]
    if "sql" in tools:
        return _step("sql", sql=_SQL, title="sales")
    chinese = any("统计" in message["content"] for message in messages)
    return _step("finish", answer=_ANSWER_ZH if chinese else _ANSWER)


def _step(tool: str, **args: str) -> str:
    return json.dumps({"thought": "next", "tool": tool, "args": args}, ensure_ascii=False)
