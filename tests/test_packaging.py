"""What is shipped: the wheel, the source distribution, the editable install and the scripts around them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("agents", "tools", "workflows", "knowledge")
SHIPPED = (*PACKAGES, "src", "scripts/link_packages.py", "pyproject.toml", "README.md", "LICENSE", ".gitignore")


def run(*command: str | Path, cwd: Path | None = None, **environment: str) -> str:
    """Standard output of a command that must succeed."""
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


def build(source: Path, target: str, folder: Path) -> Path:
    """Build ``source`` with the locked hatchling, without network."""
    run(sys.executable, "-m", "hatchling", "build", "-t", target, "-d", folder, cwd=source)
    (made,) = folder.iterdir()
    return made


def modules_of_the_tree() -> set[str]:
    """Names in the wheel of every file that belongs to the product, data files too."""
    found = {f"clawdbot/{path.relative_to(ROOT).as_posix()}" for name in PACKAGES for path in (ROOT / name).rglob("*")}
    shell = ROOT / "src" / "clawdbot"
    found |= {f"clawdbot/{path.relative_to(shell).as_posix()}" for path in shell.rglob("*")}
    return {name for name in found if "__pycache__" not in name and "." in Path(name).name}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(ROOT, "wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("installed")
    run(sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--target", folder, wheel)
    return folder


def names_in(wheel: Path) -> set[str]:
    """Files of the package in a wheel, without its metadata."""
    return {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}


def test_the_wheel_holds_every_module_of_the_tree(wheel: Path) -> None:
    assert names_in(wheel) == modules_of_the_tree()


def test_the_source_distribution_builds_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    archive = build(ROOT, "sdist", tmp_path / "sdist")
    unpacked = tmp_path / "unpacked"
    unpacked.mkdir()
    run("tar", "-xf", archive, "-C", unpacked)
    (source,) = unpacked.iterdir()
    again = build(source, "wheel", tmp_path / "again")
    assert names_in(again) == names_in(wheel)


def test_an_installed_wheel_imports_every_module(installed: Path, tmp_path: Path) -> None:
    script = (
        "import clawdbot, importlib, json, pkgutil\n"
        "names = [m.name for m in pkgutil.walk_packages(clawdbot.__path__, 'clawdbot.')]\n"
        "print(json.dumps([importlib.import_module(name).__file__ for name in names]))\n"
    )
    files = json.loads(run(sys.executable, "-c", script, cwd=tmp_path, PYTHONPATH=str(installed)))
    assert len(files) > 20
    assert all(Path(file).is_relative_to(installed) for file in files)


def test_an_installed_wheel_has_the_command(installed: Path, tmp_path: Path) -> None:
    shown = run(installed / "bin" / "clawdbot", "--help", cwd=tmp_path, PYTHONPATH=str(installed))
    assert "demo" in shown
    assert "run" in shown


def test_an_editable_install_has_the_names_of_the_wheel(tmp_path: Path) -> None:
    copy = tmp_path / "checkout"
    copy.mkdir()
    for name in SHIPPED:
        source, target = ROOT / name, copy / name
        target.parent.mkdir(exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    stale = copy / ".links" / "clawdbot" / "gone.py"
    stale.parent.mkdir(parents=True)
    stale.symlink_to("../../src/clawdbot/gone.py")
    home = tmp_path / "venv"
    venv.create(home, with_pip=False)
    python = home / "bin" / "python"
    run(
        *(sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-index", "--no-deps"),
        *("--no-build-isolation", "-e", copy),
        PYTHONPATH=os.pathsep.join(path for path in sys.path if path.endswith("site-packages")),
    )
    script = "import clawdbot.errors, clawdbot.agents; print(clawdbot.errors.__file__, clawdbot.agents.__path__[0])"
    errors, agents = run(python, "-c", script, cwd=tmp_path).split()
    assert Path(errors).resolve() == copy / "src" / "clawdbot" / "errors.py"
    assert Path(agents).resolve() == copy / "agents"
    assert not stale.is_symlink()


# --- the scripts behind `make` --------------------------------------------------------------------------------


@pytest.fixture
def bare_checkout(tmp_path: Path) -> Path:
    """A checkout with the scripts alone, and a PATH folder ``bin`` without Python or a package manager."""
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    for name in ("requirements.lock", "requirements-dev.lock", "pyproject.toml", "Makefile"):
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "src" / "clawdbot").mkdir(parents=True)
    (tmp_path / "bin").mkdir()
    for tool in ("sh", "mkdir", "dirname", "cksum", "cat", "ls", "grep", "rm", "tail", "id", "sed", "env"):
        (tmp_path / "bin" / tool).symlink_to(shutil.which(tool) or tool)
    return tmp_path


def script(checkout: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run one of the scripts with nothing on the PATH but ``bin``."""
    return subprocess.run(
        [str(checkout / "bin" / "sh"), *command],
        cwd=checkout, env={"PATH": str(checkout / "bin"), "HOME": str(checkout), **environment},
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip


def pretend(path: Path, text: str) -> None:
    """Put an executable shell script at that path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n", "utf-8")
    path.chmod(0o755)


def test_without_python_the_setup_says_what_to_do(bare_checkout: Path) -> None:
    done = script(bare_checkout, "scripts/bootstrap", "runtime")
    assert done.returncode == 1
    assert "Python 3.11 or newer is needed" in done.stderr
    assert "apt install python3 python3-venv" in done.stderr


def test_an_old_python_is_passed_over(bare_checkout: Path) -> None:
    pretend(bare_checkout / "bin" / "python3", "exit 1")
    done = script(bare_checkout, "scripts/bootstrap", "runtime")
    assert done.returncode == 1
    assert "Python 3.11 or newer is needed" in done.stderr


def test_without_the_venv_module_the_setup_says_what_to_do(bare_checkout: Path) -> None:
    pretend(
        bare_checkout / "bin" / "python3",
        'case "$*" in *"-m "*) echo "No module named venv" >&2; exit 1 ;; *print*) echo 3.12 ;; esac',
    )
    done = script(bare_checkout, "scripts/bootstrap", "runtime")
    assert done.returncode == 1
    assert "apt install python3.12-venv" in done.stderr
    assert not (bare_checkout / ".venv").exists()


def test_a_failed_download_is_shown_and_leaves_no_stamp(bare_checkout: Path) -> None:
    pretend(bare_checkout / ".venv" / "bin" / "python", 'case "$*" in *pip*) echo "no index here" >&2; exit 1 ;; esac')
    done = script(bare_checkout, "scripts/bootstrap", "runtime")
    assert done.returncode == 1
    assert "no index here" in done.stderr
    assert not list((bare_checkout / ".venv").glob(".locked-*"))


def test_a_second_setup_starts_nothing(bare_checkout: Path) -> None:
    log = bare_checkout / "calls"
    pretend(bare_checkout / ".venv" / "bin" / "python", f'case "$*" in *pip*) echo "$*" >>{log} ;; esac')
    first = script(bare_checkout, "scripts/bootstrap", "dev")
    assert first.returncode == 0, first.stderr
    assert "--require-hashes -r requirements-dev.lock" in log.read_text("utf-8")
    log.unlink()
    for kind in ("dev", "runtime"):
        again = script(bare_checkout, "scripts/bootstrap", kind)
        assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    assert not log.exists()
    (bare_checkout / "requirements.lock").write_text("changed==1", "utf-8")
    assert script(bare_checkout, "scripts/bootstrap", "runtime").returncode == 0
    assert "-r requirements.lock" in log.read_text("utf-8")


def test_tex_that_cannot_be_installed_is_said_once_and_never_fails(bare_checkout: Path) -> None:
    first = script(bare_checkout, "scripts/tex")
    assert first.returncode == 0
    assert "packaged pdfLaTeX" in first.stdout
    second = script(bare_checkout, "scripts/tex")
    assert (second.returncode, second.stdout) == (0, "")
    assert "packaged pdfLaTeX" in script(bare_checkout, "scripts/tex", "again").stdout


def test_tex_can_be_left_out(bare_checkout: Path) -> None:
    done = script(bare_checkout, "scripts/tex", CLAWDBOT_TEX="skip")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not (bare_checkout / ".cache").exists()


def test_tex_that_is_there_is_left_alone(bare_checkout: Path) -> None:
    pretend(bare_checkout / "bin" / "xelatex", "exit 0")
    pretend(bare_checkout / "bin" / "kpsewhich", 'echo "/usr/share/$1"')
    done = script(bare_checkout, "scripts/tex")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


# --- the bound on coverage ------------------------------------------------------------------------------------


def report(tmp_path: Path, **branches: tuple[int, int]) -> Path:
    """A coverage report with (taken, total) branches for each top-level folder."""
    files = {
        f"{folder}/module.py": {"summary": {"covered_branches": taken, "num_branches": total}}
        for folder, (taken, total) in branches.items()
    }
    path = tmp_path / "coverage.json"
    path.write_text(json.dumps({"files": files}), "utf-8")
    return path


def check_coverage(path: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "scripts" / "check_coverage.py"), str(path)]
    return subprocess.run(command, capture_output=True, text=True)


def test_enough_branches_pass_and_are_reported(tmp_path: Path) -> None:
    done = check_coverage(report(tmp_path, agents=(90, 100), tools=(199, 200), src=(1, 100)))
    assert done.returncode == 0, done.stderr
    assert "agents/" in done.stdout
    assert "99.5 %" in done.stdout


@pytest.mark.parametrize(
    ("branches", "said"),
    [
        ({"agents": (89, 100), "tools": (100, 100)}, "agents/ has 89.0 %"),
        ({"agents": (95, 100), "tools": (0, 10)}, "tools/ has 0.0 %"),
        ({"agents": (95, 100)}, "tools/ was not measured"),
    ],
)
def test_too_few_branches_fail(tmp_path: Path, branches: dict[str, tuple[int, int]], said: str) -> None:
    done = check_coverage(report(tmp_path, **branches))
    assert done.returncode == 1
    assert said in done.stderr
