"""Where tools come from, which of them may be used, and how broken ones are told."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from clawdbot.config import Config, ToolsConfig
from clawdbot.errors import UsageError
from clawdbot.tools.registry import BUILTINS, WORKFLOW_BUILTINS, Registry

RATE = '''
from clawdbot.tools import tool


@tool(effect="read")
def rate(base: str) -> str:
    """Look up a rate."""
    return f"1 {base}"
'''


def load(*paths: Path, enable: tuple[str, ...] = ("rate",), builtins: tuple[tuple[str, str], ...] = ()) -> Registry:
    return Registry.load(Config(tools=ToolsConfig(enable=enable, paths=paths)), builtins, ())


def write(folder: Path, **files: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    return folder


def test_every_built_in_tool_loads() -> None:
    registry = Registry.load(Config())
    assert [problem for problem in registry.problems if problem.origin == "built-in"] == []
    assert {tool.name for tool in registry.tools()} == {name for name, _ in BUILTINS}
    fixed = {name for name, _ in WORKFLOW_BUILTINS}
    assert {entry.name for entry in registry.entries if not entry.enabled} == fixed
    assert all(entry.origin == "built-in" and not entry.advice for entry in registry.entries)


def test_tools_for_workflows_are_the_planners_only_when_they_are_enabled() -> None:
    registry = Registry.load(Config())
    fixed = {name for name, _ in WORKFLOW_BUILTINS}
    assert {tool.name for tool in registry.for_workflows()} == {name for name, _ in BUILTINS} | fixed
    assert all(name in registry and registry.get(name).effect == "read" for name in fixed)
    enabled = Registry.load(Config(tools=ToolsConfig(enable=("bound_sql",))))
    assert [tool.name for tool in enabled.tools()] == ["bound_sql"]


def test_a_file_in_a_folder_is_a_tool(tmp_path: Path) -> None:
    registry = load(write(tmp_path, rate=RATE, _private="1 / 0", test_rate="1 / 0", conftest="1 / 0"))
    assert registry.problems == ()
    assert "rate" in registry
    assert registry.get("rate")(base="EUR") == "1 EUR"
    assert [entry.origin for entry in registry.entries] == [f"file {tmp_path / 'rate.py'}"]


def test_installed_is_not_enabled(tmp_path: Path) -> None:
    registry = load(write(tmp_path, rate=RATE), enable=())
    assert registry.tools() == () and "rate" not in registry
    (entry,) = registry.entries
    assert entry.tool is not None and not entry.enabled
    assert entry.advice == "Installed, not enabled: add 'rate' to [tools] enable in clawdbot.toml."
    with pytest.raises(UsageError, match=r"'rate' is not enabled.*add 'rate' to \[tools\] enable"):
        registry.get("rate")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("1 / 0", "cannot be imported: ZeroDivisionError: division by zero"),
        ("def broken(:", "cannot be imported: SyntaxError"),
        ("raise SystemExit(3)", "cannot be imported: SystemExit: 3"),
        ("import not_there", "No module named 'not_there'"),
        ("x = 1", "It defines no tool"),
        ("from clawdbot.tools import tool\n@tool()\ndef rate(): 'Look.'", "lacks its effect. Write @tool"),
        ("from clawdbot.tools import tool\n@tool\ndef rate(): 'Look.'", "lacks its effect"),
        (RATE.replace("base: str", "base"), "argument 'base' has no type hint"),
        ("from clawdbot.errors import PolicyRefused\nraise PolicyRefused('not\\n here')", "not here"),
    ],
)  # fmt: skip
def test_a_broken_file_is_a_row_with_its_reason(tmp_path: Path, text: str, says: str) -> None:
    before = set(sys.modules)
    registry = load(write(tmp_path, bad=text, good=RATE))
    assert "rate" in registry, "the others go on"
    (problem,) = registry.problems
    assert problem.name == "bad" and problem.origin == f"file {tmp_path / 'bad.py'}"
    assert re.search(says, problem.reason) and "\n" not in problem.reason
    left = {name for name in set(sys.modules) - before if name.startswith("clawdbot_tool_file_")}
    assert len(left) <= 2, "what failed to import leaves nothing behind"


def test_two_tools_of_one_name(tmp_path: Path) -> None:
    one, two = write(tmp_path / "one", rate=RATE), write(tmp_path / "two", rate=RATE, other=RATE)
    registry = load(one, two)
    assert [entry.origin for entry in registry.entries] == [f"file {one / 'rate.py'}"]
    assert [problem.origin for problem in registry.problems] == [f"file {two / 'other.py'}", f"file {two / 'rate.py'}"]
    assert f"'rate' is taken (file {one / 'rate.py'})" in registry.problems[0].reason


def test_no_file_takes_the_name_of_a_built_in(tmp_path: Path) -> None:
    folder = write(tmp_path, mail=RATE.replace("def rate", "def mail"))
    registry = load(folder, enable=("mail",), builtins=BUILTINS)
    assert registry.get("mail").effect == "external"
    assert ["'mail' is taken (built-in)" in problem.reason for problem in registry.problems] == [True]


def test_a_name_that_is_not_installed_and_a_folder_that_is_not_there(tmp_path: Path) -> None:
    registry = load(write(tmp_path, rate=RATE), tmp_path / "nowhere", enable=("rates", "zzz"))
    said = {problem.name: problem.reason for problem in registry.problems}
    assert said["nowhere"] == "[tools] paths names a folder that does not exist."
    assert said["rates"] == "No tool of that name is installed. The nearest name is 'rate'."
    assert said["zzz"] == "No tool of that name is installed."
    with pytest.raises(UsageError, match="'rates' cannot be used: No tool of that name"):
        registry.get("rates")
    with pytest.raises(UsageError, match=r"no tool 'never'.*Usable: none"):
        registry.get("never")


def package(folder: Path, *, module: str, entry: str) -> Path:
    """A package with a distribution of its own, as an installer leaves it."""
    (folder / "acme_plain").mkdir(parents=True)
    (folder / "acme_plain" / "__init__.py").write_text("")
    (folder / "acme_plain" / "rate.py").write_text(module)
    info = folder / "acme_plain-2.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-plain\nVersion: 2.0\n")
    (info / "entry_points.txt").write_text(f"[clawdbot.tools]\n{entry}\n")
    return folder


@pytest.fixture(autouse=True)
def forget_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("acme_plain", "acme_plain.rate"):
        monkeypatch.delitem(sys.modules, name, raising=False)


@pytest.mark.parametrize(
    ("entry", "module", "says"),
    [
        ("rate = acme_plain.rate:nothing", RATE, "cannot be imported: AttributeError"),
        ("rate = acme_plain.rate:tool", RATE, "'acme_plain.rate:tool' is not a tool"),
        ("course = acme_plain.rate:rate", RATE, "'course' gives a tool that is called 'rate'"),
        ("rate = acme_plain.rate:rate", "1 / 0", "ZeroDivisionError"),
    ],
)
def test_a_broken_package_is_a_row_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entry: str, module: str, says: str
) -> None:
    monkeypatch.syspath_prepend(package(tmp_path / "site", module=module, entry=entry))
    (problem,) = load(enable=(entry.split()[0],)).problems
    assert problem.origin == "package acme-plain 2.0"
    assert says in problem.reason


def test_a_package_that_is_not_enabled_is_not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(package(tmp_path / "site", module="1 / 0", entry="rate = acme_plain.rate:rate"))
    registry = load(enable=())
    assert registry.problems == ()
    (entry,) = registry.entries
    assert (entry.name, entry.tool, entry.enabled) == ("rate", None, False)
    assert "acme_plain.rate" not in sys.modules


def test_an_installed_package_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "source"
    source.mkdir()
    write(source / "acme_real", __init__="", rate=RATE)
    (source / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        '[project]\nname = "acme-real"\nversion = "1.5"\n'
        '[project.entry-points."clawdbot.tools"]\nrate = "acme_real.rate:rate"\n'
    )
    target = tmp_path / "site"
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-index", "--no-build-isolation", "--no-deps"]
    pip += ["--disable-pip-version-check", "--root-user-action", "ignore", "--target", str(target), str(source)]
    subprocess.run(pip, check=True, timeout=120, capture_output=True)
    monkeypatch.syspath_prepend(target)
    registry = load()
    assert registry.problems == ()
    assert registry.get("rate")("CHF") == "1 CHF"
    assert [entry.origin for entry in registry.entries] == ["package acme-real 1.5"]
    monkeypatch.delitem(sys.modules, "acme_real.rate")
    monkeypatch.delitem(sys.modules, "acme_real")
