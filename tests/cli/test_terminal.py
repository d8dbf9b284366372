"""The command line as a process: Ctrl-C, terminals, pipes and locales."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from clawdbot.config_file import load
from tests.cli.conftest import CHART, GOAL, MAIL, MAIL_GOAL, ROWS, ROWS_GOAL, ROWS_GOAL_ZH, Desk
from tests.models.conftest import Listening
from tests.office import mail_server

_WITHIN_S = 120

_HANGING = '''
import os, time
from pathlib import Path
from clawdbot.models.fake import ScriptedChatModel

class Hanging(ScriptedChatModel):
    """Answers once, then hangs until a file 'go' is there; STUBBORN also ignores the first Ctrl-C."""

    def answer(self, request):
        Path("asked").touch()
        while self.calls and not Path("go").exists():
            try:
                time.sleep(0.02)
            except KeyboardInterrupt:
                Path("once").touch()
                if "STUBBORN" not in os.environ:
                    raise
            if self.calls:
                Path("hangs").touch()
        yield from super().answer(request)
'''


def wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    """Until the process made the file."""
    deadline = time.monotonic() + _WITHIN_S
    while not path.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, f"{path.name} did not appear"
        time.sleep(0.02)


@pytest.fixture
def hanging(desk: Desk) -> Desk:
    (desk.folder / "hanging_model.py").write_text(_HANGING)
    desk.model = "hanging_model:Hanging"
    desk.plays(ROWS)
    return desk


def test_ctrl_c_leaves_a_run_that_is_resumed(hanging: Desk) -> None:
    process = hanging.start("run", ROWS_GOAL, "--json")
    wait_for(hanging.folder / "hangs", process)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=_WITHIN_S)
    stopped = json.loads(out)
    assert (process.returncode, stopped["status"]) == (130, "interrupted")
    assert [step["tool"] for step in stopped["steps"]] == ["sql"]
    assert f"clawdbot run --resume {stopped['run_id']}" in err
    (hanging.folder / "go").touch()
    hanging.plays([ROWS[1]])
    code, found = _to_the_end(hanging, "run", "--resume", stopped["run_id"], "--json")
    assert (code, found["verdict"], len(found["receipts"])) == (0, "verified", 1)


def _to_the_end(desk: Desk, *arguments: str) -> tuple[int, dict[str, Any]]:
    process = desk.start(*arguments)
    out, _ = process.communicate(timeout=_WITHIN_S)
    found: dict[str, Any] = json.loads(out)
    return process.returncode, found


def test_a_second_ctrl_c_ends_at_once(hanging: Desk) -> None:
    process = hanging.start("run", ROWS_GOAL, env={"STUBBORN": "1"})
    wait_for(hanging.folder / "hangs", process)
    process.send_signal(signal.SIGINT)
    wait_for(hanging.folder / "once", process)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=_WITHIN_S)
    assert process.returncode == 130


@pytest.mark.parametrize(("answer", "code", "mails"), [("y", 0, 1), ("", 3, 0)])
def test_on_a_terminal_the_exact_mail_is_shown_and_asked_about(desk: Desk, answer: str, code: int, mails: int) -> None:
    with mail_server() as (postbox, port):
        desk.port = port
        desk.plays(MAIL)
        ours, theirs = pty.openpty()
        process = desk.start("run", MAIL_GOAL, stdin=theirs, stdout=theirs, stderr=theirs, env={"TERM": "xterm"})
        os.close(theirs)
        seen = _read_until(ours, "Approve?")
        assert "boss@other.example" in seen and "Here are the sales by region." in seen
        os.write(ours, f"{answer}\n".encode())
        rest = _read_until(ours, None)
        os.close(ours)
        assert process.wait(timeout=_WITHIN_S) == code, rest
        assert len(postbox.envelopes) == mails
        assert "Verdict" in rest


def _read_until(descriptor: int, mark: str | None) -> str:
    """What the terminal showed up to ``mark``, or to its end."""
    said = b""
    while mark is None or mark.encode() not in said:
        ready, _, _ = select.select([descriptor], [], [], _WITHIN_S)
        assert ready, said.decode("utf-8", "replace")
        try:
            block = os.read(descriptor, 4096)
        except OSError:  # Linux: the other end was closed
            block = b""
        if not block:
            break
        said += block
    return said.decode("utf-8", "replace")


@pytest.mark.parametrize("locale", [{"LC_ALL": "C"}, {"PYTHONIOENCODING": "latin-1"}])
def test_chinese_in_a_locale_without_it(desk: Desk, locale: dict[str, str]) -> None:
    desk.plays(ROWS)
    process = desk.start("run", "-", "--json", stdin=subprocess.PIPE, env={**locale, "COLUMNS": "40", "NO_COLOR": "1"})
    out, err = process.communicate(ROWS_GOAL_ZH, timeout=_WITHIN_S)
    assert process.returncode == 0, err
    assert json.loads(out)["goal"] == ROWS_GOAL_ZH
    assert "Traceback" not in err and "\x1b[" not in err


def test_forty_columns_are_enough(desk: Desk) -> None:
    desk.plays(CHART)
    process = desk.start("run", GOAL, env={"COLUMNS": "40"})
    out, err = process.communicate(timeout=_WITHIN_S)
    assert process.returncode == 0
    assert max(len(line) for line in err.splitlines()) <= 40
    assert any(line.strip().endswith(".png") for line in out.splitlines()), "a path stands on one line"


def test_a_reader_that_goes_away_is_no_error(desk: Desk) -> None:
    desk.plays(ROWS)
    for arguments in (("run", ROWS_GOAL), ("runs",), ("--help",)):
        reader, writer = os.pipe()
        os.close(reader)
        process = desk.start(*arguments, stdout=writer)
        os.close(writer)
        _, err = process.communicate(timeout=_WITHIN_S)
        assert process.returncode == 0, err
        assert "Traceback" not in err and "Broken pipe" not in err


def test_the_wizard_takes_enter_for_an_answer(desk: Desk, ollama: Listening) -> None:
    ours, theirs = pty.openpty()
    process = desk.start("init", stdin=theirs, stdout=theirs, stderr=theirs, env={"OLLAMA_HOST": ollama.url})
    os.close(theirs)
    said = ""
    url = f"sqlite:///{desk.folder}/shop.sqlite"
    for question, answer in (
        ("Language", "zh"), ("模型", ""), ("Ollama 模型", ""), ("数据库", "nonsense"), ("数据库", url),
        ("邮件服务器", ""),
    ):  # fmt: skip
        said += _read_until(ours, f"{question}")
        os.write(ours, f"{answer}\n".encode())
    said += _read_until(ours, None)
    os.close(ours)
    assert process.wait(timeout=_WITHIN_S) == 0, said
    assert '{"capital":' in said
    found = load(desk.config, environ={})
    assert (found.app.language, found.databases["main"].url) == ("zh", url)
    assert (found.models["main"].provider, found.models["main"].model) == ("ollama", "qwen2.5:3b")
