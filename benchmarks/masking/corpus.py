"""A seeded corpus: texts with the places of personal data and of lookalikes in them."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from benchmarks.masking import lookalikes, people
from benchmarks.masking.texts import CHINESE, ENGLISH

Language = Literal["zh", "en"]
_SLOT = re.compile(r"\{(\w+)\}|\{\{|\}\}")


@dataclass(frozen=True, kw_only=True)
class Planted:
    """A piece of a text: personal data of a kind, or a lookalike of a class."""

    kind: str
    personal: bool
    start: int
    end: int


@dataclass(frozen=True, kw_only=True)
class Sample:
    language: Language
    text: str
    planted: tuple[Planted, ...]


def samples(count: int, seed: int) -> Iterator[Sample]:
    """``count`` texts of each language; the same seed gives the same texts."""
    rng = random.Random(seed)
    for language, texts in (("zh", CHINESE), ("en", ENGLISH)):
        for number in range(count):
            yield _filled(rng, "zh" if language == "zh" else "en", texts[number % len(texts)])


def _filled(rng: random.Random, language: Language, template: str) -> Sample:
    text, at = "", 0
    planted = []
    for slot in _SLOT.finditer(template):
        text += template[at : slot.start()]
        at = slot.end()
        if name := slot.group(1):
            personal = name in people.MAKERS
            piece = (people.MAKERS if personal else lookalikes.MAKERS)[name](rng)
            kind = people.KIND_OF.get(name, name)
            planted.append(Planted(kind=kind, personal=personal, start=len(text), end=len(text) + len(piece)))
            text += piece
        else:
            text += slot.group()[0]
    return Sample(language=language, text=text + template[at:], planted=tuple(planted))
