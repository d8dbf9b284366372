"""The worker's loop and what travels between the two processes, over real pipes."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from clawdbot.errors import LoadFailed, MissingExtra
from clawdbot.knowledge.extract import Block, Extract
from clawdbot.knowledge.loaders.page_reader import ReadPage
from clawdbot.knowledge.loading import worker
from clawdbot.knowledge.loading.frames import BrokenFrame, FrameReader, OutOfTime, PipeClosed, write_frame
from clawdbot.knowledge.loading.messages import Failed, Order, Resting, Setup, dump, frames_of, read_answer

SETUP = Setup(
    memory_bytes=1,
    scratch_bytes=1,
    open_files=1,
    answer_bytes=1000,
    answer_blocks=10,
    ocr=False,
    scratch="",
    models=None,
)
ORDER = Order(media="text/plain", limits={"max_pages": 7}, cpu_s=3)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
BLOCKS = st.builds(
    Block,
    kind=st.sampled_from(("heading", "paragraph", "list", "table", "code")),
    text=TEXT,
    level=st.integers(0, 9),
    page=st.none() | st.integers(1, 10**6),
    part=TEXT,
    row=st.none() | st.integers(1, 10**6),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | TEXT, lambda inner: st.lists(inner, max_size=3)
)
EXTRACTS = st.builds(
    Extract,
    blocks=st.lists(BLOCKS, max_size=6).map(tuple),
    title=TEXT,
    modified_at=TEXT,
    pages=st.none() | st.integers(0, 10**6),
    notes=st.lists(TEXT, max_size=4).map(tuple),
    metadata=st.dictionaries(TEXT, JSON, max_size=4),
)


@given(EXTRACTS)
def test_an_extract_arrives_as_it_was_sent(extract: Extract) -> None:
    frames = iter(list(frames_of(extract, answer_bytes=10**6, answer_blocks=100)))
    assert read_answer(lambda: next(frames), max_blocks=100) == extract


@given(st.lists(st.tuples(st.binary(max_size=200), st.binary(max_size=200)), max_size=4))
def test_whatever_else_arrives_is_no_answer(sent: list[tuple[bytes, bytes]]) -> None:
    frames = iter([*sent, (b"", b""), (b"", b"")])
    with pytest.raises(BrokenFrame):
        read_answer(lambda: next(frames), max_blocks=100)


@pytest.mark.parametrize("blocks", [-1, 101, 10**30])
def test_more_blocks_than_agreed_are_no_answer(blocks: int) -> None:
    head = f'{{"kind":"extract","title":"","modified_at":"","pages":null,"notes":[],"metadata":{{}},"blocks":{blocks}}}'
    with pytest.raises(BrokenFrame):
        read_answer(lambda: (head.encode(), b""), max_blocks=100)


@contextmanager
def served(load: worker.Load) -> Iterator[tuple[int, FrameReader]]:
    """A worker's loop in a thread: where to write orders, and what reads its answers."""
    order_out, order_in = os.pipe()
    answer_out, answer_in = os.pipe()
    thread = threading.Thread(target=worker.serve, args=(order_out, answer_in, SETUP, load))
    thread.start()
    try:
        yield order_in, FrameReader(answer_out, end=time.monotonic() + 30, allowance=10**6, watch=lambda: None)
    finally:
        os.close(order_in)
        thread.join()
        for fd in (order_out, answer_in, answer_out):
            os.close(fd)


def test_the_loop_answers_every_order_until_the_pipe_closes() -> None:
    seen: list[tuple[Path, Order]] = []

    def load(path: Path, order: Order) -> Extract:
        seen.append((path, order))
        return Extract(blocks=(Block(kind="paragraph", text="限额"),))

    with served(load) as (orders, answers):
        for name in (b"/s/a.txt", b"/s/\xff\n.txt"):
            write_frame(orders, dump(ORDER), name)
            found = read_answer(answers.read, max_blocks=10)
            assert isinstance(found, Extract)
            assert found.text == "限额"
            assert Resting.model_validate_json(answers.read()[0]).resident_bytes > 10**6
    assert seen == [(Path("/s/a.txt"), ORDER), (Path("/s/\udcff\n.txt"), ORDER)]


@pytest.mark.parametrize(
    ("error", "failed"),
    [
        (LoadFailed("No /s/a.txt there.", hint="Look."), Failed(message="No a.txt there.", hint="Look.")),
        (MissingExtra("Hearing", extra="speech"), "Hearing needs an optional dependency that is not installed."),
        (MemoryError(), Failed(message="Reading it needs more memory than a file may take.", memory=True)),
        (KeyError("\udcffx"), "It cannot be read (KeyError: '\\udcffx')."),
    ],
)
def test_every_error_becomes_an_answer(error: Exception, failed: Failed | str) -> None:
    def load(path: Path, order: Order) -> Extract:
        raise error

    with served(load) as (orders, answers):
        write_frame(orders, dump(ORDER), b"/s/a.txt")
        found = read_answer(answers.read, max_blocks=10)
    assert (found == failed) if isinstance(failed, Failed) else (isinstance(found, Failed) and found.message == failed)


def test_a_loader_that_took_a_lack_of_memory_for_damage_is_seen_through() -> None:
    def load(path: Path, order: Order) -> Extract:
        try:
            raise MemoryError
        except MemoryError as error:
            raise LoadFailed("It is damaged.") from error

    with served(load) as (orders, answers):
        write_frame(orders, dump(ORDER), b"/s/a.txt")
        found = read_answer(answers.read, max_blocks=10)
    assert found == Failed(message="It is damaged.", memory=True)


def test_more_text_than_agreed_is_refused_before_it_is_sent() -> None:
    with served(lambda path, order: Extract(blocks=(Block(kind="paragraph", text="x" * 1001),))) as (orders, answers):
        write_frame(orders, dump(ORDER), b"/s/a.txt")
        found = read_answer(answers.read, max_blocks=10)
    assert isinstance(found, Failed)
    assert found.message.startswith("It has more than")


def test_a_header_must_be_small() -> None:
    with pytest.raises(BrokenFrame):
        write_frame(1, b"x" * (1 << 19))


def test_a_reader_gives_up_at_its_time_and_notices_the_end() -> None:
    out, into = os.pipe()
    looked: list[int] = []
    try:
        reader = FrameReader(out, end=time.monotonic() + 0.5, allowance=10, watch=lambda: looked.append(1))
        with pytest.raises(OutOfTime):
            reader.read()
        assert looked
    finally:
        os.close(into)
    with pytest.raises(PipeClosed):
        FrameReader(out, end=time.monotonic() + 30, allowance=10, watch=lambda: None).read()
    os.close(out)


def test_pictures_are_read_by_a_reader_that_is_made_for_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Counting] = []

    class Counting:
        def __init__(self) -> None:
            made.append(self)

        def read(self, image: Image.Image) -> ReadPage:
            return ReadPage(text_lines=(f"{image.width}",))

    monkeypatch.setattr("clawdbot.knowledge.ocr.reader.OcrReader", Counting)
    reader = worker.LazyReader()
    assert made == []
    assert [reader.read(Image.new("L", (width, 1))).text_lines for width in (3, 4)] == [("3",), ("4",)]
    assert len(made) == 1
