"""Scanned pages: ours beside RapidOCR in its default settings, on every kind of damage."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean

import numpy as np
from PIL.Image import Image
from rapidocr import RapidOCR
from rapidocr.utils.output import RapidOCROutput

from benchmarks.figures import percentile, table
from benchmarks.machine import as_lines, describe
from benchmarks.recognition.damage import KINDS
from benchmarks.recognition.pages import Layout, render
from benchmarks.recognition.score import character_error, lost_lines
from clawdbot.knowledge.loaders.page_reader import ReadPage
from clawdbot.knowledge.ocr.reader import OcrReader

GOAL = 0.03
"""Most character errors on average."""
LAYOUTS = {
    "zh 10.5 pt 300 dpi": Layout(language="zh", font="Noto Serif SC", points=10.5, dpi=300),
    "zh 9 pt 150 dpi": Layout(language="zh", font="Noto Sans SC", points=9, dpi=150),
    "en 10.5 pt 300 dpi": Layout(language="en", font="STIX", points=10.5, dpi=300),
    "en 9 pt 150 dpi": Layout(language="en", font="DejaVu Sans", points=9, dpi=150),
}
_PACKAGES = ("clawdbot", "rapidocr", "onnxruntime", "numpy", "pillow")
Reader = Callable[[Image], ReadPage]


@dataclass(frozen=True, kw_only=True)
class Result:
    """One page as one system read it; ``seconds`` is wall-clock time, ``cpu_s`` that of the cores together."""

    system: str
    layout: str
    damage: str
    seed: int
    lines: int
    character_error: float
    lost_lines: int
    seconds: float
    cpu_s: float
    doubtful: bool


def main(arguments: Sequence[str]) -> int:
    """Read, print the tables; 1 when the goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recognition pages", description=__doc__)
    parser.add_argument("--pages", type=int, default=1, help="pages for each layout and kind of damage")
    parser.add_argument("--damage", choices=tuple(KINDS), nargs="+", default=tuple(KINDS))
    parser.add_argument("--layout", choices=tuple(LAYOUTS), nargs="+", default=tuple(LAYOUTS))
    parser.add_argument("--ours-only", action="store_true")
    parser.add_argument("--json", type=Path, default=None, help="write every figure to this file")
    chosen = parser.parse_args(arguments)
    facts = describe(_PACKAGES)
    print(as_lines(facts) + "\n", flush=True)
    results = list(_results(chosen.layout, chosen.damage, range(1, chosen.pages + 1), ours_only=chosen.ours_only))
    print(_table(results, "damage") + "\n\n" + _table(results, "layout") + "\n\n" + _time_table(results))
    ours = mean(result.character_error for result in results if result.system == "Clawdbot")
    print(f"\ngoal: character error under {GOAL:.0%} on average; ours {ours:.2%}")
    if chosen.json is not None:
        body = {"machine": facts, "goal": GOAL, "results": [asdict(result) for result in results]}
        chosen.json.write_text(json.dumps(body, indent=1), "utf-8")
    return 0 if ours < GOAL else 1


def _results(
    layouts: Sequence[str], damages: Sequence[str], seeds: Sequence[int], *, ours_only: bool
) -> Iterator[Result]:
    ours, theirs = OcrReader(), None if ours_only else _rapidocr()
    systems: dict[str, Reader] = {"Clawdbot": ours.read} | ({} if theirs is None else {"RapidOCR, defaults": theirs})
    for layout, seed in ((layout, seed) for seed in seeds for layout in layouts):
        page = render(LAYOUTS[layout], seed=seed)
        for damage in damages:
            image = KINDS[damage](page.image, seed)
            for system, read in systems.items():
                start, cpu = time.perf_counter(), time.process_time()
                found = read(image)
                spent, used = time.perf_counter() - start, time.process_time() - cpu
                text = "\n".join(found.text_lines)
                result = Result(
                    system=system,
                    layout=layout,
                    damage=damage,
                    seed=seed,
                    lines=len(page.lines),
                    character_error=character_error("\n".join(page.lines), text),
                    lost_lines=lost_lines(page.lines, text),
                    seconds=spent,
                    cpu_s=used,
                    doubtful=found.doubtful,
                )
                print(f"{layout}, {damage}: {system} {result.character_error:.2%}, {spent:.1f} s", file=sys.stderr)
                yield result


def _rapidocr() -> Reader:
    engine = RapidOCR(params={"Global.log_level": "error"})

    def read(image: Image) -> ReadPage:
        answer = engine(np.asarray(image)[:, :, ::-1])
        return ReadPage(text_lines=tuple((answer.txts or ()) if isinstance(answer, RapidOCROutput) else ()))

    return read


def _table(results: Sequence[Result], by: str) -> str:
    systems = list(dict.fromkeys(result.system for result in results))
    head = (by, "lines", *(f"{system}: {figure}" for system in systems for figure in ("error", "lost")))
    rows = []
    for name in [*dict.fromkeys(getattr(result, by) for result in results), "all"]:
        picked = [result for result in results if name in (getattr(result, by), "all")]
        cells = [str(sum(result.lines for result in picked if result.system == systems[0]))]
        for system in systems:
            its = [result for result in picked if result.system == system]
            cells += [f"{mean(r.character_error for r in its):.2%}", str(sum(r.lost_lines for r in its))]
        rows.append((name, *cells))
    return table(head, rows)


def _time_table(results: Sequence[Result]) -> str:
    rows = []
    for system in dict.fromkeys(result.system for result in results):
        its = [result for result in results if result.system == system]
        times = ([result.seconds for result in its], [result.cpu_s for result in its])
        figures = [f"{percentile(values, share):.1f}" for values in times for share in (0.5, 0.95)]
        doubtful = f"{sum(r.doubtful for r in its)} of {len(its)}" if system == "Clawdbot" else "-"
        rows.append((system, *figures, doubtful))
    return table(("system", "s a page, p50", "p95", "CPU s a page, p50", "p95", "pages called doubtful"), rows)
