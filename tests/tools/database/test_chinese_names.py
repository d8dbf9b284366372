"""Tables and columns with Chinese names: a part of a name names it, a state is denied with 未."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tools.database.test_spoken_names import Trade

SCHEMA = """
CREATE TABLE 部门 (编号 INTEGER PRIMARY KEY, 名称 TEXT);
CREATE TABLE 员工 (工号 INTEGER PRIMARY KEY, 姓名 TEXT, 性别 TEXT, 基本工资 REAL,
  部门编号 INTEGER REFERENCES 部门 (编号));
CREATE TABLE 考勤 (序号 INTEGER PRIMARY KEY, 工号 INTEGER REFERENCES 员工 (工号), 日期 DATE, 状态 TEXT, 加班小时 REAL);
CREATE TABLE 报销 (单号 INTEGER PRIMARY KEY, 工号 INTEGER REFERENCES 员工 (工号), 金额 REAL, 状态 TEXT);
INSERT INTO 部门 VALUES (1, '研发部'), (2, '财务部');
INSERT INTO 员工 VALUES (1, '张一', '男', 9000, 1), (2, '李二', '女', 8000, 1), (3, '王三', '男', 7000, 2);
INSERT INTO 考勤 VALUES (1, 1, '2026-01-01', '迟到', 2), (2, 2, '2026-01-01', '正常', 3),
  (3, 3, '2026-01-02', '迟到', 0);
INSERT INTO 报销 VALUES (1, 1, 100, '已付款'), (2, 2, 200, '待审批'), (3, 3, 300, '已付款');
"""


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Trade]:
    made = Trade(tmp_path, schema=SCHEMA, dated="考勤.日期")
    yield made
    made.databases.close()


@pytest.mark.parametrize(
    ("goal", "measure"),
    [
        ("研发部的平均工资是多少？", "avg 员工.基本工资"),
        ("平均工资最高的部门是哪个？", "avg 员工.基本工资"),
        ("每个部门的加班总小时数", "sum 考勤.加班小时"),
        ("迟到次数最多的员工是谁？", "count 考勤"),
    ],
)
def test_a_part_of_a_name_names_it(office: Trade, goal: str, measure: str) -> None:
    offered = office.offered(goal)
    aggregated = next(form for form in offered.get("anyOf", [offered]) if "measures" in form)
    assert aggregated["measures"]["items"]["enum"][0] == measure


def test_men_and_women_are_a_column(office: Trade) -> None:
    assert office.offered("男女员工各有多少人？")["by"]["items"]["enum"] == ["员工.性别"]


@pytest.mark.parametrize("goal", ["哪些报销还没有付款？", "列出未付款的报销"])
def test_a_state_is_denied(office: Trade, goal: str) -> None:
    offered = office.offered(goal)["filters"]["items"]["properties"]
    assert (offered["op"]["enum"], offered["value"]["enum"]) == (["!="], ["已付款"])
