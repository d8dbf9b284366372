"""A run's folder keeps what it is given, names it safely, and nothing gets out of it."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clawdbot.errors import RetryableToolError
from clawdbot.tools.workspace import Workspace, column_kind, safe_name


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "run")


def sales() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "区域": ["华东", "华北"],
            "orders": [3, 4],
            "revenue": [1.25, None],
            "day": pd.to_datetime(["2026-01-01", "2026-04-01"]),
            "open": [True, False],
        }
    )


def test_a_table_comes_back_as_it_was(workspace: Workspace) -> None:
    info = workspace.save_table(sales(), name="sales", source="shop", sql="SELECT 1", title="Sales", truncated=True)
    assert [(column.name, column.kind) for column in info.columns] == [
        ("区域", "text"), ("orders", "integer"), ("revenue", "number"), ("day", "date"), ("open", "boolean"),
    ]  # fmt: skip
    again = Workspace(workspace.root)
    assert again.tables() == (info,)
    assert again.table("sales") == info
    frame = again.load_table("sales")
    assert frame["区域"].tolist() == ["华东", "华北"] and frame["orders"].tolist() == [3, 4]
    assert frame["day"].tolist() == sales()["day"].tolist() and pd.isna(frame["revenue"][1])


def test_the_hash_is_of_the_rows(workspace: Workspace) -> None:
    one, same = workspace.save_table(sales(), name="a"), workspace.save_table(sales(), name="b")
    other = workspace.save_table(sales().head(1), name="c")
    assert one.sha256 == same.sha256 != other.sha256


def test_a_taken_name_gets_a_number(workspace: Workspace) -> None:
    names = [workspace.save_table(sales(), name=name).name for name in ("t", "t", "t", "../../etc/passwd", "")]
    assert names == ["t", "t_2", "t_3", "etc_passwd", "result"]
    assert [info.name for info in workspace.tables()] == names, "oldest first"


def test_an_unknown_name_tells_the_known_ones(workspace: Workspace) -> None:
    with pytest.raises(RetryableToolError, match=r"no table 'x'. Saved tables: none yet"):
        workspace.table("x")
    workspace.save_table(sales(), name="sales")
    with pytest.raises(RetryableToolError, match="Saved tables: sales"):
        workspace.load_table("x")
    with pytest.raises(RetryableToolError, match=r"no artifact 'x'. Artifacts: none yet"):
        workspace.artifact("x")


def test_an_artifact_is_registered_with_its_hash(workspace: Workspace) -> None:
    paths = [workspace.artifact_path("季度 报告", suffix=".pdf") for _ in range(1)]
    paths[0].write_bytes(b"one")
    paths.append(workspace.artifact_path("季度 报告", suffix=".pdf"))
    paths[1].write_bytes(b"two")
    first, second = (
        workspace.add_artifact(path, kind=kind) for path, kind in zip(paths, ("report", "chart"), strict=True)
    )
    assert (first.name, second.name, first.bytes) == ("季度_报告.pdf", "季度_报告-2.pdf", 3)
    assert first.sha256 != second.sha256
    assert Workspace(workspace.root).artifacts() == (first, second)
    assert workspace.artifacts("chart") == (second,)
    assert workspace.artifact(first.name) == first
    with pytest.raises(RetryableToolError, match=r"Artifacts: 季度_报告.pdf, 季度_报告-2.pdf"):
        workspace.artifact("report.pdf")


def test_a_file_outside_the_folder_is_no_artifact(workspace: Workspace, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("s")
    link = workspace.root / "artifacts" / "link.txt"
    link.symlink_to(secret)
    for path in (secret, link, workspace.root / "artifacts" / ".." / ".." / "secret.txt"):
        with pytest.raises(ValueError, match="outside the run's folder"):
            workspace.add_artifact(path, kind="note")
    assert workspace.artifacts() == ()


@given(st.text(max_size=300))
def test_any_text_becomes_a_name_that_stays_in_its_folder(text: str) -> None:
    name = safe_name(text)
    assert name and len(name) <= 60 and len(f"{name}.data.json.partial".encode()) < 255
    assert not set(name) & set("/\\.\x00\n ") and name not in ("..", ".")
    assert safe_name(name) == name


@given(name=st.text(max_size=40), cell=st.text(max_size=40))
@settings(max_examples=25)
def test_hostile_names_and_cells_stay_in_the_folder(
    tmp_path_factory: pytest.TempPathFactory, name: str, cell: str
) -> None:
    root = tmp_path_factory.mktemp("hostile")
    workspace = Workspace(root / "run")
    frame = pd.DataFrame({"cell": [cell.encode("utf-8", "replace").decode()]})
    info = workspace.save_table(frame, name=name)
    assert workspace.load_table(info.name)["cell"].tolist() == frame["cell"].tolist()
    assert [path.name for path in root.iterdir()] == ["run"]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2], "integer"), ([1.5], "number"), ([True], "boolean"), (["x"], "text"), ([None], "text"), ([], "text"),
        (pd.to_datetime(["2026-01-01"]).tolist(), "date"),
    ],
)  # fmt: skip
def test_the_kind_of_a_column(values: list[object], kind: str) -> None:
    assert column_kind(pd.Series(values, dtype=None if values else object)) == kind


def test_what_a_cut_off_step_made_is_forgotten_and_nothing_else(workspace: Workspace) -> None:
    workspace.save_table(sales(), name="before")
    then = datetime.now(UTC)
    for name in ("kept", "lost"):
        workspace.save_table(sales(), name=name)
        path = workspace.artifact_path(name, suffix=".txt")
        path.write_text(name)
        workspace.add_artifact(path, kind="report")
        for made in (workspace.root / "tables" / f"{name}.json", path, path.with_name(f".{path.name}.json")):
            os.utime(made, (then.timestamp() + 1, then.timestamp() + 1))
    half = workspace.artifact_path("half", suffix=".txt")
    half.write_text("never described")
    os.utime(half, (then.timestamp() + 1, then.timestamp() + 1))
    workspace.forget_unrecorded(tables={"kept"}, artifacts={"kept.txt"}, since=then)
    assert [table.name for table in workspace.tables()] == ["before", "kept"]
    assert [made.name for made in workspace.artifacts()] == ["kept.txt"]
    assert not half.exists() and workspace.artifact_path("lost", suffix=".txt").name == "lost.txt"
    assert workspace.save_table(sales(), name="lost").name == "lost"
