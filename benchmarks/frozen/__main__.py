"""``python -m benchmarks.frozen``: what freezing a run saves, with the embedded model."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.figures import percentile, table
from benchmarks.frozen.measuring import Figures, measure
from benchmarks.machine import as_lines, describe
from clawdbot.app import App
from clawdbot.config import AppConfig
from clawdbot.errors import ClawdbotError
from clawdbot.models.catalog import DEFAULT_MODEL

_PACKAGES = ("clawdbot", "xllamacpp", "langgraph")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print the table; 1 when a number was wrong, 2 when it could not be measured."""
    chosen = _arguments(arguments)
    print(as_lines(describe(_PACKAGES)))
    print(f"model {chosen.model} · {chosen.language} · {chosen.rounds} rounds\n", flush=True)
    found: list[Figures] = []
    try:
        with tempfile.TemporaryDirectory(prefix="frozen-") as folder:
            home = Path(folder) / "home"
            home.mkdir()
            (home / "models").symlink_to(chosen.home / "models", target_is_directory=True)
            for figures in measure(
                Path(folder), chosen.language, lambda config: App.open(config, model=chosen.model),
                app_home=home, rounds=chosen.rounds,
            ):  # fmt: skip
                found.append(figures)
                print(f"{figures.what}: {figures.seconds:.1f} s, asked {figures.asked} times", flush=True)
    except ClawdbotError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"\n{as_table(found)}")
    if chosen.json is not None:
        body = {"machine": describe(_PACKAGES), "model": chosen.model, "runs": [f.as_json() for f in found]}
        chosen.json.write_text(json.dumps(body, ensure_ascii=False, indent=1), "utf-8")
    return 0 if all(f.right for f in found) else 1


def as_table(found: Sequence[Figures]) -> str:
    """The median of each kind of run, and its share of the planner's time."""
    kinds = list(dict.fromkeys(f.what for f in found))
    first = percentile([f.seconds for f in found if f.what == kinds[0]], 0.5)
    rows = []
    for kind in kinds:
        own = [f for f in found if f.what == kind]
        seconds = percentile([f.seconds for f in own], 0.5)
        rows.append(
            [
                kind, f"{seconds:.1f}", f"{100 * seconds / first:.0f} %",
                f"{percentile([f.asked for f in own], 0.5):.0f}",
                f"{percentile([f.prompt_tokens for f in own], 0.5):.0f}",
                f"{percentile([f.completion_tokens for f in own], 0.5):.0f}",
                f"{sum(f.verdict == 'verified' for f in own)}/{len(own)}", f"{sum(f.right for f in own)}/{len(own)}",
            ]
        )  # fmt: skip
    head = ["run", "s, median", "of the planner's", "asked", "prompt tokens", "written tokens", "verified", "right"]
    return table(head, rows)


def _arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.frozen", description=__doc__)
    parser.add_argument("--language", choices=("zh", "en"), default="zh")
    parser.add_argument("--rounds", type=int, default=1, help="planner runs; each is frozen and run three times")
    parser.add_argument("--model", default=DEFAULT_MODEL, help="a model that was pulled")
    parser.add_argument("--home", type=Path, default=AppConfig().home, help="where pulled models lie")
    parser.add_argument("--json", type=Path, default=None, help="write every figure to this file")
    return parser.parse_args(given)


if __name__ == "__main__":
    raise SystemExit(main())
