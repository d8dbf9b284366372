"""The embedding benchmark on two paragraphs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.embedding.__main__ import main, measure, rows


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Corpora of two short texts each."""
    for name, texts in (("xquad-en", ["One river.", "Two hills."]), ("cmrc2018-zh", ["一条河。", "两座山。"])):
        (tmp_path / name).mkdir()
        lines = [json.dumps({"_id": str(number), "text": text}) for number, text in enumerate(texts)]
        (tmp_path / name / "corpus.jsonl").write_text("\n".join(lines), "utf-8")
    return tmp_path


def test_one_model_is_measured_and_shown(data: Path) -> None:
    found = measure("Clawdbot, e5-small int8", data, texts=2, threads=1)
    assert found["en_per_s"] > 0 and found["zh_cpu_ms"] > 0
    assert len(found["query_ms"]) == 100
    shown = rows({"ours": found, "other": measure("no such model", data, texts=2, threads=1)})
    assert "| ours " in shown and "other" not in shown


def test_without_texts_it_says_what_to_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--data", str(tmp_path)]) == 2
    assert "--data" in capsys.readouterr().err
