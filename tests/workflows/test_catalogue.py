"""Workflows of an installation: where they come from, what was reviewed, what they may do, whom they tell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from clawdbot.config import Config
from clawdbot.errors import UsageError
from clawdbot.store.ledger import RunLedger
from clawdbot.store.notices import Target
from clawdbot.tools.registry import Registry
from clawdbot.workflows.catalogue import LIBRARY, Workflows
from clawdbot.workflows.definition_file import InvalidWorkflow, parse
from clawdbot.workflows.powers import powers
from clawdbot.workflows.starting import new_run
from clawdbot.workflows.telling import target_of

FILE = """
name = "{name}"
version = "{version}"
inputs.to = {{ type = "list", of = "address", default = ["finance"] }}
[[step]]
id = "rows"
tool = "sql"
args = {{ sql = "SELECT 1 AS one", title = "one", database = "shop" }}
[[step]]
id = "ask"
goal = "Why?"
approval = true
[[step]]
id = "mail"
tool = "mail"
args = {{ to = "{{{{ inputs.to }}}}", subject = "s", body = "b" }}
[notify]
on_success = {{ mail = ["{{{{ inputs.to[0] }}}}"] }}
on_failure = {{ mail = ["boss@example.com", "{{{{ inputs.to[9] }}}}"], webhook = "https://hook.example/x" }}
[[trigger]]
name = "daily"
cron = "0 9 * * *"
"""


def written(folder: Path, name: str = "own", version: str = "1", file: str = "") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{file or name}.toml"
    path.write_text(FILE.format(name=name, version=version))
    return path


def opened(ledger: RunLedger, home: Path, **sections: Any) -> Workflows:
    mail = {"contacts": {"finance": "finance@example.com"}}
    config = Config.model_validate({"app": {"home": str(home)}, "mail": mail, **sections})
    return Workflows(config, Registry.load(config), ledger)


def test_they_come_from_home_from_folders_and_with_clawdbot(ledger: RunLedger, tmp_path: Path) -> None:
    written(tmp_path / "workflows", "own")
    written(tmp_path / "more", "team")
    found = opened(ledger, tmp_path, workflows={"paths": [str(tmp_path / "more")]}).all()
    shipped = {path.stem for path in LIBRARY.glob("*.toml")}
    assert {one.name: one.origin for one in found if one.origin != "library"} == {"own": "home", "team": "folder"}
    assert {one.name for one in found if one.origin == "library"} == shipped != set()
    assert {one.state for one in found} == {"new"}


def test_ones_own_hides_a_shipped_one_of_the_same_name(ledger: RunLedger, tmp_path: Path) -> None:
    shipped = sorted(LIBRARY.glob("*.toml"))[0].stem
    path = written(tmp_path / "workflows", shipped)
    assert opened(ledger, tmp_path).find(shipped).path == path


def test_what_was_reviewed_counts_until_it_is_reviewed_again(ledger: RunLedger, tmp_path: Path) -> None:
    workflows = opened(ledger, tmp_path)
    path = written(tmp_path / "workflows")
    workflows.enable(workflows.usable("own"), by="ann")
    assert workflows.find("own").state == "enabled"

    written(tmp_path / "workflows", version="2")
    changed = workflows.find("own")
    assert changed.reviewed is not None
    assert (changed.state, changed.reviewed.version, changed.reviewed.changed_by) == ("changed", "1", "ann")
    workflows.enable(workflows.usable("own"), by="bob")
    assert workflows.find("own").state == "enabled"

    path.unlink()
    gone = workflows.find("own")
    assert (gone.state, gone.origin) == ("enabled", "enabled")
    assert workflows.usable("own").version == "2"
    assert workflows.disable("own", by="bob")
    assert not workflows.disable("own", by="bob")
    assert workflows.find("own").state == "disabled"


def test_a_wrong_file_is_listed_with_its_reasons_and_not_enabled(ledger: RunLedger, tmp_path: Path) -> None:
    workflows = opened(ledger, tmp_path)
    path = written(tmp_path / "workflows")
    path.write_text(path.read_text().replace('tool = "sql"', 'tool = "sqll"'))
    found = workflows.find("own")
    assert (found.state, found.definition) == ("broken", None)
    assert "There is no tool 'sqll'" in found.problem
    with pytest.raises(InvalidWorkflow):
        workflows.usable("own")


def test_unknown_names_have_a_nearest(ledger: RunLedger, tmp_path: Path) -> None:
    written(tmp_path / "workflows", "turnover")
    workflows = opened(ledger, tmp_path)
    with pytest.raises(UsageError, match="Did you mean 'turnover'"):
        workflows.usable("turnovr")
    assert workflows.usable(str(tmp_path / "workflows" / "turnover.toml")).name == "turnover"


def test_what_it_may_do_is_said_before_it_starts_by_itself(tmp_path: Path) -> None:
    config = Config.model_validate({"databases": {"shop": {"url": "sqlite://"}, "other": {"url": "sqlite://"}}})
    may = powers(parse(FILE.format(name="x", version=1), "x"), Registry.load(config), config).as_json()
    assert may["tools"] == [
        {"tool": "sql", "effect": "read", "steps": ["rows"]},
        {"tool": "mail", "effect": "external", "steps": ["mail"]},
    ]
    assert (may["goals"], may["approvals"]) == (["ask"], ["ask"])
    assert may["databases"] == ["shop", "other"]  # a goal may read all
    assert may["receivers"] == [{"text": "{{ inputs.to }}", "default": ["finance"], "from_data": False}]
    assert may["told"][-1] == "https://hook.example/x"
    assert may["triggers"] == [{"name": "daily", "cron": "0 9 * * *"}]


@pytest.mark.parametrize(
    ("verdict", "target"),
    [
        ("verified", Target(mail=("finance@example.com",))),
        ("partial", Target(mail=("boss@example.com",), webhook="https://hook.example/x")),
    ],
)
def test_the_file_says_whom_to_tell_of_the_end(ledger: RunLedger, verdict: str, target: Target) -> None:
    config = Config.model_validate({"mail": {"contacts": {"finance": "finance@example.com"}}})
    run = new_run(parse(FILE.format(name="x", version=1), "x"), {}, config=config, user="me")
    run_id = ledger.queue.accept(run)
    ledger.finish_run(run_id, verdict=verdict, result={})
    assert target_of(ledger.get_run(run_id), config) == target


def test_other_runs_tell_nobody_else(ledger: RunLedger) -> None:
    assert target_of(ledger.get_run(ledger.create_run(goal="x", language="en")), Config()) is None
