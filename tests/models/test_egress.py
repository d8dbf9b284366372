"""Nothing personal and no label above the limit reaches a cloud: thousands of prompts against a server that records,
and no other way out in the code."""

from __future__ import annotations

import ast
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from clawdbot.config import LABELS, Label, ModelConfig
from clawdbot.errors import PolicyRefused
from clawdbot.models.ladder import Ladder, Place
from clawdbot.models.providers import build
from tests.models.conftest import Handler, Listening, listen
from tests.models.desk import CHEAP, Desk, prompt, request

PROMPTS = 2_000
LIMIT: Label = "internal"
WORDS = ("麒麟计划", "Project Falcon")


# --- generated personal data, by public rules and not by the detector's own ------------------------------------------


def _digits(rnd: random.Random, count: int) -> str:
    return "".join(rnd.choice("0123456789") for _ in range(count))


def _resident_id(rnd: random.Random) -> str:
    """GB 11643-1999: region, birthday, order, ISO 7064 MOD 11-2 check."""
    region, birthday = rnd.choice(("110101", "310115", "440305")), f"{rnd.randint(1950, 2005)}{rnd.randint(1, 12):02}15"
    body = region + birthday + _digits(rnd, 3)
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return body + "10X98765432"[sum(int(d) * w for d, w in zip(body, weights, strict=True)) % 11]


def _phone(rnd: random.Random) -> str:
    return rnd.choice(("138", "139", "150", "186", "187")) + _digits(rnd, 8)


def _bank_card(rnd: random.Random) -> str:
    """ISO/IEC 7812: issuer, account, Luhn check."""
    body = rnd.choice(("622202", "622848", "621700")) + _digits(rnd, 12)
    total = 0
    for place, digit in enumerate(reversed(body)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return body + str(-total % 10)


def _mail_address(rnd: random.Random) -> str:
    return f"{rnd.choice(('wei.zhang', 'li_na', 'j.smith'))}{_digits(rnd, 4)}@{rnd.choice(('corp.cn', 'example.com'))}"


def _token(rnd: random.Random) -> str:
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    return rnd.choice(("ghp_", "sk-")) + "".join(rnd.choice(letters) for _ in range(36))


MAKERS: tuple[Callable[[random.Random], str], ...] = (
    _resident_id, _phone, _bank_card, _mail_address, _token, lambda rnd: rnd.choice(WORDS),
)  # fmt: skip
FRAMES = (
    "客户的联系方式是 {} ，请核对。",
    "Please check {} against order 20260718-0042 of 1,250.00 CNY.",
    "| 名称 | 值 |\n| --- | --- |\n| 记录 | {} |",
    '{{"customer": "Acme", "value": "{}"}}',
    "昨天收到：{}；今天没有变化。",
)


def generated(rnd: random.Random, number: int) -> tuple[str, list[str], Label]:
    """A prompt with what is personal in it, and its label; ``[[n]]`` marks it."""
    planted = [rnd.choice(MAKERS)(rnd) for _ in range(rnd.randint(0, 3))]
    lines = [rnd.choice(FRAMES).format(value) for value in planted] or ["Nothing personal. 没有个人信息。"]
    return "\n".join([f"[[{number}]]", *lines]), planted, rnd.choice(LABELS)


# --- a cloud that records --------------------------------------------------------------------------------------------


def _repeats(handler: Handler, body: dict[str, Any]) -> None:
    """Ollama's ``/api/chat``: answers with the prompt itself, and with the first address that the schema allows."""
    shown = body["messages"][-1]["content"]
    allowed = body["format"]["properties"]["to"]["enum"]
    text = json.dumps({"to": allowed[0], "answer": shown}, ensure_ascii=False)
    last = {"message": {"role": "assistant", "content": text}, "done": True, "done_reason": "stop"}
    content = json.dumps({"model": body["model"], **last, "eval_count": 20, "prompt_eval_count": 400}).encode() + b"\n"
    handler.send_response(200)
    handler.send_header("Content-Type", "application/x-ndjson")
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content)


@pytest.fixture(scope="module")
def cloud() -> Iterator[Listening]:
    """A model server that keeps what it was sent."""
    yield from listen({"/api/chat": _repeats})


def desk_with(cloud: Listening, home: Path, **sections: Any) -> Desk:
    """A service whose only model is that server, said to be in a cloud."""
    settings = ModelConfig(provider="ollama", model="big", base_url=cloud.url, cloud=True, price=CHEAP)
    rung = build("big", settings, home=home)
    ladder = Ladder([Place(name="big", settings=settings, rung=rung)])
    router = {"cloud_max_label": LIMIT}
    return Desk(home, ladder=ladder, router=router, masking={"words": WORDS}, **sections)


def _schema(addresses: list[str]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"to": {"enum": addresses}, "answer": {"type": "string", "maxLength": 2000}},
        "required": ["to", "answer"],
        "additionalProperties": False,
    }


def test_thousands_of_prompts_leave_nothing_behind_in_the_cloud(cloud: Listening, tmp_path: Path) -> None:
    desk = desk_with(cloud, tmp_path)
    rnd = random.Random(20261121)
    planted: set[str] = set(WORDS)
    forbidden: set[str] = set()
    answered = 0
    for number in range(PROMPTS):
        text, personal, label = generated(rnd, number)
        addresses = [_mail_address(rnd), _mail_address(rnd)]
        planted |= {*personal, *addresses}
        step = request(label, run_id=f"run-{number % 40}", step=number, kind="mail")
        if LABELS.index(label) > LABELS.index(LIMIT):
            forbidden.add(f"[[{number}]]")
            with pytest.raises(PolicyRefused):
                desk.models.complete(step, prompt(text), _schema(addresses), max_tokens=300)
            continue
        answer = desk.models.complete(step, prompt(text), _schema(addresses), max_tokens=300)
        assert answer.value == {"to": addresses[0], "answer": text}, "everything comes back as it was"
        answered += 1
    received = "\n".join(json.dumps(body, ensure_ascii=False) for body in cloud.bodies("/api/chat"))
    assert len(cloud.bodies("/api/chat")) == answered > PROMPTS / 3
    assert [value for value in planted if value in received] == []
    assert [mark for mark in forbidden if mark in received] == []
    assert len(forbidden) > PROMPTS / 3


def test_personal_data_goes_nowhere_when_masking_is_off(cloud: Listening, tmp_path: Path) -> None:
    before = len(cloud.requests)
    desk = desk_with(cloud, tmp_path)
    unmasked = Desk(tmp_path, ladder=desk.models.ladder, masking={"enabled": False})
    with pytest.raises(PolicyRefused):
        unmasked.ask(f"Who is {_resident_id(random.Random(1))}?")
    assert len(cloud.requests) == before


def test_the_same_thing_has_the_same_pseudonym_in_a_run_of_two_processes(cloud: Listening, tmp_path: Path) -> None:
    for _ in range(2):
        desk = desk_with(cloud, tmp_path)
        desk.models.complete(request(), prompt("Call 13812345678"), _schema(["a@example.com"]), max_tokens=300)
        desk.database.close()
    one, other = (body["messages"][-1]["content"] for body in cloud.bodies("/api/chat")[-2:])
    assert one == other != "Call 13812345678"
    desk = desk_with(cloud, tmp_path)
    step = request(run_id="another")
    desk.models.complete(step, prompt("Call 13812345678"), _schema(["a@example.com"]), max_tokens=300)
    assert cloud.bodies("/api/chat")[-1]["messages"][-1]["content"] != one, "runs cannot be joined by their pseudonyms"


# --- no other way out ----------------------------------------------------------------------------------------------

ROOT = Path(__file__).resolve().parents[2]
WAY_OUT = {
    "src/clawdbot/models/interface.py": "asks a model once; called by calls/caller.py",
    "src/clawdbot/models/calls/caller.py": "repeats, queues and gives up; called by egress.py",
    "src/clawdbot/models/egress.py": "masks; called by the service's dispatch",
    "src/clawdbot/models/service.py": "makes the caller that egress.py uses",
    "src/clawdbot/models/standing.py": "reads the caller's health",
    "workflows/redeciding.py": "needs the caller's health for decisions made anew; asks nobody",
    "src/clawdbot/models/adapted.py": "a provider: wraps LangChain's models",
    "src/clawdbot/models/fitness.py": "measures a model with fixed texts of ours, when a person asks for it",
}
"""Who may reach for a model, and why.  Everything else asks the service."""

NAMES = {"complete_step", "Caller"}
METHODS = {"invoke", "ainvoke", "stream", "astream", "judge", "batch", "generate"}


def test_nothing_else_in_the_product_reaches_for_a_model() -> None:
    found: dict[str, list[str]] = {}
    for folder in ("agents", "tools", "workflows", "knowledge", "src/clawdbot"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            reached = list(_reaching(ast.parse(path.read_text("utf-8"))))
            if reached:
                found[path.relative_to(ROOT).as_posix()] = reached
    strays = {name: reached for name, reached in found.items() if name not in WAY_OUT}
    assert not strays, f"ask clawdbot.models.service.ModelService instead: {strays}"
    assert set(WAY_OUT) == set(found), "take what no longer reaches for a model off the list"


def _reaching(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield from (alias.name for alias in node.names if alias.name in NAMES)
        if isinstance(node, ast.Attribute) and node.attr in METHODS and _is_chat(node.value):
            yield f"line {node.lineno}: .{node.attr}"


def _is_chat(node: ast.expr) -> bool:
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    return name in ("chat", "inner", "llm", "model", "_model", "_chat")


def test_the_list_is_read_right() -> None:
    assert list(_reaching(ast.parse("from x import complete_step\nself.rung.chat.stream(a)\nmodels.judge(b)"))) == [
        "complete_step",
        "line 2: .stream",
    ]
