"""Ten tool calls by Clawdbot's planner with a model that answers at once; prints the steps' times as JSON."""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.marks import GOAL, NAMES, intervals_ms, peak_mib
from clawdbot.app import App
from clawdbot.config import Config
from clawdbot.demo.company import SEED, build_company
from clawdbot.models.fake import ScriptedChatModel
from clawdbot.models.interface import Rung
from clawdbot.models.ladder import Ladder

_TOOL = '''
from benchmarks.marks import mark
from clawdbot.tools import tool


@tool(effect="read")
def note_{name}(text: str) -> str:
    """Note {name}.

    text: what to note
    """
    return mark(text)

'''


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the ten calls ``--runs`` times, the first of which only warms up."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--database", action="store_true", help="with the demo's database at hand, and its tools")
    chosen = parser.parse_args(arguments)
    steps: list[float] = []
    whole: list[float] = []
    with tempfile.TemporaryDirectory(prefix="overhead-") as name:
        config = notes_config(Path(name), database=chosen.database)
        script = _script(data=chosen.database) * (chosen.runs + 1)
        model = ScriptedChatModel(script=script)
        rung = Rung(name="instant", provider="fake", model="instant", chat=model, context=16_384)
        with App(config, ladder=Ladder.single(rung)) as app:
            for number in range(chosen.runs + 1):
                began = time.perf_counter()
                result = app.engine.start(f"{GOAL} Round {number}.", user="benchmark")
                took = (time.perf_counter() - began) * 1000
                found = intervals_ms()
                if len(found) != len(NAMES) - 1 or result.verdict != "verified":
                    raise SystemExit(f"{len(found) + 1} calls, {result.verdict}: {result.missing} {result.steps[-1]}")
                if number:
                    steps += found
                    whole.append(took)
    print(json.dumps({"steps_ms": steps, "runs_ms": whole, "peak_mib": peak_mib()}))
    return 0


def notes_config(home: Path, *, database: bool, ledger: str = "") -> Config:
    """A home with the ten tools, with or without a database at hand, and its run ledger at that address."""
    tools = home / "tools"
    tools.mkdir()
    (tools / "notes.py").write_text("".join(_TOOL.format(name=name) for name in NAMES), "utf-8")
    enabled = [f"note_{name}" for name in NAMES]
    body: dict[str, Any] = {"app": {"home": str(home)}, "store": {"url": ledger}}
    if database:
        build_company(home / "company.sqlite", seed=SEED)
        body["databases"] = {"company": {"url": f"sqlite:///{home / 'company.sqlite'}"}}
        enabled += ["query", "sql", "chart", "report"]
    body["tools"] = {"enable": enabled, "paths": [str(tools)]}
    return Config.model_validate(body)


def _script(*, data: bool) -> list[dict[str, Any]]:
    """The answers of one run.  With a database at hand, finishing wants a look at it."""
    look = _step("sql", sql="SELECT count(*) AS orders FROM orders", title="orders")
    return [*(_step(f"note_{n}", text=n) for n in NAMES), *([look] if data else []), _step("finish", answer="Done.")]


def _step(tool: str, **args: str) -> dict[str, Any]:
    return {"thought": "next", "tool": tool, "args": args}


if __name__ == "__main__":
    raise SystemExit(main())
