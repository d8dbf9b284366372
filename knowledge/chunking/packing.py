"""Units into chunks: as many as fit, with breaks where they hurt least."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from clawdbot.knowledge.chunking.unit import Cutter, Unit

_CRUMB = 1.25
"""What is left over by less than this share above one chunk is made two even ones, rather than one and a crumb."""
_EVEN = 0.6
"""How much of the two the first one takes at most."""


@dataclass(frozen=True, kw_only=True)
class Packed:
    """The units of one chunk, its text, and its tokens with the heading path."""

    units: tuple[Unit, ...]
    text: str
    tokens: int


@dataclass(frozen=True, kw_only=True)
class Packer:
    """Packs the units of one section into chunks of at most ``size`` tokens.

    ``room`` is what the heading path leaves; ``measure`` counts a chunk's text together with that path.
    """

    document: str
    cutter: Cutter
    measure: Callable[[str], int]
    size: int
    room: int

    def pack(self, units: Sequence[Unit]) -> Iterator[Packed]:
        """Chunks in order; each holds at least one unit that no other has."""
        line = list(units)
        at = repeated = 0  # where the next chunk starts, and how many of its first units the one before has too
        while at + repeated < len(line):
            taken = self._take(line, at, repeated)
            packed = self._packed(line[at : at + taken])
            # Units can make more tokens together than one by one: then fewer of them, at last half of one.
            if packed.tokens > self.size and repeated:
                at, repeated = at + repeated, 0
                continue
            while packed.tokens > self.size and taken > 1:
                taken = self._fewer(packed)
                packed = self._packed(line[at : at + taken])
            if packed.tokens > self.size and line[at].end - line[at].start > 1:
                line[at : at + 1] = self.cutter.halves(line[at], self.document)
                continue
            yield packed
            at += taken
            repeated = 1 if taken - repeated > 1 and self._repeats(line, at) else 0
            at -= repeated

    def _take(self, line: Sequence[Unit], at: int, repeated: int) -> int:
        """How many units go into the next chunk, by their own tokens."""
        rest = self._tokens_from(line, at, _CRUMB * self.room)
        if self.room < rest <= _CRUMB * self.room:
            even = self._filled(line, at, repeated, int(rest * _EVEN))
            if self._tokens_from(line, at + even, self.room) <= self.room:
                return even
        return self._filled(line, at, repeated, self.room)

    def _filled(self, line: Sequence[Unit], at: int, repeated: int, most: int) -> int:
        used, end = line[at].header_tokens, at
        while end < len(line) and used + line[end].tokens <= most:
            used += line[end].tokens
            end += 1
        least = at + repeated + 1
        end = max(end, least)
        earlier = end
        while least <= earlier < len(line) and line[earlier].glued:
            earlier -= 1
        return (earlier if earlier >= least else end) - at

    def _tokens_from(self, line: Sequence[Unit], at: int, enough: float) -> int:
        """Tokens of the units from ``at`` on; counted no further than ``enough``."""
        found = 0
        while at < len(line) and found <= enough:
            found += line[at].tokens
            at += 1
        return found

    def _fewer(self, packed: Packed) -> int:
        taken, spare = len(packed.units), packed.tokens - self.size
        while taken > 1 and spare > 0:
            taken -= 1
            spare -= max(packed.units[taken].tokens, 1)
        return taken

    def _repeats(self, line: Sequence[Unit], at: int) -> bool:
        """The sentence before ``at`` starts the next chunk too: its paragraph was cut there."""
        if at >= len(line):
            return False
        last, following = line[at - 1], line[at]
        return (
            last.sentence
            and following.sentence
            and last.block == following.block
            and last.tokens <= self.room // 4
            and last.tokens + following.tokens <= self.room
        )

    def _packed(self, units: Sequence[Unit]) -> Packed:
        text = self.document[units[0].start : units[-1].end]
        if units[0].header:
            text = f"{units[0].header}\n{text}"
        return Packed(units=tuple(units), text=text, tokens=self.measure(text))
