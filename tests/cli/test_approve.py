"""``clawdbot approve``: what waits, and every way to answer it; over processes that end in between, on both stores."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clawdbot.cli.call_draft import as_toml, read_toml, with_settings
from clawdbot.errors import UsageError
from clawdbot.store.ledger import RunLedger
from tests.cli.conftest import MAIL, MAIL_GOAL, Desk
from tests.office import Postbox, mail_server, query_step, step
from tests.store.conftest import ledger_url, postgres

__all__ = ["ledger_url", "postgres"]

_WITHIN_S = 120


@pytest.fixture
def postbox(desk: Desk) -> Iterator[Postbox]:
    with mail_server() as (found, port):
        desk.port = port
        yield found


def waits(desk: Desk, *, more: str = "") -> str:
    """A run whose mail waits to be approved."""
    desk.plays(MAIL, more=more)
    code, found = desk.json("run", MAIL_GOAL)
    assert (code, found["status"]) == (4, "waiting")
    desk.plays(MAIL[2:], more=more)
    return str(found["run_id"])


def editor(desk: Desk, monkeypatch: pytest.MonkeyPatch, *commands: str) -> None:
    """An editor that does this to its file, once, and nothing the next time."""
    script = desk.folder / "editor.sh"
    script.write_text("#!/bin/sh\n" + "\n".join(commands) + "\n")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", str(script))


def test_an_answer_after_everything_was_restarted(desk: Desk, postbox: Postbox, ledger_url: str) -> None:
    more = f'[store]\nurl = "{ledger_url}"\n'
    desk.plays(MAIL, more=more)
    first = desk.start("run", MAIL_GOAL, "--json")
    out, _ = first.communicate(timeout=_WITHIN_S)
    assert first.returncode == 4 and postbox.envelopes == []
    run = json.loads(out)["run_id"]
    desk.plays(MAIL[2:], more=more)
    second = desk.start("approve", run, "--set", "subject=From a new process", "--user", "boss", "--json")
    out, _ = second.communicate(timeout=_WITHIN_S)
    assert second.returncode == 0
    assert json.loads(out)["verdict"] == "verified"
    (sent,) = postbox.mails()
    assert sent["Subject"] == "From a new process"
    ledger = RunLedger(ledger_url)
    (question,) = ledger.approvals.of_run(run)
    ledger.close()
    assert (question.decision, question.decided_by) == ("approved", "boss")
    again = desk.json("approve", run)
    assert again[0] == 0 and len(postbox.envelopes) == 1


def test_what_waits_is_listed_with_the_command_that_answers(desk: Desk, postbox: Postbox) -> None:
    desk.plays([])
    assert desk.call("approve")[:2] == (0, "Nothing waits for approval.\n")
    run = waits(desk)
    code, out, _ = desk.call("approve")
    assert code == 0
    assert f"{run}  mail" in out and MAIL_GOAL in out and "Expires" in out
    assert f"clawdbot approve {run} --config {desk.config}" in out
    _, listed = desk.json("approve")
    (one,) = listed["pending"]
    assert (one["run_id"], one["tool"], one["args"]["subject"]) == (run, "mail", "Sales")
    assert "boss@other.example" in one["payload"] and one["expires_at"] > one["asked_at"]
    assert desk.call("approve", "--reject")[0] == 2, "a run must be named"


def test_a_reason_is_kept_and_told(desk: Desk, postbox: Postbox) -> None:
    run = waits(desk)
    desk.plays([step("finish", answer="Not sent.")])
    code, found = desk.json("approve", run, "--reject", "--reason", "not before Monday")
    assert (code, found["verdict"]) == (3, "partial")
    assert "not before Monday" in found["steps"][1]["observation"]
    assert postbox.envelopes == []


def test_a_change_that_does_not_fit_records_nothing_and_one_that_does_is_sent(desk: Desk, postbox: Postbox) -> None:
    run = waits(desk)
    assert desk.call("approve", run, "--set", 'to=["eve@evil.example"]')[0] == 5
    assert desk.call("approve", run, "--set", "cc=eve@evil.example")[0] == 2
    assert desk.call("approve", run, "--set", "subject=x", "--reject")[0] == 2
    assert desk.call("show", run)[1].count("Status: waiting") == 1
    code, _, err = desk.call("approve", run, "--set", "subject=Better", "--set", "to=boss@other.example")
    assert code == 0 and "Changed by you, mail would do exactly this:" in err and "Subject: Better" in err
    assert postbox.mails()[0]["Subject"] == "Better"
    assert desk.call("approve", run)[0] == 0, "the same answer"
    code, _, err = desk.call("approve", run, "--set", "subject=Worse")
    assert code == 2 and "cannot be changed any more" in err
    assert len(postbox.envelopes) == 1


def test_an_editor_changes_the_call_and_a_bad_change_is_opened_again(
    desk: Desk, postbox: Postbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = waits(desk)
    editor(desk, monkeypatch, "true")
    code, _, err = desk.call("approve", run, "--edit")
    assert code == 2 and "Nothing was changed, and nothing was recorded." in err
    editor(desk, monkeypatch, 'sed -i \'s/^subject = .*/subject = "Edited/\' "$1"')
    code, _, err = desk.call("approve", run, "--edit")
    assert code == 2 and "not TOML" in err and "is opened again" in err
    editor(desk, monkeypatch, 'sed -i \'s/^subject = .*/subject = "Edited"/\' "$1"')
    assert desk.call("approve", run, "--edit")[0] == 0
    assert postbox.mails()[0]["Subject"] == "Edited"
    assert list((desk.home / "drafts").iterdir()) == []
    editor(desk, monkeypatch, "exit 3")
    assert "editor ended with 3" in desk.call("approve", waits(desk), "--edit")[2]
    monkeypatch.setenv("EDITOR", "/no/such/editor")
    assert desk.call("approve", run, "--edit")[0] == 2


def test_of_several_questions_one_is_chosen_or_all_are_answered(desk: Desk, postbox: Postbox) -> None:
    """Two questions of one run, as branches of a workflow ask them."""
    run = waits(desk)
    ledger = RunLedger(f"sqlite:///{desk.home / 'clawdbot.db'}")
    ledger.approvals.ask(run, "f" * 64, payload="May it cost 1 USD?", tool="budget")
    (mail, _) = ledger.approvals.waiting(run)
    code, out, err = desk.call("approve", run)
    assert (code, out) == (2, "") and "2 questions wait" in err and f"approve {run} --only ffffffff" in err
    assert "May it cost 1 USD?" in err and "boss@other.example" in err
    assert desk.call("approve", run, "--only", "0" * 64)[0] == 2
    assert desk.json("approve")[1]["pending"][0]["run_id"] == run
    assert "--only" in desk.call("approve")[1]
    code, found = desk.json("approve", run, "--all", "--detach")
    assert (code, found["status"]) == (0, "queued")
    assert [asked.decision for asked in ledger.approvals.of_run(run)] == ["approved", "approved"]
    assert desk.call("approve", run, "--only", mail.payload_hash[:10], "--reject")[0] == 2
    ledger.close()
    assert postbox.envelopes == [], "that is left to the workers"
    assert desk.call("run", "--resume", run)[0] == 0
    assert len(postbox.envelopes) == 1


def test_a_run_of_a_worker_goes_back_into_the_queue(desk: Desk, postbox: Postbox) -> None:
    run = waits(desk)
    ledger = RunLedger(f"sqlite:///{desk.home / 'clawdbot.db'}")
    ledger.workers.register(ledger.get_run(run).owner, label="w", slots=1, version="0")
    code, found = desk.json("approve", run)
    assert (code, found["status"]) == (0, "queued")
    assert ledger.get_run(run).status == "queued" and postbox.envelopes == []
    claimed = ledger.queue.claim("another")
    assert claimed is not None and claimed.lease.run_id == run
    assert desk.json("approve", run)[0] == 0, "said before, and somebody works on it"
    ledger.close()


def test_what_is_required_must_be_a_tool(desk: Desk) -> None:
    desk.plays([query_step()], more='[approvals]\nrequire = ["qeury"]\n')
    code, _, err = desk.call("run", MAIL_GOAL)
    assert code == 2 and "The nearest is 'query'" in err


def test_arguments_as_toml_come_back_as_they_were() -> None:
    arguments: dict[str, Any] = {
        "subject": 'He said "no" \\ 好', "body": 'one\n"""two"""\n\tthree\r\n\x7f\x01', "limit": 5, "share": True,
        "rate": 1.5, "to": ["a@b.example"], "filters": [{"column": "x y", "value": None, "more": {}}],
        "odd name": "x", "nothing": None,
    }  # fmt: skip
    text = as_toml(arguments, comment="one\ntwo")
    assert text.startswith("# one\n# two\n")
    expected = {**arguments, "filters": [{"column": "x y", "more": {}}]}
    del expected["nothing"]
    assert read_toml(text) == expected


def test_single_arguments_are_read_as_their_types_say() -> None:
    properties = {
        "subject": {"type": "string"}, "limit": {"type": "integer"}, "share": {"type": "boolean", "default": False},
        "to": {"type": "array", "items": {"type": "string"}},
        "filters": {"type": "array", "items": {"type": "object"}},
        "y": {"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "string"}]},
    }  # fmt: skip
    settings = ["subject=[1] = 2", "limit=5", "share=true", "to=a", "to=b", 'filters={"column": "x"}', 'y=["p", "q"]']
    assert with_settings({"old": 1, "none": None}, settings, properties) == {
        "old": 1, "subject": "[1] = 2", "limit": 5, "share": True, "to": ["a", "b"], "filters": [{"column": "x"}],
        "y": ["p", "q"],
    }  # fmt: skip
    assert with_settings({"limit": 5, "to": ["a"]}, ["limit=", "to=five"], properties) == {"to": ["five"]}
    assert with_settings({}, ["limit=many"], properties) == {"limit": "many"}, "the tool says what is wrong with it"
    for wrong in ("subject", "cc=x"):
        with pytest.raises(UsageError, match="names no argument"):
            with_settings({}, [wrong], properties)


def test_drafts_are_nobody_elses_business(desk: Desk, postbox: Postbox, monkeypatch: pytest.MonkeyPatch) -> None:
    run = waits(desk)
    editor(desk, monkeypatch, "echo 'nonsense' >> \"$1\"")
    assert desk.call("approve", run, "--edit")[0] == 2
    folder = Path(desk.home / "drafts")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert len(list(folder.iterdir())) == 1
