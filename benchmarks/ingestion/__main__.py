"""``python -m benchmarks.ingestion kill | rate | scale``: what a kill loses, how fast it is, how it grows."""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.ingestion.kill import Outcome, kill, place_in
from benchmarks.ingestion.rate import rate
from benchmarks.ingestion.scale import scale
from benchmarks.machine import as_lines, describe
from clawdbot.config import AppConfig, Config
from clawdbot.knowledge.embedding.fake import HashEmbedder
from clawdbot.knowledge.embedding.opening import open_embedder

_PACKAGES = ("clawdbot", "sqlalchemy", "chromadb", "tantivy", "onnxruntime")
_LINE_EVERY = 20


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 0, or 1 when something that was acknowledged is lost."""
    chosen = _arguments(arguments)
    print(as_lines(describe(_PACKAGES)), flush=True)
    with tempfile.TemporaryDirectory(prefix="ingestion-") as folder:
        if chosen.what == "kill":
            return _kill(chosen, Path(folder))
        if chosen.what == "rate":
            return _rate(chosen, Path(folder))
        for what, figure, unit in scale(Path(folder), chosen.chunks, chosen.url):
            print(f"{what:46} {figure:12,.1f} {unit}")
    return 0


def _arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ingestion", description=__doc__)
    commands = parser.add_subparsers(dest="what", required=True)
    killing = commands.add_parser("kill", help="kill -9 at random moments; nothing acknowledged may be lost")
    killing.add_argument("--times", type=int, default=200)
    killing.add_argument("--seed", type=int, default=0)
    killing.add_argument("--url", default="", help="a PostgreSQL database; default is SQLite")
    killing.add_argument("--in-process", action="store_true", help="load files in the process that is killed")
    rating = commands.add_parser("rate", help="documents and chunks a second, bytes a chunk")
    rating.add_argument("--documents", type=int, default=100)
    rating.add_argument("--hash", action="store_true", help="without an embedding model: all but embedding")
    rating.add_argument("--home", type=Path, default=AppConfig().home, help="where the embedding model lies")
    scaling = commands.add_parser("scale", help="what each question to a large library costs")
    scaling.add_argument("--chunks", type=int, default=100_000)
    scaling.add_argument("--url", default="", help="an empty PostgreSQL database; default is SQLite")
    return parser.parse_args(given)


def _kill(chosen: argparse.Namespace, folder: Path) -> int:
    begun, outcome = time.monotonic(), Outcome()
    for outcome in kill(
        place_in(folder, url=chosen.url, confined=not chosen.in_process), chosen.times, seed=chosen.seed
    ):
        if outcome.kills % _LINE_EVERY == 0 or outcome.faults:
            print(f"{outcome.kills} kills, {outcome.ready} documents ready, {len(outcome.faults)} faults", flush=True)
        if outcome.faults:
            break
    moments = ", ".join(f"{kind} {count}" for kind, count in outcome.moments.most_common())
    print(f"killed {outcome.kills} times in {time.monotonic() - begun:.0f} s; last word before it: {moments}")
    print(f"{outcome.ready} documents acknowledged, {outcome.removed} removals, {outcome.finished} passes ended")
    print("\n".join(outcome.faults) or "nothing acknowledged was lost, and both indexes answered after each restart")
    return 1 if outcome.faults else 0


def _rate(chosen: argparse.Namespace, folder: Path) -> int:
    config = Config(app=AppConfig.model_validate({"home": chosen.home}))
    embedder = HashEmbedder(384) if chosen.hash else open_embedder(config)
    found = rate(folder, chosen.documents, embedder, models=chosen.home)
    report, chunks = found.report, found.report.chunks
    print(f"{embedder.collection}: {report.new} documents with {chunks} chunks in {report.seconds:.1f} s")
    print(f"{report.new / report.seconds:.1f} documents a second, {chunks / report.seconds:.1f} chunks a second")
    print(f"both indexes from nothing: {found.index_seconds:.1f} s; nothing changed: {found.again_seconds:.2f} s")
    print(", ".join(f"{part} {size / chunks:,.0f} bytes a chunk" for part, size in found.bytes.items()))
    return 1 if report.failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
