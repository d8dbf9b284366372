"""Rooms of steps: what they see, what is published under which name, and what a cut off attempt leaves."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from clawdbot.tools.executor import ERROR_LOG
from clawdbot.tools.workspace import Workspace
from clawdbot.workflows.flow.rooms import House, Things, carry


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(Workspace(tmp_path / "run"))


def made(room: Workspace, table: str = "", file: str = "", text: str = "x") -> None:
    if table:
        room.save_table(pd.DataFrame({"x": [1, 2]}), name=table, title=f"Title of {table}")
    if file:
        path = room.root / "artifacts" / file
        path.write_text(text)
        room.add_artifact(path, kind="export", title="T")


def names(folder: Workspace) -> tuple[list[str], list[str]]:
    return [t.name for t in folder.tables()], [a.name for a in folder.artifacts()]


def test_a_step_sees_what_it_comes_after_and_nothing_else(house: House) -> None:
    made(house.main, "one", "one.csv")
    made(house.main, "two", "two.csv")
    room = house.room("a", Things(tables=("one",), files=("two.csv",)))
    assert names(room) == (["one"], ["two.csv"])
    assert room.artifact("two.csv").path.startswith(str(room.root))
    assert room.load_table("one").equals(house.main.load_table("one"))


def test_what_is_new_is_published_under_its_name_or_with_the_steps(house: House) -> None:
    made(house.main, "one", "one.csv")
    room = house.room("b", Things())
    made(room, "one", "one.csv", "other")
    made(room, "three", "three.csv")
    published = house.publish("b", room, Things(), prefix="b")
    assert published.things == Things(tables=("b_one", "three"), files=("b-one.csv", "b-three.csv"))
    assert published.renamed == {"one": "b_one"}
    assert names(house.main) == (["one", "b_one", "three"], ["one.csv", "b-one.csv", "b-three.csv"])
    assert house.main.table("b_one").title == "Title of one"
    assert Path(house.main.artifact("b-one.csv").path).read_text() == "other"
    house.clear("b")
    assert not room.root.exists()
    assert len(house.main.load_table("b_one")) == 2


def test_what_stood_there_is_not_published_again(house: House) -> None:
    made(house.main, "one", "one.csv")
    seen = Things(tables=("one",), files=("one.csv",))
    room = house.room("b", seen)
    assert house.publish("b", room, seen, prefix="b").things == Things()


def test_another_attempt_begins_without_what_the_last_one_left(house: House) -> None:
    room = house.room("a/1", Things())
    made(room, "left", "left.csv")
    house.publish("a/1", room, Things(), prefix="a")  # and then it was cut off
    again = house.room("a/1", Things())
    assert names(again) == ([], [])
    assert names(house.main) == ([], [])
    made(again, "left", "left.csv")
    assert house.publish("a/1", again, Things(), prefix="a").things == Things(tables=("left",), files=("left.csv",))


def test_crash_reports_are_kept(house: House) -> None:
    room = house.room("a", Things())
    (room.root / ERROR_LOG).write_text("Traceback\n")
    house.clear("a")
    assert (house.main.root / ERROR_LOG).read_text() == "Traceback\n"


def test_what_is_carried_into_another_folder_twice_is_there_once(house: House, tmp_path: Path) -> None:
    made(house.main, "one", "one.csv")
    other = Workspace(tmp_path / "other")
    for _ in range(2):
        carry(house.main, other, Things(tables=("one",), files=("one.csv",)))
    assert names(other) == (["one"], ["one.csv"])
