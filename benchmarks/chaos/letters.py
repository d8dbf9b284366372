"""The office's two workflows: letters to the branches, by a schedule too, and letters that a person must approve."""

from __future__ import annotations

from pathlib import Path

from clawdbot.config import Config
from clawdbot.store.queue import NewRun
from clawdbot.workflows.definition_file import parse
from clawdbot.workflows.starting import new_run

EVERY_S = 5
"""Seconds between two starts by the schedule."""
SCHEDULE = "letters/often"

_LETTERS = """
name = "letters"
title = "Letters to the branches"

[inputs.readers]
type = "list"
of = "address"
default = ["north@example.com", "south@example.com", "west@example.com"]

[[step]]
id = "sales"
needs = []
tool = "sql"
args = { sql = "SELECT region, SUM(amount) AS sales FROM orders GROUP BY region ORDER BY sales DESC", title = "sales" }

[[step]]
id = "numbers"
needs = []
goal = "Sales by region for Q3 2026."

[[step]]
id = "letters"
needs = ["sales", "numbers"]
tool = "mail"
foreach = "inputs.readers"
parallel = 2
args = { to = ["{{ item }}"], subject = "Sales for {{ item }}", body = "{{ steps.sales.rows[0].region }} leads.", \
attachments = [] }
"""

_TRIGGER = f"""
[[trigger]]
name = "often"
every = "{EVERY_S}s"
missed = "all"
overlap = "allow"
"""

_SIGNED = _LETTERS.replace('name = "letters"', 'name = "signed"').replace(
    'foreach = "inputs.readers"', 'foreach = "inputs.readers"\napproval = "Send these letters?"'
)

WORKFLOWS = {"letters": _LETTERS + _TRIGGER, "signed": _SIGNED}
"""The files by name."""


def write_workflows(home: Path) -> None:
    """The files, where the installation looks for them."""
    folder = home / "workflows"
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in WORKFLOWS.items():
        (folder / f"{name}.toml").write_text(text, "utf-8")


def letters_run(name: str, *, config: Config, user: str) -> NewRun:
    """A run of that workflow, as ``clawdbot workflow run`` makes it."""
    return new_run(parse(WORKFLOWS[name], f"{name}.toml"), {}, config=config, user=user)
