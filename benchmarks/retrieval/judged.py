"""Questions with judged passages, in BEIR's three files, and how a ranking is marked."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SETS = ("cmrc2018-zh", "xquad-zh", "xquad-en", "xquad-q_en-d_zh", "xquad-q_zh-d_en")
"""Chinese, Chinese, English, and questions in the one language over passages in the other."""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """``passages`` and ``questions`` by id; ``relevant`` maps a question to the passages that answer it."""

    name: str
    passages: dict[str, str]
    questions: dict[str, str]
    relevant: dict[str, frozenset[str]]


def read_set(folder: Path, *, most: int) -> Judged:
    """A set of ``corpus.jsonl``, ``queries.jsonl`` and ``qrels.tsv``; ``most`` questions, spread evenly, 0 for all."""
    passages = {row["_id"]: f"{row.get('title', '')}\n{row['text']}".strip() for row in _rows(folder / "corpus.jsonl")}
    questions = {row["_id"]: row["text"] for row in _rows(folder / "queries.jsonl")}
    relevant: dict[str, set[str]] = {}
    for line in (folder / "qrels.tsv").read_text("utf-8").splitlines()[1:]:
        question, passage, grade = line.split("\t")
        if int(grade) > 0:
            relevant.setdefault(question, set()).add(passage)
    asked = [question for question in questions if question in relevant]
    step = max(1, len(asked) // most) if most else 1
    kept = asked[::step][: most or None]
    return Judged(
        name=folder.name,
        passages=passages,
        questions={question: questions[question] for question in kept},
        relevant={question: frozenset(relevant[question]) for question in kept},
    )


def ndcg(ranking: Sequence[str], relevant: frozenset[str], k: int = 10) -> float:
    """Normalised discounted cumulative gain with binary grades (Järvelin and Kekäläinen 2002)."""
    gain = sum(1 / math.log2(rank + 2) for rank, passage in enumerate(ranking[:k]) if passage in relevant)
    return gain / sum(1 / math.log2(rank + 2) for rank in range(min(k, len(relevant))))


def recall(ranking: Sequence[str], relevant: frozenset[str], k: int = 10) -> float:
    """Share of the passages that answer which are among the first ``k``."""
    return len(relevant.intersection(ranking[:k])) / len(relevant)


def _rows(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]
