"""A run's folder: named tables and artifacts, and nothing outside it.

Tables are JSON on disk (never pickle) with their columns' kinds; artifacts are files with their hash.
Every path is made here from a checked name, so no text of a model or a document chooses one.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import unicodedata
from collections.abc import Collection
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from clawdbot.errors import RetryableToolError

Kind = Literal["number", "integer", "date", "text", "boolean"]
_UNSAFE = re.compile(r"[^\w\-]+", re.UNICODE)


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """A file that the run made: ``name`` within the run's folder, absolute ``path``, hash and size in bytes."""

    name: str
    kind: str
    path: str
    sha256: str
    bytes: int
    title: str = ""


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of a saved table."""

    name: str
    kind: Kind


@dataclass(frozen=True, kw_only=True)
class TableInfo:
    """A saved table: where its rows came from and what they look like."""

    name: str
    columns: tuple[Column, ...]
    rows: int
    sha256: str
    source: str = ""
    """Database name."""
    sql: str = ""
    title: str = ""
    truncated: bool = False


def safe_name(text: str, *, fallback: str = "file", limit: int = 60) -> str:
    """A file name stem from free text: letters, digits, '_' and '-' of any script, no dots, no separators."""
    clean = _UNSAFE.sub("_", unicodedata.normalize("NFKC", text)).strip("_-")
    while len(clean.encode()) > limit * 3 or len(clean) > limit:
        clean = clean[:-1]
    return clean or fallback


def column_kind(series: pd.Series[Any]) -> Kind:
    """The kind of a column's values, from its type and content."""
    if pd.api.types.is_bool_dtype(series):
        return "boolean"
    if pd.api.types.is_integer_dtype(series):
        return "integer"
    if pd.api.types.is_numeric_dtype(series):
        return "number"
    if pd.api.types.is_datetime64_any_dtype(series):
        return "date"
    return "text"


class Workspace:
    """The folder of one run.  Safe to open again after a crash: everything is read from disk."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "tables").mkdir(parents=True, exist_ok=True)
        (root / "artifacts").mkdir(exist_ok=True)

    def save_table(
        self,
        frame: pd.DataFrame,
        *,
        name: str,
        source: str = "",
        sql: str = "",
        title: str = "",
        truncated: bool = False,
    ) -> TableInfo:
        """Keep a result under a name; an existing name gets a number.  Values become JSON values."""
        stem = self._free_name(safe_name(name, fallback="result", limit=40))
        columns = tuple(Column(name=str(c), kind=column_kind(frame[c])) for c in frame.columns)
        rows = json.loads(frame.to_json(orient="values", date_format="iso", double_precision=10))
        body = {"columns": [asdict(c) for c in columns], "rows": rows}
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
        info = TableInfo(
            name=stem,
            columns=columns,
            rows=len(frame),
            source=source,
            sql=sql,
            title=title,
            truncated=truncated,
            sha256=hashlib.sha256(text.encode()).hexdigest(),
        )
        meta = {**asdict(info), "columns": body["columns"]}
        _write_atomically(self.root / "tables" / f"{stem}.data.json", text.encode())
        _write_atomically(self.root / "tables" / f"{stem}.json", json.dumps(meta, ensure_ascii=False).encode())
        return info

    def table(self, name: str) -> TableInfo:
        """The description of a saved table; RetryableToolError names the ones that exist."""
        for info in self.tables():
            if info.name == name:
                return info
        known = ", ".join(i.name for i in self.tables()) or "none yet"
        raise RetryableToolError(f"There is no table {name!r}.", hint=f"Saved tables: {known}.")

    def load_table(self, name: str) -> pd.DataFrame:
        """The rows of a saved table; date columns come back as datetime64."""
        info = self.table(name)
        body = json.loads((self.root / "tables" / f"{info.name}.data.json").read_text("utf-8"))
        frame = pd.DataFrame(body["rows"], columns=[c.name for c in info.columns])
        for column in info.columns:
            if column.kind == "date":
                frame[column.name] = pd.to_datetime(frame[column.name])
        return frame

    def drop_table(self, name: str) -> None:
        """Forget a saved table, so that nothing is made from a result that was found wrong."""
        known = self.table(name).name
        for suffix in (".json", ".data.json"):
            (self.root / "tables" / f"{known}{suffix}").unlink(missing_ok=True)

    def tables(self) -> tuple[TableInfo, ...]:
        """All saved tables, oldest first."""
        files = [p for p in (self.root / "tables").glob("*.json") if not p.name.endswith(".data.json")]
        found = []
        for path in sorted(files, key=lambda p: (p.stat().st_mtime_ns, p.name)):
            meta = json.loads(path.read_text("utf-8"))
            found.append(TableInfo(**{**meta, "columns": tuple(Column(**c) for c in meta["columns"])}))
        return tuple(found)

    def artifact_path(self, name: str, *, suffix: str) -> Path:
        """A new path in the artifacts folder for that name; an existing name gets a number."""
        stem = safe_name(name)
        path = self.root / "artifacts" / f"{stem}{suffix}"
        number = 2
        while path.exists():
            path = self.root / "artifacts" / f"{stem}-{number}{suffix}"
            number += 1
        return path

    def add_artifact(self, path: Path, *, kind: str, title: str = "") -> Artifact:
        """Register a file that stands in the artifacts folder; the hash is taken now."""
        resolved = path.resolve()
        if not resolved.is_relative_to((self.root / "artifacts").resolve()):
            raise ValueError(f"{path} is outside the run's folder")
        data = resolved.read_bytes()
        found = Artifact(
            name=path.name,
            kind=kind,
            path=str(resolved),
            sha256=hashlib.sha256(data).hexdigest(),
            bytes=len(data),
            title=title,
        )
        meta = self.root / "artifacts" / f".{path.name}.json"
        _write_atomically(meta, json.dumps(asdict(found), ensure_ascii=False).encode())
        return found

    def artifacts(self, *kinds: str) -> tuple[Artifact, ...]:
        """All artifacts, oldest first, or those of the given kinds."""
        found = []
        for path in sorted((self.root / "artifacts").glob(".*.json"), key=lambda p: (p.stat().st_mtime_ns, p.name)):
            artifact = Artifact(**json.loads(path.read_text("utf-8")))
            if not kinds or artifact.kind in kinds:
                found.append(artifact)
        return tuple(found)

    def artifact(self, name: str) -> Artifact:
        """One artifact by name; RetryableToolError names the ones that exist."""
        for artifact in self.artifacts():
            if artifact.name == name:
                return artifact
        known = ", ".join(a.name for a in self.artifacts()) or "none yet"
        raise RetryableToolError(f"There is no artifact {name!r}.", hint=f"Artifacts: {known}.")

    def take_over(self, source: Workspace, *, tables: Collection[str], artifacts: Collection[str]) -> None:
        """Copy these of another run's folder, with their age; what is no longer there is left out."""
        for table in source.tables():
            if table.name in tables:
                for suffix in (".data.json", ".json"):
                    name = f"{table.name}{suffix}"
                    shutil.copy2(source.root / "tables" / name, self.root / "tables" / name)
        for made in source.artifacts():
            if made.name in artifacts:
                path = Path(shutil.copy2(made.path, self.root / "artifacts" / made.name))
                described = self.root / "artifacts" / f".{made.name}.json"
                shutil.copy2(source.root / "artifacts" / described.name, described)
                age = described.stat().st_mtime_ns
                moved = replace(made, path=str(path.resolve()))
                _write_atomically(described, json.dumps(asdict(moved), ensure_ascii=False).encode())
                os.utime(described, ns=(age, age))

    def forget_unrecorded(self, *, tables: Collection[str], artifacts: Collection[str], since: datetime) -> None:
        """Remove what was made after ``since`` and is on neither list: the step that made it was cut off before it was
        recorded, and makes it again under the same name."""
        for info in self.tables():
            if info.name not in tables and _made_after(self.root / "tables" / f"{info.name}.json", since):
                self.drop_table(info.name)
        for path in (self.root / "artifacts").iterdir():
            name = path.name.removeprefix(".").removesuffix(".json") if path.name.startswith(".") else path.name
            if name not in artifacts and _made_after(path, since):
                path.unlink()

    def _free_name(self, stem: str) -> str:
        name, number = stem, 2
        while (self.root / "tables" / f"{name}.json").exists():
            name, number = f"{stem}_{number}", number + 1
        return name


def _made_after(path: Path, moment: datetime) -> bool:
    return path.stat().st_mtime > moment.timestamp()


def _write_atomically(path: Path, data: bytes) -> None:
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(data)
    partial.replace(path)
