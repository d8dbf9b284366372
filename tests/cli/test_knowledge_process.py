"""``clawdbot knowledge`` as a process: watching, being stopped, on a terminal, with what the defaults give."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Desk
from tests.cli.test_terminal import _read_until

_WITHIN_S = 120


@pytest.fixture
def folder(desk: Desk) -> Path:
    desk.config.write_text('[app]\nhome = "home"\n')
    place = desk.folder / "policies"
    place.mkdir()
    (place / "credit.md").write_text("# Credit\n\nNew customers have a credit limit of 80,000 EUR.\n")
    return place


class Lines:
    """What a process writes to standard error, line by line."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.seen: list[str] = []
        self._more = threading.Condition()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            with self._more:
                self.seen.append(line.rstrip("\n"))
                self._more.notify_all()

    def until(self, fits: Callable[[str], bool]) -> None:
        with self._more:
            assert self._more.wait_for(lambda: any(map(fits, self.seen)), _WITHIN_S), self.seen

    def end(self) -> list[str]:
        self._process.wait(_WITHIN_S)
        self._thread.join(_WITHIN_S)
        for stream in (self._process.stdout, self._process.stderr):
            assert stream is not None
            stream.close()
        return self.seen


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_watching_until_it_is_stopped(desk: Desk, folder: Path, number: signal.Signals) -> None:
    desk.call("knowledge", "add", "policies", "--no-ingest")
    process = desk.start("knowledge", "watch")
    lines = Lines(process)
    lines.until(lambda line: line == "✓ policies: credit.md")
    (folder / "travel.md").write_text("# Travel\n\nThe allowance is 40 EUR a day.\n")
    lines.until(lambda line: line == "✓ policies: travel.md")
    (folder / "credit.md").unlink()
    lines.until(lambda line: line == "- policies: credit.md")
    process.send_signal(number)
    assert lines.end()[-1] == "Stopped. What was taken in stays." and process.returncode == 0
    assert [each["document"] for each in desk.json("knowledge", "search", "EUR")[1]] == ["travel.md"]


def test_ctrl_c_keeps_what_was_taken_in(desk: Desk, folder: Path) -> None:
    for number in range(200):
        (folder / f"{number:03}.md").write_text(f"# Rule {number}\n\n" + f"Rule number {number} says so. " * 60)
    process = desk.start("knowledge", "add", "policies", "--json")
    lines = Lines(process)
    lines.until(lambda line: line.startswith("✓"))
    process.send_signal(signal.SIGINT)
    seen = lines.end()
    assert process.returncode == 130 and "Stopped. What was taken in stays." in seen
    ready = [line for line in seen if line.startswith("✓")]
    status = desk.json("knowledge", "status")[1]
    assert len(ready) <= status["documents"] < 201 and not status["failures"]


def test_a_bar_on_a_terminal_and_only_json_in_the_pipe(desk: Desk, folder: Path) -> None:
    ours, theirs = pty.openpty()
    process = desk.start("knowledge", "add", "policies", "--json", stderr=theirs, env={"TERM": "xterm"})
    os.close(theirs)
    said = _read_until(ours, None)
    os.close(ours)
    out, _ = process.communicate(timeout=_WITHIN_S)
    assert process.returncode == 0 and json.loads(out)["reports"][0]["new"] == 1
    assert "credit.md" in said and "1/1" in said and "✓" not in said


def test_chinese_in_a_locale_without_it(desk: Desk, folder: Path) -> None:
    (folder / "信用.md").write_text("# 信用政策\n\n新客户的信用额度为 80,000 元。\n", "utf-8")
    desk.call("knowledge", "add", "policies")
    process = desk.start("knowledge", "search", "信用额度", "--json", env={"LC_ALL": "C"})
    out, err = process.communicate(timeout=_WITHIN_S)
    assert process.returncode == 0, err
    assert json.loads(out)[0]["document"] == "信用.md" and "Traceback" not in err
