"""docs/howto/write-a-tool.md: every example on the page is written out and run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import clawdbot
from clawdbot.access.envelope import Envelope
from clawdbot.config import Config, ToolsConfig
from clawdbot.errors import ApprovalNeeded
from clawdbot.store.database import sqlite_url
from clawdbot.store.ledger import RunLedger
from clawdbot.tools import RunView
from clawdbot.tools.conformance import check_path
from clawdbot.tools.executor import Executor, Outcome, RunFrame
from clawdbot.tools.registry import Registry
from clawdbot.tools.workspace import Workspace

_EXAMPLE = re.compile(r'^```\w+ title="([^"]+)"\n(.*?)^```$', re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def examples(request: pytest.FixtureRequest) -> dict[str, str]:
    page = request.config.rootpath / "docs" / "howto" / "write-a-tool.md"
    found = dict(_EXAMPLE.findall(page.read_text(encoding="utf-8")))
    assert set(found) == {"exchange_rate.py", "test_exchange_rate.py", "clawdbot.toml", "pyproject.toml", "stock.py"}
    return found


@pytest.fixture
def folder(examples: dict[str, str], tmp_path: Path) -> Path:
    """The page's files as a reader would save them."""
    made = tmp_path / "tools"
    made.mkdir()
    for name, text in examples.items():
        if name.endswith(".py"):
            (made / name).write_text(text, encoding="utf-8")
    return made


class Run:
    """A run that may use every tool of the folder."""

    def __init__(self, folder: Path) -> None:
        names = ("exchange_rate", "stock_list", "stock_label", "stock_order")
        self.config = Config(tools=ToolsConfig(enable=names, paths=(folder,), trusted=()))
        self.registry = Registry.load(self.config)
        self.ledger = RunLedger(sqlite_url(folder.parent / "ledger.db"))
        self.executor = Executor(self.registry, self.config, self.ledger)
        self.workspace = Workspace(folder.parent / "run")
        self.envelope = Envelope(tools=frozenset(names))
        self.run_id = self.ledger.create_run(goal="g", language="en")

    def call(self, name: str, *, step: int = 1, approvals: frozenset[str] = frozenset(), **args: object) -> Outcome:
        frame = RunFrame(
            run_id=self.run_id, goal="g", language="en", workspace=self.workspace, envelope=self.envelope,
            deadline=time.monotonic() + 60,
        )  # fmt: skip
        return self.executor.call(name, args, run=frame, step=step, approvals=approvals)

    def view(self) -> RunView:
        return RunView(
            goal="g", language="en", deliverables=frozenset(), workspace=self.workspace, envelope=self.envelope,
            config=self.config,
        )  # fmt: skip


@pytest.fixture
def run(folder: Path) -> Iterator[Run]:
    made = Run(folder)
    assert made.registry.problems == ()
    yield made
    made.ledger.close()


def test_the_file_is_a_tool_of_a_run(run: Run) -> None:
    assert run.call("exchange_rate", base="EUR", quote="USD").observation == "1 EUR = 1.08 USD"
    unknown = run.call("exchange_rate", base="EUR", quote="JPY")
    assert unknown.error_kind == "retryable" and "Known pairs" in unknown.observation
    assert run.registry.get("exchange_rate").schema["properties"]["quote"] == {
        "type": "string",
        "description": "ISO 4217 code to convert to",
    }


def test_the_configuration_on_the_page_is_valid(examples: dict[str, str]) -> None:
    tools = Config(**tomllib.loads(examples["clawdbot.toml"])).tools
    assert tools.paths == (Path("tools"),) and tools.enable[-1] == "exchange_rate"


def test_context_readiness_narrowing_and_receipts(run: Run) -> None:
    label = run.registry.get("stock_label")
    assert label.ready(run.view()) is False
    listed = run.call("stock_list")
    assert listed.receipt is not None
    assert (listed.receipt["table"], listed.receipt["provides"]) == ("stock_list", "table")
    assert label.ready(run.view()) is True
    assert label.narrow(run.view(), label.schema)["properties"]["product"]["enum"] == ["coffee", "tea"]
    receipt = run.call("stock_label", product="tea").receipt
    assert receipt is not None and (receipt["bytes"], receipt["effect"]) == (3, "artifact")
    assert [made.name for made in run.workspace.artifacts("label")] == ["label_tea.txt"]


def test_approval_and_errors(run: Run) -> None:
    few = run.call("stock_order", product="tea", pieces=3)
    assert few.receipt is not None and few.receipt["key"][:8] in few.observation
    with pytest.raises(ApprovalNeeded) as asked:
        run.call("stock_order", step=2, product="tea", pieces=30)
    assert asked.value.payload.endswith("\n\nOrder 30 of tea?")
    approved = frozenset({asked.value.payload_hash})
    assert run.call("stock_order", step=2, approvals=approved, product="tea", pieces=30).ok
    assert run.call("stock_order", step=3, product="milk", pieces=1).error_kind == "terminal"


def test_the_unit_test_on_the_page_passes(folder: Path) -> None:
    plain = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", ".", "."]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, env=plain)
    assert "2 passed" in done.stdout, done.stdout + done.stderr


def test_type_checkers_see_the_tools_signature(folder: Path, tmp_path: Path) -> None:
    (folder / "wrong.py").write_text("from exchange_rate import exchange_rate\n\nexchange_rate('EUR', 7)\n")
    # Without the types of other packages it is done in seconds, and the tool's own do not depend on them.
    command = [sys.executable, "-m", "mypy", "--config-file", "", "--cache-dir", str(tmp_path / "cache")]
    command += ["--no-site-packages", "--ignore-missing-imports", "wrong.py"]
    place = {**os.environ, "MYPYPATH": str(Path(clawdbot.__file__).parent.parent)}
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, env=place)
    found = [line for line in done.stdout.splitlines() if line.startswith("wrong.py")]
    assert len(found) == 1, done.stdout + done.stderr
    assert (
        'wrong.py:3: error: Argument 2 to "__call__" of "Tool" has incompatible type "int"; expected "str"' in found[0]
    )


def test_the_checker_has_nothing_to_say_of_the_page(folder: Path) -> None:
    assert check_path(folder, call=True) == []


def test_the_package_on_the_page_installs_and_is_found(
    folder: Path, examples: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = tmp_path / "source", tmp_path / "site"
    (source / "acme_tools").mkdir(parents=True)
    (source / "pyproject.toml").write_text(examples["pyproject.toml"])
    (source / "acme_tools" / "__init__.py").write_text("")
    (source / "acme_tools" / "exchange_rate.py").write_text(examples["exchange_rate.py"])
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-index", "--no-build-isolation", "--no-deps"]
    command += ["--disable-pip-version-check", "--root-user-action", "ignore", "--target", str(target), str(source)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    monkeypatch.syspath_prepend(target)
    registry = Registry.load(Config(tools=ToolsConfig(enable=("exchange_rate",))), (), ())
    assert registry.problems == ()
    assert [entry.origin for entry in registry.entries] == ["package acme-clawdbot-tools 1.0"]
    assert registry.get("exchange_rate")("EUR", "USD") == "1 EUR = 1.08 USD"
    for name in ("acme_tools", "acme_tools.exchange_rate"):
        monkeypatch.delitem(sys.modules, name)
