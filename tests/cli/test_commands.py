"""The other commands, and what all of them share: help, words in both languages, errors, the log of our own bugs."""

from __future__ import annotations

import json
import re
import string
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from clawdbot import __version__
from clawdbot.cli import version
from clawdbot.cli.__main__ import main
from clawdbot.cli.root import COMMANDS
from clawdbot.cli.wording import sentences
from clawdbot.knowledge.evaluation.problem import Kind
from tests.cli.conftest import CHART, ROWS, ROWS_GOAL, Desk
from tests.cli.routed import BUILT
from tests.models.conftest import Listening
from tests.office import step

HEAVY = ("pandas", "langgraph", "sqlalchemy", "langchain_core", "matplotlib", "rich", "httpx", "clawdbot.config")


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_say_the_same_things() -> None:
    english, chinese = sentences("en"), sentences("zh")
    assert english.keys() == chinese.keys()
    for group in english:
        assert english[group].keys() == chinese[group].keys(), group
        for key, text in english[group].items():
            assert fields(text) == fields(chinese[group][key]), f"{group}.{key}"


def test_each_sentence_is_used(root: Path) -> None:
    code = "".join(path.read_text("utf-8") for path in (root / "src/clawdbot/cli").glob("*.py"))
    problems = {f"eval_{kind}" for kind in get_args(Kind)} | {"eval_answered_though"}
    built = ("help", "deliverable", "outcome", "verdict", "status", *BUILT)
    for group, keys in sentences("en").items():
        for key in keys:
            known = group in built or key in ("error", "warning", "recorded_no") or key in problems
            known = known or (group in ("costs", "approval") and f'"{key}"' in code)  # columns, and chosen in between
            stems = [key[:end] for end in range(len(key)) if end == 0 or key[end - 1] == "_"]
            known = known or any(f"{group}.{stem}{{" in code for stem in stems)  # the end of the name is a value
            assert known or f"{group}.{key}" in code, key


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["models", "--help"], ["version"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import sys; from clawdbot.cli.__main__ import main; code = main(sys.argv[1:]);"
        f"heavy = sorted(set({HEAVY!r}) & set(sys.modules)); assert not heavy, heavy; sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_help_lists_every_command_in_both_languages(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for locale, title in (("C.UTF-8", "Commands"), ("zh_CN.UTF-8", "命令")):
        monkeypatch.setenv("LC_ALL", locale)
        assert main(["--help"]) == 0
        said = capsys.readouterr().out
        assert title in said
        assert all(re.search(rf"^  {name} ", said, re.MULTILINE) for name in COMMANDS)


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["version"]) == 0
    assert capsys.readouterr().out.startswith(f"clawdbot {__version__} ")


def test_wrong_usage(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bogus"]) == 2
    assert "No such command 'bogus'" in capsys.readouterr().err
    assert main(["runs", "--limit", "many"]) == 2
    assert "Try: clawdbot runs --help" in capsys.readouterr().err
    assert main([]) == 2
    assert "Commands" in capsys.readouterr().out
    assert main(["show", "x", "--json", "--config", "absent.toml"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "config"


def test_a_bug_of_ours_is_one_sentence_and_a_log(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(text: str) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(version, "say", broken)
    desk.capture.readouterr()
    assert main(["version"]) == 1
    said = desk.capture.readouterr().err
    log = desk.folder / ".clawdbot" / "log" / "clawdbot.log"
    assert "ZeroDivisionError" in said and str(log) in said and said.count("\n") == 1
    assert "secret detail" in log.read_text() and log.stat().st_mode & 0o077 == 0
    log.unlink()
    log.mkdir()
    assert main(["version"]) == 1
    assert "secret detail" in desk.capture.readouterr().err


def test_the_environment_overrides_the_file(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.plays(ROWS)
    monkeypatch.setenv("CLAWDBOT_APP__LANGUAGE", "zh")
    code, out, _ = desk.call("runs")
    assert (code, out) == (0, "还没有任务。\n")
    monkeypatch.setenv("CLAWDBOT_APP__LANGUGE", "zh")
    code, _, err = desk.call("runs")
    assert code == 2 and "CLAWDBOT_APP__LANGUAGE" in err


def test_runs_and_show_for_people(desk: Desk) -> None:
    desk.plays(ROWS)
    first = desk.json("run", ROWS_GOAL)[1]["run_id"]
    second = desk.json("run", "Sales by region for Q3 2026, please.")[1]["run_id"]
    listed = desk.json("runs")[1]["runs"]
    assert [run["id"] for run in listed] == [second, first]
    assert len(desk.json("runs", "--limit", "1")[1]["runs"]) == 1
    code, out, _ = desk.call("runs")
    assert code == 0 and first in out and "verified" in out
    code, out, _ = desk.call("show", first)
    assert code == 0 and "● 1 sql" in out and "Verdict: verified" in out and "Status: ended" in out
    assert desk.call("show", "nothing")[0] == 2
    assert desk.call("approve", first)[0] == 2


def test_tools_new_check_list(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    assert main(["tools", "new", "greeting", "--folder", "mine"]) == 0
    assert desk.folder.joinpath("mine", "test_greeting.py").is_file()
    desk.plays(ROWS, more='[tools]\npaths = ["mine"]\n')
    assert desk.json("tools", "check", "mine", "--call") == (0, {"problems": []})
    tools = {tool["name"]: tool for tool in desk.json("tools", "list")[1]["tools"]}
    assert tools["sql"]["enabled"] and not tools["greeting"]["enabled"]
    assert "add 'greeting' to [tools] enable" in desk.call("tools", "list")[1]
    (desk.folder / "mine" / "bad.py").write_text("import nothing_of_the_kind\n")
    code, out, _ = desk.call("tools", "check", "mine")
    assert code == 2 and "bad.py" in out and "nothing_of_the_kind" in out
    assert desk.call("tools", "check")[0] == 2


def test_models_list_and_pull(desk: Desk, ollama: Listening, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", ollama.url)
    desk.plays(ROWS)
    models = {model["name"]: model for model in desk.json("models", "list")[1]["models"]}
    assert models["script"]["available"] and not models["qwen2.5-0.5b"]["available"]
    assert "clawdbot models pull qwen2.5-0.5b" in models["qwen2.5-0.5b"]["reason"]
    assert models["ollama:qwen2.5:3b"]["available"]
    assert desk.call("models", "pull", "ollama:qwen2.5:3b")[:2] == (0, "Ready: ollama:qwen2.5:3b\n")
    code, _, err = desk.call("models", "pull", "ollama:absent")
    assert code == 2 and "absent" in err, "the name was wrong, so it is the person's to mend"
    assert desk.call("models", "pull", "script")[0] == 2
    assert "● script" in desk.call("models", "list")[1]


def test_doctor_names_what_is_missing(desk: Desk) -> None:
    desk.plays(ROWS, more='[databases.gone]\nurl = "sqlite:///gone.sqlite"\n')
    code, found = desk.json("doctor")
    rows = {row["name"]: row for row in found["checks"]}
    assert (code, found["ok"]) == (2, False)
    assert {name for name, row in rows.items() if row["status"] == "fail"} == {"database gone", "mail"}
    assert rows["database shop"]["message"] == "opens read-only, 1 tables"
    assert rows["home"]["status"] == "warn" and rows["home"]["advice"] == "clawdbot doctor --fix"
    assert rows["fitness"]["advice"] == "clawdbot models check"
    assert {"python", "config", "model", "ollama", "tools", "tex", "font", "ports"} <= rows.keys()
    code, out, err = desk.call("doctor", "--fix")
    assert "✓ home:" in out and "✗ database gone:" in out and "    → " in out
    assert f"Made {desk.home}." in err and desk.home.stat().st_mode & 0o077 == 0
    desk.config.write_text("[mial]\n")
    code, out, _ = desk.call("doctor")
    assert code == 2 and "✗ config:" in out and "[mail]" in out


def test_init_by_defaults_ends_in_an_answer(
    desk: Desk,
    ollama: Listening,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OLLAMA_HOST", ollama.url)
    code, out, _ = desk.call("init", "--defaults")
    assert code == 0, out
    assert '{"capital":' in out and "ollama:qwen2.5:3b" in out
    assert ollama.bodies("/api/chat")[0]["format"]["required"] == ["capital"]
    rows = {row["name"]: row["status"] for row in desk.json("doctor")[1]["checks"]}
    assert rows["database company"] == "ok" and rows["model"] == "ok"
    before = desk.config.read_text()
    code, _, err = desk.call("init", "--defaults")
    assert code == 2 and "exists; it is not overwritten" in err and desk.config.read_text() == before


def test_init_asks_nobody_when_nobody_is_there(desk: Desk) -> None:
    code, _, err = desk.call("init")
    assert code == 2 and "clawdbot init --defaults" in err and not desk.config.exists()


def test_demo_judges_its_figures_and_keeps_its_mail(desk: Desk) -> None:
    desk.plays([
        # The query is the only possible one; no model is asked for it.
        step("chart", table="revenue_by_region_2026-Q3", kind="bar", x="region", y=["revenue"], title="Revenue"),
        step("report", title="Sales report", summary="Sales by region."),
        step("mail", subject="Sales report", body="The report is attached."),
        CHART[-1] | {"args": {"answer": "East sold most."}},
    ])  # fmt: skip
    code, found = desk.json("demo", "--lang", "en", "--home", str(desk.folder / "d"))
    assert (code, found["verdict"]) == (0, "verified"), [s["observation"] for s in found["steps"]]
    assert found["demo"]["figures_right"] is True and len(found["demo"]["figures"]) == 6
    (mail,) = found["demo"]["mails"]
    assert mail["to"] == ["finance@example.com"]
    assert Path(mail["path"]).is_file() and Path(mail["attachments"][0]).read_bytes().startswith(b"%PDF")
    assert desk.call("demo", "--lang", "fr")[0] == 2
