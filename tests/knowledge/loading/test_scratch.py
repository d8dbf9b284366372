"""A worker's private folder."""

from __future__ import annotations

from pathlib import Path

from clawdbot.knowledge.loading.scratch import Scratch


def test_what_is_in_it_is_counted_and_cleared_however_deep(scratch: Path) -> None:
    private = Scratch()
    deep = private.temporary / "a" / "b"
    deep.mkdir(parents=True)
    (deep / "large").write_bytes(b"x" * 1_000_000)
    (private.temporary / "link").symlink_to("/")
    (private.documents / "document.txt").write_text("x")
    assert 1_000_000 <= private.used_bytes() < 1_200_000
    inode = private.temporary.stat().st_ino
    private.clear()
    assert private.used_bytes() == 0
    assert list(private.documents.iterdir()) == list(private.temporary.iterdir()) == []
    assert private.temporary.stat().st_ino == inode, "the worker's right to write is tied to this folder"
    private.remove()
    assert list(scratch.iterdir()) == []


def test_nobody_else_may_look_into_it(scratch: Path) -> None:
    private = Scratch()
    assert private.folder.stat().st_mode & 0o077 == 0
    private.remove()
