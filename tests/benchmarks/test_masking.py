"""The benchmark of masking: its corpus is repeatable and counts right, and the figures hold what the document says."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.masking.__main__ import main, ours
from benchmarks.masking.baselines import plain
from benchmarks.masking.corpus import Planted, Sample, samples
from benchmarks.masking.score import score


def test_the_corpus_is_the_same_for_the_same_seed() -> None:
    assert list(samples(30, 1)) == list(samples(30, 1))
    assert list(samples(30, 1)) != list(samples(30, 2))


def test_all_kinds_are_planted_in_both_languages_where_they_say() -> None:
    counts = Counter((sample.language, piece.kind) for sample in samples(60, 3) for piece in sample.planted)
    personal = {"resident_id", "credit_code", "phone", "bank_card", "mail_address", "passport", "secret", "word"}
    assert {(language, kind) for language in ("zh", "en") for kind in personal} <= set(counts)
    for sample in samples(30, 3):
        assert all(sample.text[p.start : p.end].strip() for p in sample.planted)
        assert not re.search(r"\{\w+\}", sample.text)


def test_a_piece_counts_as_hidden_only_as_a_whole() -> None:
    piece = Planted(kind="phone", personal=True, start=4, end=15)
    lookalike = Planted(kind="order", personal=False, start=16, end=19)
    sample = Sample(language="en", text="tel 13812345678 123", planted=(piece, lookalike))
    half = score([sample], lambda text: [("phone", 4, 9)])
    assert (half.recall("phone", "en"), half.touched_share(), half.false.total()) == (0, 0, 0)
    whole = score([sample], lambda text: [("phone", 4, 15), ("phone", 16, 19)])
    assert (whole.recall("phone", "en"), whole.touched_share(), whole.false.total()) == (1, 1, 1)


def test_ours_misses_little_and_is_better_than_plain_patterns() -> None:
    corpus = list(samples(150, 5))
    mine, other = score(corpus, ours()), score(corpus, plain)
    assert sum(mine.hidden.values()) / sum(mine.planted.values()) > 0.97
    assert mine.touched_share() < 0.03
    assert sum(mine.hidden.values()) > sum(other.hidden.values())
    assert mine.touched_share() < other.touched_share()


def test_the_command_prints_its_tables(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)  # Presidio takes seconds to load, and need not be installed
    monkeypatch.setattr("benchmarks.masking.__main__._HOSTILE", ("1 ",))
    assert main(["--count", "24", "--show", "1", "--json", "figures.json"]) == 0
    assert json.loads((tmp_path / "figures.json").read_text("utf-8"))["systems"]["Clawdbot"]["lookalikes_touched"] < 0.1
    printed = capsys.readouterr().out
    assert "Recall, %" in printed and "resident_id" in printed and "MB/s" in printed and "phonenumbers" in printed
