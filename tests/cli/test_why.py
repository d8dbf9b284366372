"""``clawdbot why``: what is told of a run's decisions, in both languages, in narrow and wide terminals."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from clawdbot.cli.amounts import Amounts
from clawdbot.cli.telling import Telling
from clawdbot.cli.why_view import overview, step_account
from clawdbot.cli.wording import Language, Words, sentences
from clawdbot.cli.wrapping import wrapped
from clawdbot.config import Config
from clawdbot.config_file import load
from clawdbot.models.routing.attempt import Attempt, Validation
from clawdbot.models.routing.decision import Reason
from clawdbot.models.routing.step_context import FAILURE_KINDS, Failure
from clawdbot.workflows.account import account, add_up
from tests.cli.conftest import ROWS, ROWS_GOAL, Desk
from tests.cli.routed import (
    BUILT,
    CLOUD,
    CODER,
    GOAL_ZH,
    OTHER,
    RUN,
    SMALL,
    attempt,
    call,
    cloud,
    coder,
    context,
    decision,
    keep,
    record,
    small,
    story,
)

RAW = re.compile(r"\b[a-z]+_[a-z_]+\b")
"""A name out of the program, such as budget_day."""
MAY_STAND = {
    "cloud_max_label", "day_usd", "task_usd", "step_usd", "user_day_usd", "deadline_s", "escalate_after",
}  # fmt: skip
"""Keys of the configuration that a person is told to change."""


@pytest.fixture
def config(desk: Desk) -> Config:
    """A person's configuration, with money for a run and for a day."""
    desk.plays(ROWS, more="\n[budget]\ntask_usd = 0.5\nday_usd = 5\n")
    return load(desk.config)


def told(one: Attempt, language: Language = "en") -> str:
    """All that is told of a step with one attempt."""
    (step,) = account([record(one.context.step, "query")], [one])
    return "\n".join(line.text for line in step_account(Telling(Words(language)), step))


def test_every_value_of_a_record_has_its_words() -> None:
    for language in get_args(Language):
        for group, values in BUILT.items():
            assert sentences(language)[group].keys() == values, (language, group)


def test_a_run_is_told_step_by_step(desk: Desk, config: Config) -> None:
    keep(config, *story())
    code, out, _ = desk.call("why", RUN[:12])
    assert code == 0
    said = " ".join(out.split())
    for expected in (
        "1 Get figures from the database qwen2.5-coder-1.5b (on this machine) · free · 3.9 s Why: all in all",
        "Checks passed: all 2. 2 Draw a chart",
        "Why: it had done the step before; any other model would first have had to read everything again.",
        "3 Write the report deepseek-v3 (in the cloud) · $0.0004 · 7.8 s",
        "First qwen2.5-coder-1.5b tried, but its answer did not have the form that was asked for.",
        "Hidden before the text left this machine: phone numbers (2), e-mail addresses (1).",
        "Checks not passed: the figures.",
        "4 Write the mail No model was needed: only one call was possible.",
        "No model could answer: an older answer of qwen2.5-coder-1.5b was given, 2 h old.",
        "6 Check the result No model was asked: the money that may be spent is used up.",
        "Steps: 6 (on this machine 2, in the cloud 1, without a model 2).",
        "Steps that no model answered, or of which that was not kept: 1.",
        "Spent: $0.0004. The dearest model would have cost $0.026 for everything; saved: $0.025 (98 %).",
        "another model took over after a failed attempt: 1.",
        "Your rules that applied: reports (once).",
        "Still to be spent: $0.50 in this run, $5.00 by everybody together today.",
        f"More about a step: clawdbot why {RUN} 1 --config ",
    ):
        assert expected in said


def test_a_run_is_told_in_its_own_language_or_another(desk: Desk, config: Config) -> None:
    keep(config, *story(), goal=GOAL_ZH, language="zh")
    out = desk.call("why", RUN)[1]
    for expected in (
        "3  写报告", "deepseek-v3（在云端）· 0.0004 美元 · 7.8 秒",
        "先由 qwen2.5-coder-1.5b 尝试，但回答不符合要求的形式。",
        "离开本机之前已隐去：电话号码（2 个）、邮箱地址（1 个）。", "不需要模型：只有一种做法。",
        "节省了 0.025 美元（98%）",
        "还可以花：这个任务 0.50 美元、所有人今天合计 5.00 美元。",
    ):  # fmt: skip
        assert expected in out.replace("\n    ", "")
    assert "Get figures from the database" in desk.call("why", RUN, "--lang", "en")[1]
    code, _, err = desk.call("why", RUN, "--lang", "fr")
    assert code == 2 and "--lang zh" in err


@pytest.mark.parametrize("width", [60, 100])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_lines_keep_to_the_terminal_and_show_no_names_of_the_program(
    desk: Desk, config: Config, monkeypatch: pytest.MonkeyPatch, width: int, language: str
) -> None:
    keep(config, *story())
    monkeypatch.setenv("COLUMNS", str(width))
    for more in ([], ["1"], ["3"], ["5"], ["6"]):
        code, out, _ = desk.call("why", RUN, *more, "--lang", language)
        assert code == 0
        lines = [line for line in out.splitlines() if not line.startswith("  clawdbot why ")]
        assert max(map(cell_len, lines)) <= width
        assert not [line for line in lines if line.lstrip().startswith(("，", "。", "、", "；", "）"))]
        assert set(RAW.findall("\n".join(lines))) <= MAY_STAND


def test_a_step_is_told_with_all_that_was_weighed(desk: Desk, config: Config) -> None:
    keep(config, *story())
    said = " ".join(desk.call("why", RUN, "3")[1].split())
    for expected in (
        "The task was about figures. The step could see internal data, in about 2,412 tokens (pieces of words).",
        "Attempt 1 of 2", "chosen; free, about 4.2 s, expected to succeed 8 times in 10.",
        "could have done it (free, about 2.1 s, expected to succeed 4 times in 10), but all in all would have cost "
        "$0.0020 more.",
        "deepseek-v3 (in the cloud): not used, since it is in the cloud, where only public data may go, and the step "
        "sees internal data. To change this: raise cloud_max_label in [router]",
        "qwen2.5-coder-1.5b gave nothing usable: its answer did not have the form that was asked for.",
        "Attempt 2 of 2", "Why: the attempt before had failed.",
        "at most $0.0013 was set aside; $0.0004 was spent. The price of deepseek-v3 was known as of 2026-10-01.",
        "The figures: wrong. 5,600 is in no result",
    ):  # fmt: skip
        assert expected in said
    code, _, err = desk.call("why", RUN, "9")
    assert code == 2 and "has no step 9" in err and "1, 2, 3, 4, 5, 6" in err


def test_json_holds_the_record_and_what_is_told(desk: Desk, config: Config) -> None:
    keep(config, *story())
    code, body = desk.json("why", RUN)
    assert code == 0 and body["recorded"] and body["status"] == "running"
    assert [step["place"] for step in body["steps"]] == ["local", "local", "cloud", "none", "none", "unknown"]
    assert body["summary"]["spent_usd"] == "0.00041" and body["summary"]["taken_over"] == 1
    assert body["summary"]["budget_left_usd"] == {"task": "0.5", "user_day": None, "day": "5"}
    kept = Attempt.from_json(body["steps"][2]["attempts"][1])
    assert kept.decision.why == "escalated" and kept.reserved_usd == Decimal("0.00131")
    assert "Spent: $0.0004." in body["told"]
    code, body = desk.json("why", RUN, "6")
    assert body["step"]["attempts"][0]["call"] is None and body["told"][0] == "Step 6: Check the result"


def test_a_real_run_is_told_as_it_went(desk: Desk) -> None:
    path = desk.folder / "other.json"
    path.write_text(json.dumps(ROWS))
    order = '["script", "other"]'
    more = OTHER.format(cloud="true", script=path, limit="internal", order=order)
    desk.plays(["no JSON", "still none"], more=f"{more}\n[budget]\nday_usd = 1\n")
    run = str(desk.json("run", ROWS_GOAL)[1]["run_id"])
    body = desk.json("why", run)[1]
    assert [step["place"] for step in body["steps"]] == ["cloud", "cloud"]
    asked = [one["call"]["model"] for one in body["steps"][0]["attempts"]]
    assert asked[0] == "script" and asked[-1] == "other"
    said = " ".join(desk.call("why", run)[1].split())
    assert "First script tried, but its answer did not have the form that was asked for." in said
    assert "another model took over after a failed attempt: 1." in said
    assert "Nothing had to be hidden from the cloud." in said and "by everybody together today." in said
    step = " ".join(desk.call("why", run, "1")[1].split())
    assert "Why: the attempt before had failed." in step
    assert "The text was searched for personal data before it left this machine; there was none." in step
    assert "The database query: right." in step


def test_an_old_run_says_that_no_reasons_were_kept(desk: Desk, config: Config) -> None:
    keep(config, [record(1, "query"), record(2, "", outcome="invalid"), record(3, "mail", model="")], [])
    said = " ".join(desk.call("why", RUN)[1].split())
    assert said.count("This run was made before reasons were kept") == 1
    assert "1 Get figures from the database Done by qwen2.5-coder-1.5b. Why this model served was not kept." in said
    assert "2 Decide what to do next" in said and "No model was needed" in said and "More about" not in said
    assert "Done by qwen2.5-coder-1.5b." in desk.call("why", RUN, "1")[1]
    keep(config, [], [], run_id="20261102-101010-empty0")
    assert "Steps: 0" in desk.call("why", "20261102-101010-empty0")[1]
    code, _, err = desk.call("why", "20261102-101010-empty0", "1")
    assert code == 2 and "It has none yet." in err


@pytest.mark.parametrize("reason", sorted(set(get_args(Reason)) - {""}))
def test_each_reason_is_a_sentence_with_what_to_change(reason: Any) -> None:
    details = {"label": "internal > public", "context": "2412 + 300 > 2048", "budget_day": "0.00131 > 0.0004"}
    refused = cloud(reason=reason, detail=details.get(reason, "finance-stays"))
    failed = Failure(model=CLOUD, kind="timeout")
    one = attempt(decision=decision(coder(), refused, why="only"), context=context(failures=(failed,)))
    english, chinese = told(one), told(one, "zh")
    assert f"{CLOUD} (in the cloud): not used, since " in english and f"{CLOUD}（在云端）：没有用，因为" in chinese
    assert not {name for name in RAW.findall(english + chinese)} - MAY_STAND
    if reason.startswith("rule"):
        assert 'your rule "finance-stays"' in english and "您设定的规则“finance-stays”" in chinese
    if reason == "unavailable":
        assert "could not be reached: finance-stays." in english
    if reason == "failed_before":
        assert "failed at this step already: it took too long." in english
    if reason == "budget_day":
        assert "up to $0.0013, and everybody together had only $0.0004 left" in english
        assert "raise day_usd in [budget]" in english
    if reason == "context":
        assert "about 2,712 tokens with the answer, and it takes 2,048" in english


@pytest.mark.parametrize("kind", FAILURE_KINDS)
def test_each_failure_is_told(kind: Any) -> None:
    one = attempt(call=call(error=kind, error_text="HTTP 503", tries=3), validations=())
    said = told(one)
    assert f"{CODER} gave nothing usable: {sentences('en')['failure'][kind]}." in said
    (step,) = account([], [one])
    assert f"It came to nothing: {sentences('en')['failure'][kind]}." in [
        line.text for line in overview(Telling(Words("en")), [step])
    ]
    assert "It was called 3 times." in said and "In the words of the program: HTTP 503" in said


def test_what_happened_is_told() -> None:
    by_standby = attempt(
        decision=decision(coder(), small(verdict="standby", expected_usd=0.001), rules=("a", "b"), why="start_rule"),
        call=call(SMALL, tries=2), validations=(Validation(name="own", ok=False),),
    )  # fmt: skip
    said = told(by_standby)
    assert f"{CODER} did not answer, so {SMALL} stepped in." in said and "It was called 2 times until" in said
    assert 'Why: your rule "a, b" says that it begins.' in said and "Your rules that applied: a, b." in said
    assert "and all in all for no more. It would have been asked next." in said
    assert "Another check (own): wrong." in said
    assert "No model was asked." in told(attempt(call=None, validations=()))
    assert "No model was asked." in told(attempt(call=call(served_from="nothing"), validations=()))
    kept = told(attempt(call=call(served_from="cache", age_s=40), validations=()))
    assert f"No model was asked: an answer of {CODER}, 40 s old, was given again." in kept
    assert "No check was made of this answer." in kept
    clean = told(attempt(call=call(CLOUD, masked={}), context=context(masked_label="public")))
    assert "there was none" in clean and "what was left was public data" in clean
    nameless = decision(coder(), cloud(reason=""), rules=("",), why="start_rule")
    assert "one of your rules says" in told(attempt(decision=nameless))


def test_a_repair_by_the_same_model_is_told_as_one() -> None:
    failed = Failure(model=CODER, kind="schema_invalid", detail="no title")
    said = told(attempt(context=context(attempt=3, failures=(failed, failed))))
    assert said.count("First qwen2.5-coder-1.5b tried") == 1 and "Why: it was told what was wrong; to mend it" in said


def test_several_questions_of_one_step_are_told_apart() -> None:
    judged = attempt(2, context=context(2, kind="search"))
    decided = attempt(2, context=context(2, kind="plan"), call=call(SMALL), decision=decision(small(verdict="chosen")))
    (step,) = account([record(2, "own_tool")], [judged, decided])
    assert len(step.questions) == 2 and add_up([step]).local == 1
    lines = [line.text for line in step_account(Telling(Words("en")), step)]
    assert lines[0] == "Step 2: Use the tool own_tool" and sum(line.startswith("Attempt 1 of 1") for line in lines) == 2


@pytest.mark.parametrize(
    ("usd", "shown"),
    [("0", "nothing"), ("0.00002", "less than $0.0001"), ("0.00041", "$0.0004"), ("0.0123", "$0.012"),
     ("0.5", "$0.50"), ("1.005", "$1.01"), ("1234.5", "$1,234.50"), ("0.09996", "$0.10")],
)  # fmt: skip
def test_money_is_rounded_as_people_say_it(usd: str, shown: str) -> None:
    assert Amounts(Words("en")).money(Decimal(usd)) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.02, "20 ms"),
        (0.4, "0.4 s"),
        (59.6, "60 s"),
        (119, "119 s"),
        (180, "3 min"),
        (7300, "2 h"),
        (200_000, "2 days"),
    ],
)
def test_times_are_told_in_their_unit(seconds: float, shown: str) -> None:
    assert Amounts(Words("en")).duration(seconds) == shown


def test_odds_are_told_as_times_in_ten() -> None:
    amounts = Amounts(Words("en"))
    assert amounts.chance(0.83) == "expected to succeed 8 times in 10"
    assert amounts.chance(0.99).endswith("nearly always") and amounts.chance(0.01).startswith("expected to fail")
    assert amounts.place(None) == "place not kept"


@settings(deadline=None, max_examples=150)
@given(text=st.text(alphabet="ab c，。（）“”汉字数据1-\n", max_size=120), width=st.integers(20, 60))
def test_wrapping_loses_nothing_and_keeps_to_the_width(text: str, width: int) -> None:
    lines = list(wrapped(text, width, indent="  "))
    assert "".join("".join(lines).split()) == "".join(text.split())
    longest = max((cell_len(word) for word in re.findall(r"[^\s\u4e00-\u9fff]+", text)), default=0)
    assert all(cell_len(line) <= max(width, longest + 6) for line in lines)
