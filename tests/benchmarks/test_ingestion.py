"""The ingestion benchmark runs from its command, small."""

from __future__ import annotations

import pytest

from benchmarks.ingestion.__main__ import main


def test_the_rate_is_told_with_what_a_chunk_takes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rate", "--hash", "--documents", "4"]) == 0
    said = capsys.readouterr().out
    assert "4 documents with" in said and "chunks a second" in said and "database" in said


def test_the_scale_is_told_for_each_question(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scale", "--chunks", "300"]) == 0
    said = capsys.readouterr().out
    assert "check and read 100 chunks" in said and "drop the source" in said


def test_a_kill_is_told_with_what_was_lost(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["kill", "--times", "1", "--in-process"]) == 0
    assert "nothing acknowledged was lost" in capsys.readouterr().out
