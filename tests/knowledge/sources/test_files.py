"""Folders as sources: names, links, what is left out, and what is an error rather than an empty folder."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clawdbot.config import SourceConfig
from clawdbot.errors import KnowledgeError, LoadFailed
from clawdbot.knowledge.sources.files import FilesSource
from clawdbot.knowledge.sources.roots import find_roots
from clawdbot.knowledge.sources.source import Item


def source(*paths: Path | str, **settings: Any) -> FilesSource:
    return FilesSource("docs", SourceConfig(paths=tuple(str(path) for path in paths), **settings))


def write(path: Path, text: str = "text") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def items(*paths: Path | str, **settings: Any) -> dict[str, Item]:
    found = list(source(*paths, **settings).items())
    assert len({item.name for item in found}) == len(found), "names are unique"
    return {item.name: item for item in found}


def problems(found: dict[str, Item]) -> dict[str, str]:
    return {name: item.problem for name, item in found.items() if item.problem}


def content(place: FilesSource, item: Item) -> str:
    with place.fetch(item) as path:
        return path.read_text("utf-8")


def test_a_folder_with_all_below_it(tmp_path: Path) -> None:
    write(tmp_path / "a.md", "alpha")
    write(tmp_path / "政策" / "信用.md", "信用")
    found = items(tmp_path)
    assert set(found) == {"a.md", "政策/信用.md"}
    place = source(tmp_path)
    assert (place.name, place.config.kind) == ("docs", "files")
    assert content(place, found["政策/信用.md"]) == "信用"
    assert found["a.md"].uri == (tmp_path / "a.md").as_uri()
    assert found["a.md"].modified_at.endswith("+00:00")


def test_the_fingerprint_is_the_state_of_the_file(tmp_path: Path) -> None:
    path = write(tmp_path / "a.md", "one")
    before = items(tmp_path)["a.md"].fingerprint
    assert items(tmp_path)["a.md"].fingerprint == before
    os.utime(path, ns=(1, 1))
    touched = items(tmp_path)["a.md"].fingerprint
    write(tmp_path / "new", "one").replace(path)
    os.utime(path, ns=(1, 1))
    assert len({before, touched, items(tmp_path)["a.md"].fingerprint}) == 3


def test_hidden_and_temporary_files_are_no_documents(tmp_path: Path) -> None:
    for name in (".git/config", ".DS_Store", "~$plan.docx", "a.swp", "a.md~", "Thumbs.db", "x.part", "keep.md"):
        write(tmp_path / name)
    assert set(items(tmp_path)) == {"keep.md"}
    assert set(items(tmp_path / ".git")) == {"config"}, "a hidden folder that was named is meant"
    assert set(items(tmp_path / ".DS_Store")) == {".DS_Store"}


def test_what_is_excluded(tmp_path: Path) -> None:
    for name in ("a.md", "drafts/b.md", "x/drafts/c.md", "x/d.bak"):
        write(tmp_path / name)
    assert set(items(tmp_path, exclude=("**/drafts/**", "*.bak"))) == {"a.md"}


@pytest.mark.parametrize(
    ("glob", "expected"),
    [
        ("**/*.pdf", {"a.pdf", "x/b.PDF", "x/y/c.pdf"}),
        ("*.pdf", {"a.pdf"}),
        ("x/*.pdf", {"b.PDF"}),
        ("*/*", {"x/b.PDF", "x/n.md"}),
        ("x/**", {"b.PDF", "n.md", "y/c.pdf"}),
    ],
)
def test_globs(tmp_path: Path, glob: str, expected: set[str]) -> None:
    for name in ("a.pdf", "x/b.PDF", "x/y/c.pdf", "x/n.md"):
        write(tmp_path / name)
    assert set(items(f"{tmp_path}/{glob}")) == expected


def test_a_literal_name_that_looks_like_a_glob(tmp_path: Path) -> None:
    write(tmp_path / "report[1].md")
    assert set(items(tmp_path / "report[1].md")) == {"report[1].md"}


def test_several_folders_stand_before_their_names(tmp_path: Path) -> None:
    for name in ("hr/policies/a.md", "sales/policies/a.md", "single/n.md", "single/m.md"):
        write(tmp_path / name)
    found = items(tmp_path / "hr/policies", tmp_path / "sales/policies", tmp_path / "single/n.md")
    assert set(found) == {"hr/policies/a.md", "sales/policies/a.md", "single/n.md"}
    assert set(items(tmp_path / "hr", tmp_path / "sales")) == {"hr/policies/a.md", "sales/policies/a.md"}
    assert set(items(tmp_path / "single/n.md", tmp_path / "single/m.md")) == {"n.md", "m.md"}


def test_a_file_that_two_paths_name_is_one_document(tmp_path: Path) -> None:
    write(tmp_path / "a" / "x.md")
    assert len(items(tmp_path / "a", tmp_path / "a" / "x.md", f"{tmp_path}/a/*.md")) == 1


def test_links(tmp_path: Path) -> None:
    docs, outside = tmp_path / "docs", write(tmp_path / "secret.md")
    write(docs / "real" / "a.md", "alpha")
    write(docs / ".store" / "b.md", "beta")
    (docs / "again.md").symlink_to(docs / "real" / "a.md")
    (docs / "folder").symlink_to(docs / "real")
    (docs / "shown.md").symlink_to(".store/b.md")
    (docs / "out.md").symlink_to(outside)
    (docs / "outer").symlink_to(tmp_path)
    (docs / "broken.md").symlink_to("nowhere.md")
    (docs / "self.md").symlink_to("self.md")
    (docs / "real" / "up").symlink_to(docs)
    found = items(docs)
    assert set(found) - set(problems(found)) == {"real/a.md", "shown.md"}, "each file once, by its visible name"
    assert content(source(docs), found["shown.md"]) == "beta"
    said = problems(found)
    assert set(said) == {"out.md", "outer", "broken.md", "self.md", "real/up"}
    assert str(outside) in said["out.md"] and "out of the folder" in said["outer"]
    assert "to nothing" in said["broken.md"] and "circle" in said["self.md"] and "above it" in said["real/up"]


def test_a_linked_folder_whose_target_is_hidden_is_walked_once(tmp_path: Path) -> None:
    write(tmp_path / ".v2" / "sub" / "a.md")
    (tmp_path / "one").symlink_to(".v2")
    (tmp_path / "two").symlink_to(".v2")
    (tmp_path / ".v2" / "loop").symlink_to(tmp_path / ".v2")
    found = items(tmp_path)
    assert set(found) == {"one/sub/a.md", "one/loop"} and "above it" in found["one/loop"].problem


def test_folders_that_link_to_each_other_end(tmp_path: Path) -> None:
    for name in "abcd":
        write(tmp_path / name / f"{name}.md")
        for other in "abcd":
            if other != name:
                (tmp_path / name / f"to_{other}").symlink_to(tmp_path / other)
    assert set(items(f"{tmp_path}/**/*.md")) == {f"{name}/{name}.md" for name in "abcd"}


def test_a_link_never_gives_a_document_another_name_than_its_own(tmp_path: Path) -> None:
    """Access rules hold by name: a link beside must not take a document out of 'hr/**'."""
    write(tmp_path / "hr" / "pay.md")
    (tmp_path / "public.md").symlink_to("hr/pay.md")
    assert set(items(f"{tmp_path}/*.md")) == {"hr/pay.md"}
    assert items(f"{tmp_path}/*.md", exclude=("hr/**",)) == {}
    (tmp_path / "open").symlink_to("hr")
    assert set(items(f"{tmp_path}/open/*.md")) == {"pay.md"}, "the folder itself was named"
    assert set(items(f"{tmp_path}/o*/*.md")) == {"hr/pay.md"}


def test_a_named_link_is_followed(tmp_path: Path) -> None:
    write(tmp_path / "elsewhere" / "a.md", "alpha")
    (tmp_path / "docs").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "b.md").symlink_to(tmp_path / "elsewhere" / "a.md")
    (tmp_path / "c.md").symlink_to(tmp_path / "elsewhere")
    assert set(items(tmp_path / "docs")) == {"a.md"}
    found = items(tmp_path / "b.md")
    assert set(found) == {"b.md"} and content(source(tmp_path), found["b.md"]) == "alpha"


def test_what_is_no_file_has_a_problem(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "sock"))
        found = items(tmp_path)
    assert problems(found).keys() == {"pipe", "sock"}
    assert "pipe" in found["pipe"].problem and "socket" in found["sock"].problem
    with pytest.raises(LoadFailed, match="not a file"), source(tmp_path).fetch(found["pipe"]):
        pass


def test_what_changes_between_listing_and_reading(tmp_path: Path) -> None:
    path = write(tmp_path / "a.md")
    (item,) = items(tmp_path).values()
    path.unlink()
    with pytest.raises(LoadFailed, match="No such file"), source(tmp_path).fetch(item):
        pass
    path.symlink_to("/etc/hosts")
    with pytest.raises(LoadFailed, match="link"), source(tmp_path).fetch(item):
        pass


def test_names_that_are_no_utf8(tmp_path: Path) -> None:
    raw = os.fsencode(tmp_path)
    for name in ("合同.md".encode("gb18030"), b"caf\xe9.md", "e\u0301.md".encode(), b"two\nlines\xe2\x80\xae.md"):
        with open(os.path.join(raw, name), "wb") as file:
            file.write(name)
    found = items(tmp_path)
    assert set(found) == {"合同.md", "caf\\xe9.md", "é.md", "two\ufffdlines\ufffd.md"}
    with source(tmp_path).fetch(found["合同.md"]) as path:
        assert path.read_bytes() == "合同.md".encode("gb18030")


def test_two_spellings_of_one_name_are_two_documents(tmp_path: Path) -> None:
    for form in ("NFC", "NFD"):
        write(tmp_path / unicodedata.normalize(form, "é.md"))
    assert set(items(tmp_path)) == {"é.md", "é.md (2)"}


def test_what_is_missing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(KnowledgeError, match="there is no folder"):
        items(tmp_path / "gone")
    with pytest.raises(KnowledgeError, match="there is no folder"):
        items(f"{tmp_path}/gone/*.md")
    with pytest.raises(KnowledgeError, match="there is no folder"):
        items(tmp_path / "gone" / "a.md")
    assert items(tmp_path) == {} == items(f"{tmp_path}/*.md")
    found = items(tmp_path / "deleted.md")
    assert "not there any more" in found["deleted.md"].problem


def test_a_file_system_that_is_not_mounted_is_an_error(tmp_path: Path) -> None:
    place = tmp_path / "mnt share"
    place.mkdir()
    table = tmp_path / "fstab"
    table.write_text(f"# devices\nUUID=1 / ext4 defaults 0 1\n//nas/docs {tmp_path}/mnt\\040share cifs ro 0 0\n")
    with pytest.raises(KnowledgeError, match="is not mounted"):
        find_roots([str(place)], source="docs", fstab=table)
    write(place / "a.md")
    assert find_roots([str(place)], source="docs", fstab=table)[0].folder == place
    assert find_roots([str(place)], source="docs", fstab=tmp_path / "none")


@pytest.fixture
def nobody() -> Iterator[Path]:
    """A folder for a user without special rights, and this process as that user."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o777)
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    try:
        yield folder
    finally:
        for path in folder.rglob("*"):
            if path.is_dir() and not path.is_symlink():
                path.chmod(0o700)
        os.seteuid(before)
        shutil.rmtree(folder)


def test_a_folder_that_cannot_be_read_is_an_error(nobody: Path) -> None:
    write(nobody / "a.md")
    (nobody / "closed").mkdir(mode=0)
    with pytest.raises(KnowledgeError, match="closed' cannot be read: Permission denied"):
        items(nobody)
    assert set(items(nobody, exclude=("closed",))) == {"a.md"}
    assert set(items(f"{nobody}/*.md")) == {"a.md"}, "a folder that the glob does not reach is not opened"


def test_a_file_that_may_not_be_read_is_one_failed_document(nobody: Path) -> None:
    write(nobody / "a.md").chmod(0)
    (item,) = items(nobody).values()
    with pytest.raises(LoadFailed, match="Permission denied"), source(nobody).fetch(item):
        pass


def test_a_path_that_is_too_long_stops_nothing(tmp_path: Path) -> None:
    write(tmp_path / "a.md")
    before = Path.cwd()
    try:
        os.chdir(tmp_path)
        for _ in range(25):
            os.mkdir("d" * 200)
            os.chdir("d" * 200)
    finally:
        os.chdir(before)
    found = items(tmp_path)
    assert not found["a.md"].problem
    (said,) = problems(found).values()
    assert "too long" in said
    shutil.rmtree(tmp_path / ("d" * 200), ignore_errors=True)


def test_what_a_change_concerns(tmp_path: Path) -> None:
    place = source(tmp_path, exclude=("drafts",))
    assert place.concerns(str(tmp_path / "a.md")) and place.concerns(str(tmp_path))
    assert not place.concerns(str(tmp_path / ".a.md.swp")) and not place.concerns(str(tmp_path / "drafts" / "a.md"))
    assert not place.concerns("/elsewhere/a.md")
