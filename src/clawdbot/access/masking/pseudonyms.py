"""The pseudonyms of a run: what stands in a prompt for personal data, and the way back in the answer."""

from __future__ import annotations

import hmac
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from clawdbot.access.masking.folding import fold
from clawdbot.access.masking.masker import Masker
from clawdbot.access.masking.pseudonym_form import ALPHABET, CODE_LENGTH, MAIL_TAIL, NAMES, SPELLED, stem_of
from clawdbot.config import PersonalKind


@dataclass(frozen=True, kw_only=True)
class _Original:
    """``value`` is what comes back for a string that is the pseudonym alone: a text, or a number of JSON."""

    text: str
    value: str | int | float


@dataclass
class _Known:
    """What the run has met so far; one lock, for a run's prompts may be masked at the same time."""

    stems: dict[tuple[PersonalKind, str, type], str] = field(default_factory=dict)
    originals: dict[str, _Original] = field(default_factory=dict)
    lookalikes: set[str] = field(default_factory=set)
    mains: dict[str, tuple[PersonalKind, str]] = field(default_factory=dict)
    entities: set[tuple[PersonalKind, str]] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Pseudonyms:
    """Replaces personal data in texts and JSON values of one run, and puts it back.

    ``key`` is the run's own: the same original gets the same pseudonym in every process that has it, and nobody who
    lacks it can try originals against pseudonyms.  ``restore(mask(x)) == x`` for every text that holds no pseudonym of
    this run yet; what is masked already stays as it is.  Originals live in memory only, as long as this object.
    """

    def __init__(self, masker: Masker, key: bytes) -> None:
        self._masker = masker
        self._key = key
        self._known = _Known()
        self._counts: Counter[PersonalKind] = Counter()

    @property
    def counts(self) -> Mapping[PersonalKind, int]:
        """Different originals masked so far, by kind; two spellings of one number count once."""
        return MappingProxyType(self._counts)

    def mask(self, value: Any) -> Any:
        """The value with a pseudonym for each piece of personal data in its strings, keys and numbers."""
        return _mapped(value, self._mask_text, self._mask_number)

    def restore(self, value: Any) -> Any:
        """The value with originals for the run's pseudonyms, in whatever spelling a model wrote them.

        Restore what was parsed, not the text of JSON: an original may hold a quote or a line break.
        """
        return _mapped(value, self._restore_text, lambda number: number)

    def _mask_text(self, text: str) -> str:
        folded = fold(text)
        masked: list[tuple[int, int]] = []
        with self._known.lock:
            for match in SPELLED.finditer(folded.text):
                if (stem := stem_of(match.group())) in self._known.originals:
                    masked.append(match.span())
                else:
                    self._known.lookalikes.add(stem)
        pieces: list[str] = []
        at = 0
        for found in self._masker.find_folded(text, folded.blanked(masked) if masked else folded):
            pieces += (text[at : found.start], self._pseudonym(found.kind, found.text, found.text))
            at = found.end
        return "".join(pieces) + text[at:]

    def _mask_number(self, number: int | float) -> int | float | str:
        """A number of JSON that is a phone or card number becomes a string; it comes back as the number it was."""
        text = str(int(number)) if isinstance(number, int) or number.is_integer() else ""
        found = self._masker.find(text) if len(text) >= 7 else ()
        return self._pseudonym(found[0].kind, text, number) if found else number

    def _restore_text(self, text: str) -> Any:
        folded = fold(text)
        pieces: list[str] = []
        at = 0
        for match in SPELLED.finditer(folded.text):
            original = self._known.originals.get(stem_of(match.group()))
            if original is None:
                continue
            start, end = folded.original(*match.span())
            if not text[:start].strip() and not text[end:].strip() and not isinstance(original.value, str):
                return original.value
            pieces += (text[at:start], original.text)
            at = end
        return "".join(pieces) + text[at:]

    def _pseudonym(self, kind: PersonalKind, text: str, value: str | int | float) -> str:
        with self._known.lock:
            stem = self._known.stems.get((kind, text, type(value)))
            if stem is None:
                stem = self._new_stem(kind, text, value)
        return stem + MAIL_TAIL if kind == "mail_address" else stem

    def _new_stem(self, kind: PersonalKind, text: str, value: str | int | float) -> str:
        """Five characters for the person or thing, one for the spelling: two spellings of a number look related."""
        known = self._known
        entity = (kind, _canonical(kind, text))
        for attempt in range(10_000):
            main = "Q" + NAMES[kind] + self._code(*entity, str(attempt), length=CODE_LENGTH - 1)
            if known.mains.get(main, entity) != entity:
                continue
            first = ALPHABET.index(self._code(text, type(value).__name__, length=1))
            for letter in ALPHABET[first:] + ALPHABET[:first]:
                stem = main + letter
                if stem not in known.originals and stem not in known.lookalikes:
                    self._counts[kind] += entity not in known.entities
                    known.entities.add(entity)
                    known.mains[main] = entity
                    known.originals[stem] = _Original(text=text, value=value)
                    known.stems[kind, text, type(value)] = stem
                    return stem
        raise RuntimeError(f"no pseudonym is free for another {kind!r} in this run")

    def _code(self, *parts: str, length: int) -> str:
        number = int.from_bytes(hmac.digest(self._key, "\0".join(parts).encode("utf-8", "surrogatepass"), "sha256"))
        code = ""
        for _ in range(length):
            number, index = divmod(number, len(ALPHABET))
            code += ALPHABET[index]
        return code


def _canonical(kind: PersonalKind, text: str) -> str:
    """One form for all spellings of an original."""
    plain = fold(text).text
    if kind == "secret":
        return plain
    if kind in ("mail_address", "word"):
        return "".join(plain.split()).lower()
    letters = "".join(char for char in plain.upper() if char.isalnum())
    return letters.removeprefix("00").removeprefix("86")[-11:] if kind == "phone" else letters


def _mapped(value: Any, text: Callable[[str], Any], number: Callable[[int | float], Any]) -> Any:
    """The JSON value with its strings (keys too) and numbers changed; everything else as it is."""
    if isinstance(value, str):
        return text(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return number(value)
    if isinstance(value, Mapping):
        return {_mapped_key(key, text): _mapped(inner, text, number) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        inner = [_mapped(one, text, number) for one in value]
        return inner if isinstance(value, list) else tuple(inner)
    return value


def _mapped_key(key: Any, text: Callable[[str], Any]) -> Any:
    return str(text(key)) if isinstance(key, str) else key
