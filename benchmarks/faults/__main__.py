"""``python -m benchmarks.faults``: short office goals while the model's server misbehaves."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.faults.cell import SETUPS, Cell, Setup, run_cell
from benchmarks.faults.fault import EXPLAINED, FAULTS, WIRES, Fault
from benchmarks.faults.office import DEADLINE_S
from benchmarks.figures import percentile, table
from benchmarks.machine import as_lines, describe
from clawdbot.errors import ClawdbotError

_PACKAGES = ("clawdbot", "httpx", "openai", "langchain-openai", "stamina", "langgraph")


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 0 when every run was right or honestly partial and in time, 1 when one was not, 2 on a usage error."""
    chosen = _arguments(arguments)
    facts = describe(_PACKAGES)
    print(as_lines(facts) + "\n", flush=True)
    logging.getLogger("stamina").setLevel(logging.ERROR)  # repeats are counted, not told one by one
    cells: list[Cell] = []
    try:
        for fault in chosen.only or FAULTS:
            for wire in chosen.wires:
                for setup in _setups(fault, chosen.setups):
                    cells.append(run_cell(fault, wire, setup, runs=chosen.runs))
                    print(_line(cells[-1]), flush=True)
    except ClawdbotError as error:
        print(error, file=sys.stderr)
        return 2
    print("\n" + summary(cells))
    if chosen.json is not None:
        body = {"machine": facts, "deadline_s": DEADLINE_S, "cells": [cell.as_json() for cell in cells]}
        chosen.json.write_text(json.dumps(body, indent=1), "utf-8")
    return 0 if all(cell.honest for cell in cells) else 1


def _setups(fault: Fault, chosen: Sequence[Setup]) -> Sequence[Setup]:
    if fault == "none":
        return ("standby",)
    # A port that is closed stays closed.
    return [setup for setup in chosen if (fault, setup) != ("refused", "sometimes")]


def summary(cells: Sequence[Cell]) -> str:
    """A row for each fault and setup, both wire formats together, and what was promised."""
    head = ("fault", "setup", "runs", "right", "partial", "wrong", "late", "p50, s", "p95, s", "calls", "repeats")
    rows = []
    for fault, setup in dict.fromkeys((cell.fault, cell.setup) for cell in cells):
        runs = [run for cell in cells if (cell.fault, cell.setup) == (fault, setup) for run in cell.runs]
        seconds = [run.seconds for run in runs]
        counts = [str(sum(run.outcome == kind for run in runs)) for kind in ("right", "partial", "wrong", "late")]
        rows.append(
            (
                fault,
                setup,
                str(len(runs)),
                *counts,
                f"{percentile(seconds, 0.5):.2f}",
                f"{percentile(seconds, 0.95):.2f}",
                f"{sum(run.calls for run in runs) / len(runs):.1f}",
                f"{sum(run.repeats for run in runs) / len(runs):.1f}",
            )
        )
    total = sum(len(cell.runs) for cell in cells)
    bad = sum(cell.count("wrong") + cell.count("late") for cell in cells)
    over = sum(cell.repeats > cell.most_repeats for cell in cells)
    return (
        f"{table(head, rows)}\n\n"
        f"{total} runs, each within {DEADLINE_S:.0f} s; wrong or late: {bad}; "
        f"setups in which repeats went over their budget: {over}.\n"
        "calls and repeats are for one run; the first row is a healthy server."
    )


def _line(cell: Cell) -> str:
    outcomes = ", ".join(
        f"{cell.count(kind)} {kind}" for kind in ("right", "partial", "wrong", "late") if cell.count(kind)
    )
    return f"{cell.fault} ({EXPLAINED[cell.fault]}), {cell.wire}, {cell.setup}: {outcomes}"


def _arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults", description=__doc__)
    parser.add_argument("--runs", type=int, default=10, help="runs under each fault, wire format and setup")
    parser.add_argument("--only", nargs="*", choices=FAULTS, default=[], metavar="FAULT", help="some faults only")
    parser.add_argument("--wires", nargs="*", choices=WIRES, default=WIRES, metavar="WIRE", help="ollama, openai")
    parser.add_argument("--setups", nargs="*", choices=SETUPS, default=SETUPS, metavar="SETUP", help=", ".join(SETUPS))
    parser.add_argument("--json", type=Path, default=None, help="write every figure to this file")
    return parser.parse_args(given)


if __name__ == "__main__":
    raise SystemExit(main())
