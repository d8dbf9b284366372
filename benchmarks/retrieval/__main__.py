"""``python -m benchmarks.retrieval``: nDCG@10, recall@10 and latency over sets of judged questions, side by side.

Nothing in the product was fitted to these sets: docs/adr/0016-retrieval.md says where each constant comes from.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from benchmarks.figures import percentile, table
from benchmarks.machine import as_lines, describe
from benchmarks.retrieval.judged import SETS, Judged, ndcg, read_set, recall
from benchmarks.retrieval.systems import Ask, chroma, ours_and_its_parts

_ROOT = Path(__file__).resolve().parents[2]
_DATA = _ROOT.parent / "shared" / "data" / "retrieval"
_PACKAGES = ("clawdbot", "tantivy", "chromadb", "onnxruntime", "numpy")
_HEAD = ("set", "system", "questions", "nDCG@10", "recall@10", "p50, ms", "p95, ms")
_WARM_UP = 5

Opening = Callable[[Judged, Path, Path], AbstractContextManager[dict[str, Ask]]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print the table; 2 when there is no data."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.retrieval", description=__doc__)
    parser.add_argument("--data", type=Path, default=_DATA, help="folder of sets (corpus, queries, qrels)")
    parser.add_argument("--only", default=",".join(SETS), help="names of sets")
    parser.add_argument("--questions", type=int, default=0, help="questions of each set; all unless given")
    parser.add_argument("--cache", type=Path, default=_ROOT / ".cache" / "benchmarks" / "retrieval")
    parser.add_argument("--json", type=Path, default=None, help="write every figure to this file")
    chosen = parser.parse_args(arguments)
    names = [name for name in chosen.only.split(",") if (chosen.data / name / "qrels.tsv").is_file()]
    if not names:
        print(f"no sets in {chosen.data}: name a folder with --data", file=sys.stderr)
        return 2
    facts = describe(_PACKAGES)
    print(as_lines(facts) + "\n", flush=True)
    rows: list[dict[str, Any]] = []
    for name in names:
        judged = read_set(chosen.data / name, most=chosen.questions)
        for opening in (ours_and_its_parts, chroma):
            rows += _played(judged, opening, chosen.cache)
    print(table(_HEAD, [_cells(row) for row in rows]))
    for reason in dict.fromkeys(row["error"] for row in rows if "error" in row):
        print(f"\nnot measured: {reason}")
    if chosen.json is not None:
        chosen.json.write_text(json.dumps({"machine": facts, "rows": rows}, indent=1), "utf-8")
    return 0


def _played(judged: Judged, opening: Opening, cache: Path) -> list[dict[str, Any]]:
    """One row for each system that ``opening`` offers, or the reason why there is none."""
    with tempfile.TemporaryDirectory() as home:
        try:
            with opening(judged, Path(home), cache) as systems:
                return [_row(judged, name, ask) for name, ask in systems.items()]
        except Exception as error:  # another system may fail in any way; the row says how
            reason = f"{opening.__name__}: {type(error).__name__}: {str(error)[:200]}"
            return [{"set": judged.name, "system": opening.__name__, "error": reason}]


def _row(judged: Judged, system: str, ask: Ask) -> dict[str, Any]:
    marks: list[tuple[float, float]] = []
    ms: list[float] = []
    for question in list(judged.questions.values())[:_WARM_UP]:
        ask(question)
    for id, question in judged.questions.items():
        start = time.perf_counter()
        ranking = ask(question)
        ms.append((time.perf_counter() - start) * 1000)
        marks.append((ndcg(ranking, judged.relevant[id]), recall(ranking, judged.relevant[id])))
    found = {
        "set": judged.name,
        "system": system,
        "questions": len(marks),
        "ndcg": sum(gain for gain, _ in marks) / len(marks),
        "recall": sum(share for _, share in marks) / len(marks),
        "p50_ms": percentile(ms, 0.5),
        "p95_ms": percentile(ms, 0.95),
    }
    print(" · ".join(_cells(found)), file=sys.stderr, flush=True)
    return found


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    if "error" in row:
        return (row["set"], row["system"], *("-",) * 5)
    quality = (f"{row['ndcg']:.4f}", f"{row['recall']:.4f}")
    return (row["set"], row["system"], str(row["questions"]), *quality, f"{row['p50_ms']:.1f}", f"{row['p95_ms']:.1f}")


if __name__ == "__main__":
    raise SystemExit(main())
