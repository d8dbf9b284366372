"""``python -m benchmarks.masking``: recall and false positives of masking, beside plain patterns and Presidio."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.figures import table
from benchmarks.machine import as_lines, describe
from benchmarks.masking.baselines import Finder, plain, presidio
from benchmarks.masking.corpus import Sample, samples
from benchmarks.masking.people import WORDS
from benchmarks.masking.score import Score, score
from clawdbot.access.masking.masker import Masker
from clawdbot.config import MaskingConfig

_PACKAGES = ("clawdbot", "phonenumbers", "python-stdnum")
_HOSTILE = ("1 ", "a@", "6222 0212 ", "password=", "eyJaaaaaaaa-", "\\", "-----BEGIN PRIVATE KEY-----")
_LANGUAGES = ("zh", "en")


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the tables; returns 0."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.masking", description=__doc__)
    parser.add_argument("--count", type=int, default=2000, help="texts of each language")
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--show", type=int, default=0, help="print so many of the misses and false positives of ours")
    parser.add_argument("--json", type=Path, default=None, help="write the figures to this file")
    chosen = parser.parse_args(arguments)
    corpus = list(samples(chosen.count, chosen.seed))
    facts = describe(_PACKAGES)
    systems: dict[str, Finder] = {"Clawdbot": ours(), "plain patterns": plain}
    other = presidio()
    if isinstance(other, tuple):
        systems["Presidio"], facts["presidio-analyzer"] = other
    print(as_lines(facts) + "\n")
    scores = {name: score(corpus, find) for name, find in systems.items()}
    print(f"{len(corpus)} texts, seed {chosen.seed}\n\nRecall, %\n\n{recall_table(scores)}")
    print(f"\nTaken for personal data wrongly\n\n{false_table(scores)}\n\n{touched_lines(scores)}")
    if isinstance(other, str):
        print(f"\nNot compared with Presidio: {other}")
    print(f"\nSpeed, processor time\n\n{speed_table(corpus)}")
    for line in scores["Clawdbot"].missed[: chosen.show] + scores["Clawdbot"].wrong[: chosen.show]:
        print(line)
    if chosen.json:
        chosen.json.write_text(json.dumps({"facts": facts, "systems": _figures(scores)}, indent=2), "utf-8")
    return 0


def ours() -> Finder:
    """Masking as the product does it, with the corpus's words configured."""
    masker = Masker(MaskingConfig(words=WORDS))
    return lambda text: [(one.kind, one.start, one.end) for one in masker.find(text)]


def recall_table(scores: dict[str, Score]) -> str:
    """A row for each kind and language, with how many were planted."""
    planted = next(iter(scores.values())).planted
    rows = []
    for kind in sorted({kind for kind, _ in planted}):
        for language in _LANGUAGES:
            if planted[kind, language]:
                shares = (f"{100 * one.recall(kind, language):.1f}" for one in scores.values())
                rows.append((kind, language, str(planted[kind, language]), *shares))
    return table(("kind", "language", "planted", *scores), rows)


def false_table(scores: dict[str, Score]) -> str:
    """How many pieces that are nobody's were found, by the kind they were taken for."""
    kinds = sorted({key for one in scores.values() for key in one.false})
    rows = [(kind, language, *(str(one.false[kind, language]) for one in scores.values())) for kind, language in kinds]
    total = ("all", "", *(str(sum(one.false.values())) for one in scores.values()))
    return table(("taken for", "language", *scores), [*rows, total])


def touched_lines(scores: dict[str, Score]) -> str:
    """The share of lookalikes that were touched, and of which classes."""
    lines = []
    for name, one in scores.items():
        classes: dict[str, int] = {}
        for (kind, _), count in one.touched.items():
            classes[kind] = classes.get(kind, 0) + count
        worst = ", ".join(
            f"{kind} {count}" for kind, count in sorted(classes.items(), key=lambda c: -c[1])[:5] if count
        )
        lookalikes = sum(one.lookalikes.values())
        lines.append(f"{name}: {100 * one.touched_share():.2f} % of {lookalikes} lookalikes ({worst or 'none'})")
    return "\n".join(lines)


def speed_table(corpus: list[Sample]) -> str:
    """MB/s of our search on the corpus and on hostile texts of one and of two lengths."""
    find = ours()
    text = "\n".join(sample.text for sample in corpus)[:400_000]
    rows = [("the corpus, as one text", f"{_rate(find, text):.2f}", "")]
    for unit in _HOSTILE:
        short, long = unit * (20_000 // len(unit)), unit * (80_000 // len(unit))
        rows.append((f"{unit!r} again and again", f"{_rate(find, short):.2f}", f"{_rate(find, long):.2f}"))
    return table(("text", "MB/s", "MB/s, four times as long"), rows)


def _rate(find: Finder, text: str) -> float:
    began = time.process_time()
    find(text)
    return len(text.encode()) / 1e6 / max(time.process_time() - began, 1e-9)


def _figures(scores: dict[str, Score]) -> dict[str, object]:
    return {
        name: {
            "recall": {f"{kind} {language}": one.recall(kind, language) for kind, language in one.planted},
            "false": {f"{kind} {language}": count for (kind, language), count in one.false.items()},
            "lookalikes_touched": one.touched_share(),
        }
        for name, one in scores.items()
    }


if __name__ == "__main__":
    raise SystemExit(main())
