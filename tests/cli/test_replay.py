"""``clawdbot replay``: a run's steps put to another model, or decided anew, with nothing done again."""

from __future__ import annotations

import json
import signal
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from clawdbot.cli.wording import sentences
from clawdbot.config_file import load
from clawdbot.workflows.likeness import likeness
from tests.cli.conftest import ROWS, ROWS_GOAL, ROWS_GOAL_ZH, Desk
from tests.cli.routed import OTHER, RUN, attempt, call, context, decision, keep, record
from tests.office import BY_REGION, step


def other(
    desk: Desk, script: list[Any], *, cloud: bool = False, limit: str = "public", order: str = '["script"]'
) -> None:
    """The run's model, and beside it another one that answers with this."""
    path = desk.folder / "other.json"
    path.write_text(json.dumps(script))
    desk.plays(ROWS, more=OTHER.format(cloud=str(cloud).lower(), script=path, limit=limit, order=order))


def ran(desk: Desk, goal: str = ROWS_GOAL) -> str:
    """A run of the desk's script; gives its id."""
    return str(desk.json("run", goal)[1]["run_id"])


def test_another_model_is_asked_the_same_and_compared(desk: Desk) -> None:
    respelled = BY_REGION.replace("SELECT region, SUM(amount) AS sales", "select region , sum(amount) as sales")
    other(desk, [step("sql", sql=respelled, title="Sales!"), step("finish", answer="North leads.")])
    run = ran(desk)
    code, body = desk.json("replay", run, "--model", "other")
    assert code == 0 and body["complete"]
    query, finish = body["steps"]
    assert query["valid"] and query["same_tool"] and query["differs"] == ["title"] and query["differs_in_words_only"]
    assert query["then"]["model"] == "script" and query["now"]["model"] == "other"
    assert Decimal(query["now"]["usd"]) > 0 and query["then"]["usd"] == "0" and query["now"]["tokens"] > 100
    assert finish["differs"] == ["answer"]
    assert body["summary"]["asked"] == 2 and body["summary"]["valid"] == 2 and body["summary"]["only_words"] == 2


def test_a_replay_is_told_in_words_and_does_nothing(desk: Desk) -> None:
    other(desk, [step("chart", table="sales"), step("sql", sql="SELECT 1", title="sales"), step("finish", answer="x")])
    run = ran(desk, ROWS_GOAL_ZH)
    before = sorted((desk.home / "runs").rglob("*"))
    code, out, err = desk.call("replay", run, "--model", "other", "--lang", "en")
    assert code == 0 and "Asking other about step 1" in err
    said = " ".join(out.split())
    assert f"Run {run} again with other. No tool is called, nothing is sent or written." in said
    # The first answer is not valid under the recorded schema, and is mended once, as in a run.
    assert "The same tool with other arguments: sql." in said and "Put to the model: 2 of 2 steps" in said
    assert "Money: nothing then, $0.0" in said
    assert sorted((desk.home / "runs").rglob("*")) == before
    assert [one["id"] for one in desk.json("runs")[1]["runs"]] == [run]
    chinese = desk.call("replay", run, "--model", "other")[1]
    assert "工具相同，参数不同：sql。" in chinese and "交给模型的步骤：2 个，共 2 个；有效的回答：2 个。" in chinese


def test_a_cloud_model_sees_nothing_above_its_limit(desk: Desk) -> None:
    other(desk, [step("finish", answer="x")] * 4, cloud=True)
    run = ran(desk)
    code, out, _ = desk.call("replay", run, "--model", "other")
    said = " ".join(out.split())
    assert code == 3 and "has no step that could be compared" in said
    assert said.count("Not asked: other is in the cloud, where only public data may go, and the step sees") == 2
    other(desk, [ROWS[0], ROWS[1]], cloud=True, limit="internal")
    assert desk.json("replay", run, "--model", "other")[1]["summary"]["same"] == 2


def test_a_wrong_answer_and_a_model_that_is_gone_are_told(desk: Desk) -> None:
    other(desk, ["no JSON", "no JSON"])
    run = ran(desk)
    code, body = desk.json("replay", run, "--model", "other")
    first, second = body["steps"]
    assert not first["valid"] and "not JSON" in first["detail"] and first["now"]["tokens"] > 0
    assert second["skip"] == "unavailable" and "script is over" in second["detail"] and code == 0
    out = " ".join(desk.call("replay", run, "--model", "other")[1].split())
    assert "Now the answer is not valid: The answer is not JSON" in out
    assert "In the words of the program: The script is over" in out
    assert desk.call("replay", run, "--model", "absent")[0] == 2


def test_steps_that_cannot_be_compared_say_why(desk: Desk) -> None:
    other(desk, [{"answer": "x"}])
    config = load(desk.config)
    asked: Mapping[str, Any] = {
        "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "u"},
                     {"role": "assistant", "content": "a"}],
        "schema": {"type": "object", "properties": {"answer": {"type": "string"}}, "required": ["answer"]},
        "max_tokens": 50,
    }  # fmt: skip
    unmasked = attempt(5, context=context(5, kind="final"))
    steps = [
        attempt(1), attempt(2, call=call(masked={"phone": 1})), attempt(3, validations=()),
        attempt(4, call=call(served_from="cache")), unmasked,
        attempt(7, call=None, decision=decision(outcome="over_budget", why="none")),
    ]  # fmt: skip
    records = [record(n, "quote") for n in (1, 2, 3, 4)]
    records += [record(5, "finish", args={"answer": " X "}), record(6, "mail", model="")]
    keep(config, records, steps, requests={0: {}, 1: asked, 2: asked, 3: asked, 4: asked})
    code, body = desk.json("replay", RUN, "--model", "other")
    skips = [one["skip"] for one in body["steps"]]
    assert skips == ["not_recorded", "masked", "judged", "kept", "", "no_model", "not_recorded"]
    assert body["steps"][4]["same_arguments"] and code == 0
    said = " ".join(desk.call("replay", RUN, "--model", "other")[1].split())
    assert all(sentences("en")["replay_skip"][skip].split(":")[1] in said for skip in skips if skip)


def test_ctrl_c_keeps_what_is_done(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    other(desk, [ROWS[0], ROWS[1]])
    run = ran(desk)
    (desk.folder / "interrupting.py").write_text(
        "import os, signal\n"
        "from clawdbot.models.fake import ScriptedChatModel\n"
        "class Interrupting(ScriptedChatModel):\n"
        "    def answer(self, request):\n"
        "        if len(self.calls) == 1:\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "        yield from super().answer(request)\n"
    )
    text = desk.config.read_text()
    head, tail = text.split("[models.other]")
    tail = tail.replace("clawdbot.models.fake:ScriptedChatModel", "interrupting:Interrupting")
    desk.config.write_text(f"{head}[models.other]{tail}")
    monkeypatch.syspath_prepend(str(desk.folder))
    code, body = desk.json("replay", run, "--model", "other")
    assert code == 128 + signal.SIGINT
    assert not body["complete"] and len(body["steps"]) == 1 and body["steps"][0]["same_arguments"]
    out = desk.call("replay", run, "--model", "other")[1]
    assert "Stopped. What is done so far follows." in out and "The same: the same tool" in out


def test_the_present_policy_decides_anew(desk: Desk) -> None:
    other(desk, [], order='["script"]')
    run = ran(desk)
    code, out, _ = desk.call("replay", run)
    assert (
        code == 0
        and out.count("script then and now.") == 2
        and "The configuration is the same" in " ".join(out.split())
    )
    other(desk, [], order='["other", "script"]')
    rule = '\n[[router.rule]]\nname = "finish elsewhere"\nwhen = { kind = ["final"] }\nallow = ["other"]\n'
    desk.config.write_text(desk.config.read_text() + rule)
    code, out, _ = desk.call("replay", run)
    said = " ".join(out.split())
    assert code == 0 and "The configuration has changed since." in said
    assert "script then, other now. Why: no other model could be used for it." in said
    assert "Expected: free and" in said and "The same choice: 1 of 2." in said
    body = desk.json("replay", run)[1]
    assert [one["same"] for one in body["decisions"]] == [True, False] and body["model"] is None
    assert not body["decisions"][0]["same_policy"] and body["decisions"][1]["decision"]["rules"] == ["finish elsewhere"]


def test_no_model_may_be_left_today(desk: Desk) -> None:
    other(desk, [], cloud=True)
    run = ran(desk)
    other(desk, [], cloud=True, order='["other"]')
    said = " ".join(desk.call("replay", run)[1].split())
    assert "script then, no model now. No model was asked: none may see what this step sees." in said
    keep(load(desk.config), [record(1, "query")], [])
    code, out, _ = desk.call("replay", RUN)
    assert code == 3 and "has no step that could be compared" in out


def test_likeness_goes_by_what_a_call_does() -> None:
    schema = {
        "anyOf": [
            {"properties": {"tool": {"const": "chart"}, "args": {"properties": {"kind": {"type": "string",
             "enum": ["bar"]}, "title": {"type": "string"}, "sql": {"type": "string"}}}}},
            {"properties": {"tool": {"const": "mail"}, "args": {"properties": {"body": {"type": "string"}}}}},
        ]
    }  # fmt: skip
    then: dict[str, Any] = {"tool": "chart", "args": {"kind": "bar", "title": "Sales", "y": [1, 2], "note": None}}

    def of(**args: Any) -> Any:
        return likeness(schema, then, {"thought": "", "tool": "chart", "args": {**then["args"], **args}})

    assert of(title=" ＳＡＬＥＳ ", y=[1.0, 2]).same_arguments and of(note="", more={}).same_arguments
    assert of(title="Other").only_words and not of(title="Other", kind="pie").only_words
    assert of(y=[2, 1]).differs == ("y",)
    assert not likeness(schema, then, {"tool": "mail", "args": {"body": ""}}).same_tool
    assert not likeness({}, then, {"tool": "chart", "args": {}}).only_words
    statement = {"tool": "sql", "args": {"sql": "SELECT a FROM t -- note"}}
    for sql, same in (("select a from T", True), ("SELECT b FROM t", False), ("SELECT ((", False)):
        assert likeness({}, statement, {"tool": "sql", "args": {"sql": sql}}).same_arguments is same
