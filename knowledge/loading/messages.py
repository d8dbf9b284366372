"""What the two processes say to each other, and how an extract travels: its text as raw bytes, a frame a block."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter, ValidationError

from clawdbot.errors import LoadFailed
from clawdbot.knowledge.extract import Block, BlockKind, Extract
from clawdbot.knowledge.loading.frames import MAX_HEADER_BYTES, BrokenFrame

_MAX_NOTES = 100
_MAX_WORDS = 2000
_MAX_METADATA_BYTES = MAX_HEADER_BYTES // 4


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Setup(_Message):
    """First frame to the worker: what it may take, where it may read and write."""

    memory_bytes: int
    scratch_bytes: int
    open_files: int
    answer_bytes: int
    answer_blocks: int
    ocr: bool
    scratch: str
    models: str | None


class Order(_Message):
    """Load the file whose path is the frame's body; ``limits`` are the fields of LoadLimits, ``cpu_s`` seconds."""

    media: str | None
    limits: dict[str, int]
    cpu_s: int


class Ready(_Message):
    """The worker is confined and waits; ``confined_by`` are the fences that hold on this system."""

    kind: Literal["ready"] = "ready"
    confined_by: list[str]


class Failed(_Message):
    """The file cannot be read.  ``memory``: because memory ran out, so the worker should be replaced."""

    kind: Literal["failed"] = "failed"
    message: str
    hint: str = ""
    memory: bool = False


class Head(_Message):
    """An extract begins; ``blocks`` frames follow."""

    kind: Literal["extract"] = "extract"
    title: str
    modified_at: str
    pages: int | None
    notes: list[str]
    metadata: dict[str, JsonValue]
    blocks: int


class BlockHead(_Message):
    """A block; its text is the frame's body in UTF-8."""

    block: BlockKind
    level: int = 0
    page: int | None = None
    part: str = ""
    row: int | None = None


class Resting(_Message):
    """Last frame of each answer: what the worker keeps in memory, bytes."""

    kind: Literal["resting"] = "resting"
    resident_bytes: int
    address_bytes: int


_ANSWER: TypeAdapter[Failed | Head] = TypeAdapter(Annotated[Failed | Head, Field(discriminator="kind")])


def frames_of(extract: Extract, *, answer_bytes: int, answer_blocks: int) -> Iterator[tuple[bytes, bytes]]:
    """An extract as frames; LoadFailed when it is larger than the reader accepts."""
    if len(extract.blocks) > answer_blocks:
        raise LoadFailed(
            f"It has {len(extract.blocks):,} paragraphs and tables; at most {answer_blocks:,} are loaded.",
            hint="Split the file.",
        )
    bodies = [block.text.encode("utf-8", "replace") for block in extract.blocks]
    if sum(map(len, bodies)) > answer_bytes:
        raise LoadFailed(f"It has more than {answer_bytes // 1_000_000} MB of text.", hint="Split the file.")
    metadata, lost = _metadata(extract.metadata)
    notes = [_words(note) for note in extract.notes[:_MAX_NOTES]]
    notes += [f"{len(extract.notes) - _MAX_NOTES} further notes"] if len(extract.notes) > _MAX_NOTES else []
    notes += ["metadata left out: too large"] if lost else []
    head = Head(
        title=_words(extract.title),
        modified_at=_words(extract.modified_at),
        pages=extract.pages,
        notes=notes,
        metadata=metadata,
        blocks=len(bodies),
    )
    yield dump(head), b""
    for block, body in zip(extract.blocks, bodies, strict=True):
        part = _words(block.part)
        row = BlockHead(block=block.kind, level=block.level, page=block.page, part=part, row=block.row)
        yield dump(row), body


def read_answer(read: Callable[[], tuple[bytes, bytes]], *, max_blocks: int) -> Extract | Failed:
    """The answer to an order, from ``read``; BrokenFrame when it is not one."""
    try:
        answer = _ANSWER.validate_json(read()[0])
        if isinstance(answer, Failed):
            return answer
        if not 0 <= answer.blocks <= max_blocks:
            raise BrokenFrame(f"{answer.blocks} blocks")
        blocks = tuple(_block(*read()) for _ in range(answer.blocks))
    except (ValidationError, UnicodeDecodeError) as error:
        raise BrokenFrame("an answer that is none") from error
    return Extract(
        blocks=blocks,
        title=answer.title,
        modified_at=answer.modified_at,
        pages=answer.pages,
        notes=tuple(answer.notes),
        metadata=answer.metadata,
    )


def dump(message: BaseModel) -> bytes:
    """A message as a frame's header."""
    return message.model_dump_json().encode()


def _block(header: bytes, body: bytes) -> Block:
    head = BlockHead.model_validate_json(header)
    return Block(kind=head.block, text=body.decode(), level=head.level, page=head.page, part=head.part, row=head.row)


def _words(text: str) -> str:
    """Short text that every store takes: names of files and broken encodings bring lone surrogates."""
    return text[:_MAX_WORDS].encode("utf-8", "replace").decode()


def _metadata(found: dict[str, Any]) -> tuple[dict[str, JsonValue], bool]:
    """What of a document's metadata can travel, and whether it was too much."""
    text = json.dumps(found, ensure_ascii=False, default=str).encode("utf-8", "replace")
    return ({}, True) if len(text) > _MAX_METADATA_BYTES else (json.loads(text), False)
