"""Recall by kind and language, and what was taken for personal data that is none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from benchmarks.masking.baselines import Finder
from benchmarks.masking.corpus import Planted, Sample


@dataclass
class Score:
    """Counts over samples; keys are (kind, language), for lookalikes (class, language)."""

    planted: Counter[tuple[str, str]] = field(default_factory=Counter)
    hidden: Counter[tuple[str, str]] = field(default_factory=Counter)
    lookalikes: Counter[tuple[str, str]] = field(default_factory=Counter)
    touched: Counter[tuple[str, str]] = field(default_factory=Counter)
    false: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Found pieces that touch nothing personal, by the kind they were taken for."""
    missed: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def recall(self, kind: str, language: str) -> float:
        return self.hidden[kind, language] / max(self.planted[kind, language], 1)

    def touched_share(self) -> float:
        return sum(self.touched.values()) / max(sum(self.lookalikes.values()), 1)


def score(samples: Iterable[Sample], find: Finder) -> Score:
    """What ``find`` does on the samples; personal data counts as hidden when none of its letters and digits is left."""
    result = Score()
    for sample in samples:
        found = find(sample.text)
        covered = {place for _, start, end in found for place in range(start, end)}
        for piece in sample.planted:
            _count(result, sample, piece, covered)
        personal = {p for piece in sample.planted if piece.personal for p in range(piece.start, piece.end)}
        for kind, start, end in found:
            if personal.isdisjoint(range(start, end)):
                result.false[kind, sample.language] += 1
                result.wrong.append(f"{kind}: {sample.text[start:end]!r} in {sample.text!r}")
    return result


def _count(result: Score, sample: Sample, piece: Planted, covered: set[int]) -> None:
    key = (piece.kind, sample.language)
    places = [place for place in range(piece.start, piece.end) if sample.text[place].isalnum()]
    if not piece.personal:
        result.lookalikes[key] += 1
        result.touched[key] += any(place in covered for place in places)
        return
    result.planted[key] += 1
    if covered.issuperset(places):
        result.hidden[key] += 1
    else:
        result.missed.append(f"{piece.kind}: {sample.text[piece.start : piece.end]!r} in {sample.text!r}")
