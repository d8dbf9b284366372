"""What a person sees when the process that loads a file behaves, hangs, crashes, lies or takes over."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from clawdbot.config import AppConfig, Config, KnowledgeConfig
from clawdbot.errors import KnowledgeError, LoadFailed
from clawdbot.knowledge.extract import Block
from clawdbot.knowledge.loaders.limits import LoadLimits
from clawdbot.knowledge.loading import Loading, ProcessBounds
from tests.knowledge.loading.conftest import Open, Order
from tests.knowledge.loading.processes import alive, until


def failure(loading: Loading, path: Path) -> str:
    """The reason and the hint of a failed load."""
    with pytest.raises(LoadFailed) as caught:
        loading.load(path)
    return str(caught.value)


def test_a_document_comes_back_as_its_loader_made_it(tmp_path: Path, scratch: Path) -> None:
    path = tmp_path / "审批 limit.md"
    path.write_text("# 审批限额\n\nThe limit is 20,000 EUR.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n", "utf-8")
    with Loading(ocr=False) as loading:
        found = loading.load(path)
    assert found.title == "审批限额"
    assert [block.kind for block in found.blocks] == ["heading", "paragraph", "table"]
    assert found.blocks[0] == Block(kind="heading", text="审批限额", level=1)
    assert found.metadata["media"] == "text/markdown"


def test_a_type_that_the_source_knows_is_used(tmp_path: Path, scratch: Path) -> None:
    path = tmp_path / "page"
    path.write_text("<p>one<p>two")
    with Loading(ocr=False) as loading:
        assert [block.text for block in loading.load(path, media="text/html").blocks] == ["one", "two"]


def test_a_loader_s_own_reason_is_passed_on(tmp_path: Path, scratch: Path) -> None:
    path = tmp_path / "a.docx"
    path.write_bytes(b"")
    with Loading(ocr=False) as loading:
        assert failure(loading, path) == "The file is empty. Get another copy, or leave it out."


def test_the_process_is_kept_for_the_next_file_and_replaced_after_some(misbehaving: Open, order: Order) -> None:
    loading = misbehaving(files=2)
    pids = [loading.load(order("say hello")).metadata["pid"] for _ in range(4)]
    assert pids[0] == pids[1] != pids[2] == pids[3]
    assert os.getpid() not in pids
    assert not alive(pids[0])


def test_a_process_that_keeps_much_memory_is_replaced(misbehaving: Open, order: Order) -> None:
    loading = misbehaving(resident_bytes=200_000_000)
    first = loading.load(order("grow 1000000")).metadata["pid"]
    assert loading.load(order("grow 200000000")).metadata["pid"] == first
    assert loading.load(order("say hello")).metadata["pid"] != first


@pytest.mark.parametrize(
    ("words", "bounds", "reason"),
    [
        ("sleep", {"timeout_s": 1.5}, "Reading it takes longer than 1.5 s. Split the file, or raise"),
        ("spin", {"timeout_s": 1.5}, "Reading it takes longer than 1.5 s."),
        (
            "eat",
            {},
            "Reading it needs more memory than 2.0 GB. Split the file, or raise [knowledge] load_memory_bytes.",
        ),
        ("swallow", {}, "Reading it needs more memory than 2.0 GB."),
        ("fail MemoryError", {}, "Reading it needs more memory than 2.0 GB."),
        ("abort terminate called after throwing 'std::bad_alloc'", {}, "Reading it needs more memory than 2.0 GB."),
        ("fail RecursionError", {}, "The file is damaged or incomplete."),
        ("segfault", {}, "The process that read it crashed (signal SIGSEGV). It may be damaged"),
        ("abort what a pity.", {}, "The process that read it crashed (signal SIGABRT: what a pity). It may be damaged"),
        ("leave", {}, "The process that read it crashed (status 3)."),
        ("fill-disk", {"scratch_bytes": 30_000_000}, "Reading it unpacks more than 30 MB to disk."),
        ("answer 00", {"timeout_s": 1.5}, "Reading it takes longer than 1.5 s."),
        ("answer 7fffffff7fffffff", {}, "gave an answer that is none"),
        ("answer 000000027fffffff7b7d", {}, "gave an answer that is none"),
        ("answer 00000002000000007b7d", {}, "gave an answer that is none"),
        (f"answer {0x30000:08x}00000000{'5b' * 0x30000}", {}, "gave an answer that is none"),
        ("blocks 101", {"answer_blocks": 100}, "It has 101 paragraphs and tables; at most 100 are loaded. Split"),
        ("characters 1000000", {"answer_bytes": 2_000_000}, "It has more than 2 MB of text. Split the file."),
    ],
)
def test_a_lost_process_is_a_reason_and_the_next_file_is_read(
    misbehaving: Open, order: Order, scratch: Path, words: str, bounds: dict[str, float], reason: str
) -> None:
    loading = misbehaving(**bounds)
    assert reason in failure(loading, order(words))
    assert loading.load(order("say hello")).text == "hello"
    loading.close()
    assert list(scratch.iterdir()) == []


def test_a_file_is_not_blamed_for_those_before_it(misbehaving: Open, order: Order) -> None:
    loading = misbehaving()
    first = loading.load(order("say hello")).metadata["pid"]
    again = loading.load(order("crash-unless-first"))
    assert again.text == "first"
    assert again.metadata["pid"] != first


def test_what_a_worker_writes_is_gone_before_the_next_file(misbehaving: Open, order: Order, scratch: Path) -> None:
    loading = misbehaving(scratch_bytes=50_000_000)
    for _ in range(2):
        assert loading.load(order("large-file")).text == "EFBIG"
        assert [path for path in scratch.rglob("*") if path.is_file()] == []


def test_values_that_no_store_takes_are_made_harmless(misbehaving: Open, order: Order) -> None:
    found = misbehaving().load(order("odd-values"))
    assert found.blocks == (Block(kind="table", text="a\ufffdb", level=2, page=3, part="s\ufffd", row=4),)
    assert found.title.startswith("t\ufffdt\ufffd")
    assert len(found.notes) == 102
    assert found.notes[-2:] == ("400 further notes", "metadata left out: too large")
    assert found.metadata == {}
    assert found.pages == 7


def test_nothing_that_a_library_prints_is_seen(
    misbehaving: Open, order: Order, capfd: pytest.CaptureFixture[str]
) -> None:
    assert misbehaving().load(order("noise")).text == "read b''"
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(os.uname().sysname != "Linux", reason="these fences are Linux's")
def test_a_process_that_was_taken_over_gets_nowhere(
    misbehaving: Open, order: Order, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SALES_PASSWORD", "hunter2")
    secret = tmp_path / "secret.txt"
    secret.write_text("hunter2")
    loading = misbehaving()
    found = loading.load(order(f"look {secret}")).metadata
    if not {"files", "network", "programs"} <= set(loading.confined_by):
        pytest.skip(f"this kernel has only {loading.confined_by}")
    assert {name: found[name] for name in ("socket", "fork", "program", "signal")} == dict.fromkeys(
        ("socket", "fork", "program", "signal"), "EPERM"
    )
    assert {name: found[name] for name in ("secret", "parent", "write")} == dict.fromkeys(
        ("secret", "parent", "write"), "EACCES"
    )
    assert found["temporary"] == found["thread"] == "done"
    assert "hunter2" not in str(found)
    assert not (tmp_path / "written").exists()


def test_closing_ends_a_load_that_another_thread_waits_for(misbehaving: Open, order: Order, scratch: Path) -> None:
    loading = misbehaving(timeout_s=60)
    caught: list[BaseException] = []

    def load() -> None:
        try:
            loading.load(order("sleep"))
        except KnowledgeError as error:
            caught.append(error)

    thread = threading.Thread(target=load)
    thread.start()
    until(lambda: list(scratch.glob("*/temporary/begun")))
    loading.close()
    thread.join()
    assert [str(error) for error in caught] == ["Loading was stopped. Start it again to go on."]
    with pytest.raises(KnowledgeError):
        loading.load(order("say hello"))


def test_threads_take_turns(misbehaving: Open, tmp_path: Path) -> None:
    loading = misbehaving()
    found: dict[int, str] = {}

    def load(number: int) -> None:
        path = tmp_path / f"{number}.txt"
        path.write_text(f"say {number}")
        found[number] = loading.load(path).text

    threads = [threading.Thread(target=load, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: str(number) for number in range(8)}


def test_a_process_that_does_not_start_says_why(
    tmp_path: Path, scratch: Path, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sitecustomize.py").write_text("import os, sys; os.write(2, b'no such library\\n'); os._exit(4)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with Loading(ocr=False) as loading, pytest.raises(KnowledgeError, match="did not start: no such library"):
        loading.load(order("say hello"))
    assert list(scratch.iterdir()) == []


def test_the_configuration_sets_the_bounds(tmp_path: Path, scratch: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("x" * 2000)
    config = Config(app=AppConfig(home=tmp_path), knowledge=KnowledgeConfig(max_file_bytes=1000, ocr=False))
    with Loading.from_config(config) as loading:
        assert "larger than" in failure(loading, path)


def test_limits_of_a_document_reach_its_loader(tmp_path: Path, scratch: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("x" * 2000)
    with Loading(limits=LoadLimits(max_text_chars=100), bounds=ProcessBounds(), ocr=False) as loading:
        assert loading.load(path).text == "x" * 100
