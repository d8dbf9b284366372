"""``clawdbot router check``: what a person is told of their configuration, without asking any model."""

from __future__ import annotations

from typing import Any

import pytest

from clawdbot.cli.__main__ import main
from clawdbot.models.fitness_card import FitnessCard, LanguageScore
from tests.cli.conftest import Desk

CONFIG = """
[app]
home = "home"
[models.small]
provider = "ollama"
model = "qwen2.5:3b"
base_url = "http://127.0.0.1:9"
[models.big]
provider = "llamacpp"
path = "there-is-none.gguf"
context = 32768
[models.far]
provider = "openai"
model = "far-1"
base_url = "http://llm.invalid/v1"
api_key_env = "FAR_KEY"
[models.far.price]
input_usd = 2
output_usd = 8
[models.odd]
provider = "openai"
model = "odd-1"
base_url = "http://odd.invalid/v1"
api_key_env = "FAR_KEY"
[router]
order = ["small", "big", "far", "odd"]
[[router.rule]]
name = "figures stay here"
when = { kind = ["sql"], user = ["group:finance"] }
deny = ["far", "odd"]
[[router.rule]]
name = "analysis begins big"
when = { intent = ["analysis"] }
start = "big"
[groups]
finance = ["anna"]
[budget]
step_usd = 0.005
"""


@pytest.fixture
def configured(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setenv("FAR_KEY", "k")
    monkeypatch.setenv("CLAWDBOT_APP__LANGUAGE", "en")
    desk.config.write_text(CONFIG, "utf-8")
    return desk


def told(desk: Desk, *arguments: str) -> str:
    """The words without line breaks."""
    code, out, err = desk.call("router", "check", *arguments)
    assert code == 0, err
    return " ".join(out.split())


def verdicts(found: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {one["name"]: (one["verdict"], one["reason"]) for one in found["decision"]["candidates"]}


def test_it_tells_rules_models_and_the_choice(configured: Desk) -> None:
    said = told(configured, "--user", "anna", "--label", "public")
    assert "● figures stay here: applies" in said
    assert "○ analysis begins big: does not apply (intent)" in said
    assert "small (on this machine): chosen" in said
    assert 'far (in the cloud): not used, since your rule "figures stay here" forbids it here' in said
    assert "Choice: small" in said and "next in line: big." in said
    assert "No model was asked or loaded." in said
    begun = told(configured, "--kind", "mail", "--intent", "analysis")
    assert "Choice: big" in begun and 'your rule "analysis begins big" says that it begins' in begun
    nobody = told(configured, "--tokens", "500000")
    assert "Choice" not in nobody and "No model was asked: none could be reached, or none was fit for it." in nobody


def test_it_speaks_chinese(configured: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLAWDBOT_APP__LANGUAGE", "zh")
    said = told(configured, "--user", "anna").replace(" ", "")
    assert "●figuresstayhere：适用" in said and "选择：small" in said and "没有询问或载入任何模型" in said


def test_one_object_for_programs(configured: Desk) -> None:
    code, found = configured.json("router", "check", "--label", "public", "--user", "bo", "--attempt", "2")
    assert code == 0
    assert found["example"] == {
        "kind": "sql", "intent": "data", "label": "public", "prompt_tokens": 2000, "max_tokens": 400, "user": "bo",
        "attempt": 2,
    }  # fmt: skip
    assert [rule["fires"] for rule in found["rules"]] == [False, False]
    assert [rule["unmet"] for rule in found["rules"]] == [["user"], ["intent"]]
    assert found["availability"] == "not asked"
    assert verdicts(found) == {
        "small": ("chosen", ""), "big": ("standby", ""), "far": ("filtered", "budget_step"),
        "odd": ("filtered", "no_price"),
    }  # fmt: skip
    assert found["decision"]["policy_hash"]


def test_a_model_that_cannot_be_built_says_why(configured: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FAR_KEY")
    found = configured.json("router", "check", "--label", "public")[1]
    assert verdicts(found)["far"] == ("filtered", "unavailable")
    assert "FAR_KEY" in found["decision"]["candidates"][2]["detail"]


def test_speed_and_odds_are_those_of_the_fitness_card(configured: Desk) -> None:
    score = LanguageScore(tasks=8, valid_rate=1.0, argument_accuracy=1.0, passed_rate=1.0)
    FitnessCard(
        name="big", provider="llamacpp", model="big", checked_at="2026-11-01", tasks=16, valid_rate=1.0,
        argument_accuracy=1.0, repair_rate=1.0, stop_rate=1.0, languages={"zh": score, "en": score}, context=32768,
        effective_context=8000, tested_context=8000, prompt_tokens_per_s=1000.0, tokens_per_s=75.0, failures=(),
        seconds=60.0,
    ).save(configured.folder / "home")  # fmt: skip
    big = configured.json("router", "check")[1]["decision"]["candidates"][1]
    assert (big["verdict"], big["seconds"]) == ("chosen", 4.0)
    assert big["success"] > 0.8


def test_it_makes_nothing_and_asks_nobody(configured: Desk) -> None:
    before = sorted(path.name for path in configured.folder.iterdir())
    told(configured, "--label", "public")
    assert sorted(path.name for path in configured.folder.iterdir()) == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--kind", "sqll"], "--kind cannot be 'sqll'. Did you mean 'sql'? It is one of: brief, plan"),
        (["--intent", "x"], "--intent cannot be 'x'. It is one of: data, question"),
        (["--label", "privat"], "--label cannot be 'privat'. It is one of: public, internal"),
        (["--tokens", "0"], "--tokens"),
    ],
)
def test_a_wrong_example_is_named(configured: Desk, arguments: list[str], said: str) -> None:
    code, _, err = configured.call("router", "check", *arguments)
    assert code == 2 and said in " ".join(err.split())


def test_without_models_it_says_what_to_do(configured: Desk) -> None:
    configured.config.write_text("", "utf-8")
    code, _, err = configured.call("router", "check")
    assert code == 2 and "[models.NAME]" in err and "[router]" in err


def test_the_group_lists_its_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["router", "--help"]) == 0
    assert "check" in capsys.readouterr().out
