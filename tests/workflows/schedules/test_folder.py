"""New and changed files of a real folder."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from clawdbot.workflows.schedules.alarm import FolderAlarm
from tests.workflows.schedules.conftest import Office

FILE = {"file": {"type": "string"}}


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


def watch(office: Office, inbox: Path, **more: Any) -> None:
    settings = {"path": str(inbox), "settle_s": more.pop("settle_s", 10), **more.pop("folder", {})}
    office.enable("a", {"name": "inbox", "folder": settings, **more}, inputs=FILE)


def started(office: Office) -> list[str]:
    """Names of the files that runs were started for, oldest first."""
    rows = [firing for firing in office.history() if firing.run_id]
    specs: list[Any] = [office.ledger.get_run(str(row.run_id)).spec for row in rows]
    assert [spec["inputs"]["file"] for spec in specs] == [row.cause for row in rows]
    return [Path(row.cause).name for row in rows]


def settle(office: Office) -> None:
    office.go(seconds=31)
    office.go(seconds=11)
    office.go(seconds=1)


def test_each_new_or_changed_file_starts_one_run(office_on_both: Office, inbox: Path) -> None:
    office = office_on_both
    (inbox / "old.csv").write_text("was there before")
    os.utime(inbox / "old.csv", (0, 0))
    watch(office, inbox)
    settle(office)
    assert started(office) == []
    (inbox / "a.csv").write_text("1")
    (inbox / "b.csv").write_text("1")
    settle(office)
    settle(office)
    assert sorted(started(office)) == ["a.csv", "b.csv"]
    (inbox / "a.csv").write_text("1,2")
    settle(office)
    assert sorted(started(office)) == ["a.csv", "a.csv", "b.csv"]
    os.utime(inbox / "b.csv", (1, 1))  # touched: the same content
    settle(office)
    assert len(started(office)) == 3


def test_what_came_while_nobody_looked_is_found_by_another_scheduler(office: Office, inbox: Path) -> None:
    watch(office, inbox)
    office.go(seconds=1)
    (inbox / "a.csv").write_text("1")
    office.go(seconds=31)
    office.scheduler.close()
    office.scheduler = office.another()
    office.go(days=3)
    assert started(office) == [], "a restart waits once more until the file has settled"
    office.go(seconds=11)
    assert started(office) == ["a.csv"]


def test_a_file_that_still_grows_is_waited_for(office: Office, inbox: Path) -> None:
    watch(office, inbox)
    file = inbox / "big.bin"
    for size in range(1, 6):
        file.write_bytes(b"x" * size)
        office.go(seconds=31 if size == 1 else 8)
    assert started(office) == []
    office.go(seconds=10)
    assert started(office) == ["big.bin"]


def test_hidden_files_other_names_and_links_out_of_the_folder_do_not_count(
    office: Office, inbox: Path, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("not in the folder")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "there.csv").write_text("1")
    watch(office, inbox, folder={"glob": "**/*.csv"})
    (inbox / "below").mkdir()
    (inbox / "below" / "yes.csv").write_text("1")
    (inbox / "inside.csv").symlink_to(inbox / "below" / "yes.csv")
    for name in (".hidden.csv", "~$open.csv", "other.txt"):
        (inbox / name).write_text("1")
    (inbox / "link.csv").symlink_to(secret)
    (inbox / "linked").symlink_to(outside)
    (inbox / "broken.csv").symlink_to(tmp_path / "nowhere")
    settle(office)
    assert sorted(started(office)) == ["inside.csv", "yes.csv"]


def test_a_share_that_was_away_starts_nothing_anew_and_is_told(office: Office, inbox: Path, tmp_path: Path) -> None:
    watch(office, inbox)
    (inbox / "a.csv").write_text("1")
    settle(office)
    inbox.rename(tmp_path / "away")
    settle(office)
    settle(office)
    lost = office.history()[-1]
    assert (lost.outcome, lost.note) == ("failed", f"The folder {inbox} cannot be read (No such file or directory).")
    assert [notice.subject for notice in office.notices() if notice.kind == "failed"] == [
        "a/inbox: could not be started"
    ]
    inbox.mkdir()  # an empty place where the share was
    settle(office)
    inbox.rmdir()
    (tmp_path / "away").rename(inbox)
    (inbox / "b.csv").write_text("1")
    settle(office)
    assert started(office) == ["a.csv", "b.csv"]


def test_a_file_that_was_taken_away_and_comes_again_is_new(office: Office, inbox: Path) -> None:
    watch(office, inbox)
    for moment in (1, 2):
        (inbox / "daily.csv").write_text("the same")
        os.utime(inbox / "daily.csv", (moment, moment))
        settle(office)
        (inbox / "daily.csv").unlink()
        settle(office)
    assert started(office) == ["daily.csv", "daily.csv"]


def test_what_is_gone_for_long_is_forgotten(office: Office, inbox: Path) -> None:
    watch(office, inbox)
    (inbox / "a.csv").write_text("1")
    settle(office)
    (inbox / "a.csv").unlink()
    settle(office)
    office.go(days=31)
    assert office.schedule("a").seen == {"files": {}, "revision": 3, "lost": ""}


def test_files_that_came_during_a_pause_are_left_out_and_counted(office: Office, inbox: Path) -> None:
    watch(office, inbox)
    office.go(seconds=1)
    office.scheduler.pause("a", by="bob")
    for name in ("a.csv", "b.csv"):
        (inbox / name).write_text("1")
    settle(office)
    office.scheduler.resume("a", by="bob")
    settle(office)
    (row,) = office.history()
    assert row.outcome == "paused"
    assert row.note.endswith("2 starts were left out")
    (inbox / "c.csv").write_text("1")
    settle(office)
    assert started(office) == ["c.csv"]


def test_a_folder_that_is_gone_when_it_is_resumed_is_told_then(office: Office, inbox: Path) -> None:
    watch(office, inbox)
    office.scheduler.pause("a", by="bob")
    shutil.rmtree(inbox)
    office.scheduler.resume("a", by="bob")
    settle(office)
    assert [firing.outcome for firing in office.history()] == ["failed"]


def test_two_that_look_at_once_start_each_file_once(office: Office, inbox: Path) -> None:
    watch(office, inbox, settle_s=0)
    other = office.another()
    other.tick()
    (inbox / "a.csv").write_text("1")
    office.go(seconds=31)
    other.tick()
    office.go(seconds=31)
    other.tick()
    other.close()
    assert started(office) == ["a.csv"]


def test_other_inputs_of_the_workflow_fail_aloud_and_the_file_counts_as_seen(office: Office, inbox: Path) -> None:
    watch(office, inbox, folder={"input": "document"})
    (inbox / "a.csv").write_text("1")
    settle(office)
    settle(office)
    (row,) = office.history()
    assert (row.outcome, row.cause) == ("failed", str(inbox / "a.csv"))
    assert "document" in row.note


def test_the_system_says_when_something_changed(inbox: Path) -> None:
    alarm = FolderAlarm(inbox, recursive=False)
    assert not alarm.rang()
    (inbox / "a.csv").write_text("1")
    assert any(alarm.rang() for _ in range(10_000)), "each call waits a millisecond"
    alarm.close()
    assert not alarm.rang()
    nowhere = FolderAlarm(inbox / "nowhere", recursive=False)
    assert not nowhere.rang()
    assert not nowhere.rang()
