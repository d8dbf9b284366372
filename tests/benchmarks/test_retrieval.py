"""The retrieval benchmark on a handful of passages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.retrieval.__main__ import main
from benchmarks.retrieval.judged import ndcg, read_set, recall
from benchmarks.retrieval.shelf import config_at, fill
from clawdbot.knowledge.embedding.fake import HashEmbedder
from clawdbot.knowledge.library import Library


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three passages, and four questions of which one is not judged."""
    made = tmp_path / "small"
    made.mkdir()
    passages = [{"_id": f"p{n}", "title": "", "text": text} for n, text in enumerate(("河流", "a hill", "the sea"))]
    questions = [{"_id": f"q{n}", "text": f"question {n}"} for n in range(4)]
    (made / "corpus.jsonl").write_text("\n".join(map(json.dumps, passages)), "utf-8")
    (made / "queries.jsonl").write_text("\n".join(map(json.dumps, questions)), "utf-8")
    judged = "query-id\tcorpus-id\tscore\nq0\tp0\t1\nq1\tp1\t1\nq1\tp2\t1\nq2\tp1\t0\nq3\tp2\t1\n"
    (made / "qrels.tsv").write_text(judged, "utf-8")
    return made


def test_a_set_is_read_and_can_be_cut(folder: Path) -> None:
    judged = read_set(folder, most=0)
    assert judged.passages["p0"] == "河流" and list(judged.questions) == ["q0", "q1", "q3"]
    assert judged.relevant["q1"] == {"p1", "p2"}
    assert len(read_set(folder, most=2).questions) == 2


def test_rankings_are_marked() -> None:
    right = frozenset({"a"})
    assert ndcg(["a", "b"], right) == 1.0 and ndcg(["b", "c"], right) == 0.0
    assert ndcg(["b", "a"], right) == pytest.approx(0.6309, abs=1e-4)
    assert ndcg([*"bcdefghijk", "a"], right) == 0.0, "only the first ten count"
    assert recall(["b", "a"], frozenset({"a", "z"})) == 0.5


def test_the_shelf_embeds_once(folder: Path, tmp_path: Path) -> None:
    judged = read_set(folder, most=0)
    for home in ("one", "two"):
        library = Library.open(config_at(tmp_path / home))
        fill(library, judged.passages, HashEmbedder(16), tmp_path / "cache")
        assert library.live_count() == 3
        library.close()
    assert len(list((tmp_path / "cache").glob("*.npy"))) == 1


def test_without_data_it_says_what_to_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--data", str(tmp_path)]) == 2
    assert "--data" in capsys.readouterr().err
