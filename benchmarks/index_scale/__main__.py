"""``python -m benchmarks.index_scale scale | kill``: the vector index with 100,000 chunks; 200 kills while it syncs."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.figures import percentile, table
from benchmarks.index_scale.data import SCOPES, VISIBLE, prepare
from benchmarks.index_scale.kills import series
from benchmarks.index_scale.systems import LIMIT
from benchmarks.machine import as_lines, describe
from clawdbot.errors import ClawdbotError, UsageError

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".cache" / "benchmarks" / "index_scale"
SYSTEMS = ("exact", "chroma", "graph", "langchain")
_PACKAGES = ("clawdbot", "chromadb", "numpy", "langchain-core")


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when everything was measured and, for ``kill``, nothing was wrong; 2 when it could not begin."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.index_scale", description=__doc__)
    what = parser.add_subparsers(dest="what", required=True)
    scale = what.add_parser("scale", help="questions, memory, disk and time to build")
    scale.add_argument("--chunks", type=int, default=100_000)
    scale.add_argument("--only", default=",".join(SYSTEMS), help=f"systems, of {', '.join(SYSTEMS)}")
    scale.add_argument(
        "--folder", type=Path, default=FOLDER, help="where the library and the indexes are made and kept"
    )
    scale.add_argument("--keep", action="store_true", help="ask the indexes that an earlier run built")
    kill = what.add_parser("kill", help="kill a process that syncs the index, and look at what it left")
    kill.add_argument("--times", type=int, default=200)
    kill.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args(arguments)
    print(as_lines(describe(_PACKAGES)), flush=True)
    try:
        if chosen.what == "kill":
            return _kill(chosen.times, chosen.seed)
        return _scale(chosen.chunks, chosen.only.split(","), chosen.folder, keep=chosen.keep)
    except ClawdbotError as error:
        print(error, file=sys.stderr)
        return 2


def _kill(times: int, seed: int) -> int:
    looks, wrong = 0, 0
    kills, rebuilt, longest, unanswered = 0, 0, 0.0, 0
    with tempfile.TemporaryDirectory(prefix="index-kills-") as folder:
        for look in series(times, Path(folder), seed=seed):
            looks, kills = looks + 1, kills + look.kills
            rebuilt, longest = rebuilt + bool(look.rebuilt), max(longest, look.seconds)
            unanswered, wrong = unanswered + (not look.answered), wrong + bool(look.wrong)
            for told in look.wrong:
                print(f"wrong after {kills} kills, {look.chunks} chunks: {told}", flush=True)
    print(
        f"{kills} kills, looked at {looks} times: built anew by itself {rebuilt} times, {longest:.1f} s at most; "
        f"first question without an answer {unanswered} times; wrong in the end {wrong} times"
    )
    return 1 if wrong or unanswered else 0


def _scale(chunks: int, names: Sequence[str], folder: Path, *, keep: bool) -> int:
    if unknown := set(names) - set(SYSTEMS):
        raise UsageError(f"There is no system {sorted(unknown)[0]!r}.", hint=f"Systems: {', '.join(SYSTEMS)}.")
    home = prepare(folder, chunks).app.home
    truth = _process("exact", "ask", home)
    rows = []
    for name in names:
        built = {} if keep or name in ("exact", "graph") else _process(name, "build", home)
        asked = truth if name == "exact" else _process(name, "ask", home)
        rows.append(_row(name, built, asked, truth))
        print(" ".join(rows[-1]), flush=True)
    head = (
        "index", f"{VISIBLE} of {SCOPES} scopes: p50 ms", "p95", "cpu", "recall", "all: p50 ms", "p95", "cpu", "recall",
        "first answer s", "memory MiB", "build s", "disk MiB",
    )  # fmt: skip
    print(f"\n{chunks} chunks, the best {LIMIT}; recall against exact search\n\n{table(head, rows)}")
    return 0


def _row(name: str, built: dict[str, Any], asked: dict[str, Any], truth: dict[str, Any]) -> list[str]:
    cells = [name]
    for who in ("some", "all"):
        pairs = list(zip(asked[who]["chunks"], truth[who]["chunks"], strict=True))
        recall = sum(len(set(found) & set(right)) / len(right) for found, right in pairs) / len(pairs)
        spent, worked = asked[who]["ms"], percentile(asked[who]["cpu_ms"], 0.5)
        cells += [f"{percentile(spent, 0.5):.1f}", f"{percentile(spent, 0.95):.1f}", f"{worked:.1f}", f"{recall:.3f}"]
    memory = asked["rss_mib"] - asked["base_mib"]
    cells += [f"{asked['first_s']:.1f}", f"{memory:.0f}"]
    return [*cells, *(f"{built[what]:.0f}" if built else "-" for what in ("build_s", "disk_mib"))]


def _process(name: str, what: str, home: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.index_scale.systems", name, what, str(home.resolve())]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UsageError(f"{name} could not {what}: {done.stderr.strip()[-600:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    raise SystemExit(main())
