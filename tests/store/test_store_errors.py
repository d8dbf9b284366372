"""What goes wrong around a ledger, caused for real, ends in a sentence that says what to do."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from clawdbot.errors import StoreError
from clawdbot.store.database import sqlite_url
from clawdbot.store.ledger import RunLedger


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Path]:
    """A ledger with one run."""
    path = tmp_path / "clawdbot.db"
    ledger = RunLedger(sqlite_url(path))
    ledger.create_run(goal="g", language="en", run_id="first")
    ledger.close()
    yield path


def _printed(script: str, *args: str) -> str:
    """What a script prints that runs in a process of its own."""
    done = subprocess.run([sys.executable, "-c", script, *args], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


_OPEN = """
import os, sqlite3, sys
from clawdbot.errors import StoreError
from clawdbot.store.ledger import RunLedger
if len(sys.argv) > 2: os.setuid(int(sys.argv[2]))
try:
    RunLedger(sys.argv[1]).create_run(goal="g", language="en")
    print("opened")
except StoreError as error:
    print(error)
"""


def _somebody_else() -> list[str]:
    """Permissions do not hold root back, so that root becomes nobody once everything is imported."""
    return ["65534"] if os.getuid() == 0 else []


def test_a_home_that_may_not_be_written(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o500)
    said = _printed(_OPEN, sqlite_url(home / "inner" / "clawdbot.db"), *_somebody_else())
    assert re.search(r"cannot be written \(.*Permission denied.*\[app\] home", said), said


def test_a_ledger_that_may_only_be_read(file: Path) -> None:
    file.chmod(0o444)
    file.parent.chmod(0o555)
    for parent in file.parents[:3]:
        parent.chmod(0o755)
    said = _printed(_OPEN, sqlite_url(file), *_somebody_else())
    assert "cannot be written" in said and "permissions" in said


def test_a_home_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    with pytest.raises(StoreError, match=r"cannot be written \(.*\[app\] home"):
        RunLedger(sqlite_url(tmp_path / "home" / "clawdbot.db"))


@pytest.mark.parametrize("damage", [b"not a database at all\n" * 300, b"SQLite format 3\x00" + b"\xff" * 5000])
def test_a_file_that_is_no_database(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "clawdbot.db"
    path.write_bytes(damage)
    with pytest.raises(StoreError, match=r"damaged or is no database.*Move the file away"):
        RunLedger(sqlite_url(path))
    assert path.read_bytes() == damage


def test_a_ledger_that_was_damaged_later(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[100:] = b"\x00" * (len(data) - 100)
    file.write_bytes(data)
    with pytest.raises(StoreError, match="damaged or is no database"):
        RunLedger(sqlite_url(file)).list_runs()


def test_a_disk_that_is_full(tmp_path: Path) -> None:
    script = """
import resource, sys
from clawdbot.errors import StoreError
from clawdbot.store.ledger import RunLedger
ledger = RunLedger(sys.argv[1])
run = ledger.create_run(goal="g", language="en")
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
for n in range(1000):
    try:
        ledger.add_step(run, n, {"observation": "x" * 2000})
    except StoreError as error:
        print(n, error)
        break
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
print("kept", len(ledger.steps(run)))
"""
    said = _printed(script, sqlite_url(tmp_path / "clawdbot.db"))
    found = re.search(r"^(\d+) .*the disk is full or failing.*Free some space", said)
    assert found, said
    assert f"kept {found[1]}" in said, "what was written before stays readable"


def test_a_ledger_that_another_program_holds(file: Path) -> None:
    ledger = RunLedger(sqlite_url(file), busy_timeout_s=0.05)
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="in use by another program"):
        ledger.create_run(goal="g", language="en")
    assert ledger.get_run("first").goal == "g", "reading goes on"
    other.execute("ROLLBACK")
    other.close()
    ledger.create_run(goal="g", language="en")
    ledger.close()


def test_a_ledger_of_a_newer_version(file: Path) -> None:
    newer = sqlite3.connect(file)
    newer.execute("UPDATE clawdbot_meta SET value = '99' WHERE key = 'version'")
    newer.commit()
    newer.close()
    with pytest.raises(StoreError, match=r"newer Clawdbot \(format 99.*Upgrade"):
        RunLedger(sqlite_url(file))


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("no url", "not a database URL"),
        ("nonsense://x", "'nonsense'.*sqlite:/// or postgresql://"),
        ("mysql://root@localhost/x", "'mysql'.*sqlite:/// or postgresql://"),
    ],
)
def test_a_url_that_is_of_no_use(url: str, says: str) -> None:
    with pytest.raises(StoreError, match=says):
        RunLedger(url)


def test_a_server_that_does_not_answer_and_whose_password_stays_secret() -> None:
    with pytest.raises(StoreError, match=r"cannot be used.*Check") as caught:
        RunLedger("postgresql://ana:hunter2@127.0.0.1:1/ledger")
    assert "hunter2" not in str(caught.value)
