"""Sections: what stands under one heading, and which small ones go together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from clawdbot.knowledge.extract import Block, Extract


@dataclass(frozen=True, kw_only=True)
class Section:
    """Consecutive blocks, as indexes into ``Extract.blocks``, and the path of headings from the title down.

    ``names`` are the headings of the sections that were put together, in order; one for a section by itself.
    """

    path: tuple[str, ...]
    blocks: tuple[int, ...]
    tokens: int
    names: tuple[str, ...]
    only_heading: bool = False


def sections(extract: Extract, tokens: Sequence[int], *, by_page: bool) -> list[Section]:
    """The document's sections in order; ``tokens`` are those of each block.

    A sheet or an attachment (``Block.part``) is a level of its own under the title; with ``by_page`` (slides) no
    heading holds beyond its page.
    """
    found: list[Section] = []
    stack: list[tuple[int, str]] = []
    root = _root(extract.title, "")
    collected: list[int] = []
    before: Block | None = None

    def close() -> None:
        if collected:
            path = _path(root, stack)
            kinds = {extract.blocks[index].kind for index in collected}
            found.append(
                Section(
                    path=path,
                    blocks=tuple(collected),
                    tokens=sum(tokens[index] for index in collected),
                    names=path[-1:],
                    only_heading=kinds == {"heading"},
                )
            )
            collected.clear()

    for index, block in enumerate(extract.blocks):
        if not block.text.strip():
            continue
        if before is not None and (block.part != before.part or (by_page and block.page != before.page)):
            close()
            stack.clear()
        if block.kind == "heading":
            close()
            while stack and stack[-1][0] >= block.level:
                stack.pop()
            stack.append((block.level, " ".join(block.text.split())))
        root = _root(extract.title, block.part)
        collected.append(index)
        before = block
    close()
    return found


def together(found: Sequence[Section], *, small: int, most: int) -> list[Section]:
    """Sections that share a chunk: a bare heading with what follows below it, and small neighbours of one family.

    Small are sections of fewer than ``small`` tokens that are siblings, or parent and child; what they have in common
    is their path.  Together they have at most ``most`` tokens.
    """
    groups: list[Section] = []
    for section in found:
        last = groups[-1] if groups else None
        if last is None:
            groups.append(section)
        elif last.only_heading and section.path[: len(last.path)] == last.path:
            groups[-1] = _joined(last, section, section.path, section.names)
        elif (
            section.tokens < small
            and last.tokens + section.tokens <= most
            and (len(last.names) > 1 or last.tokens < small)
            and _related(last, section)
        ):
            groups[-1] = _joined(last, section, _shared(last.path, section.path), (*last.names, *section.names))
        else:
            groups.append(section)
    return groups


def _joined(one: Section, other: Section, path: tuple[str, ...], names: tuple[str, ...]) -> Section:
    return Section(
        path=path,
        blocks=one.blocks + other.blocks,
        tokens=one.tokens + other.tokens,
        names=names,
        only_heading=one.only_heading and other.only_heading,
    )


def _related(group: Section, section: Section) -> bool:
    shared = len(_shared(group.path, section.path))
    # A group's own path is already what its members share.
    least = len(group.path) if len(group.names) > 1 else max(len(group.path), len(section.path)) - 1
    return shared >= max(least, len(section.path) - 1, 0)


def _shared(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    length = 0
    while length < min(len(one), len(other)) and one[length] == other[length]:
        length += 1
    return one[:length]


def _root(title: str, part: str) -> tuple[str, ...]:
    title, part = " ".join(title.split()), " ".join(part.split())
    return tuple(name for name in (title, part if part != title else "") if name)


def _path(root: tuple[str, ...], stack: Sequence[tuple[int, str]]) -> tuple[str, ...]:
    names = [name for _, name in stack if name]
    # Most documents begin with their title as the first heading.
    if root and names and names[0].casefold() == root[-1].casefold():
        names = names[1:]
    return (*root, *names)
