"""Personal data found in a text: every configured kind, the longest piece where two overlap."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from clawdbot.access.masking.bank_cards import find_bank_cards
from clawdbot.access.masking.folding import BLANK, Folded, fold
from clawdbot.access.masking.found import Found
from clawdbot.access.masking.identity_numbers import find_credit_codes, find_resident_ids
from clawdbot.access.masking.keys_and_tokens import find_secrets
from clawdbot.access.masking.mail_addresses import find_mail_addresses
from clawdbot.access.masking.passports import find_passports
from clawdbot.access.masking.phones import find_phones
from clawdbot.access.masking.searched import Searched
from clawdbot.access.masking.words import word_finder
from clawdbot.config import MaskingConfig, PersonalKind

Detector = Callable[[Searched], Iterator[tuple[int, int]]]

_DETECTORS: Mapping[PersonalKind, Detector] = {
    "resident_id": find_resident_ids,
    "credit_code": find_credit_codes,
    "bank_card": find_bank_cards,
    "phone": find_phones,
    "passport": find_passports,
    "mail_address": find_mail_addresses,
    "secret": find_secrets,
}
"""In the order that decides between kinds for one and the same piece; configured words come last."""


class Masker:
    """Finds the kinds of personal data that the configuration names; keeps nothing of the texts.

    ``enabled`` is not looked at: what a text holds counts for its label whether it is masked or not.
    """

    def __init__(self, config: MaskingConfig) -> None:
        self._detectors = [(kind, find) for kind, find in _DETECTORS.items() if kind in config.kinds]
        if "word" in config.kinds and config.words:
            self._detectors.append(("word", word_finder(config.words)))

    def find(self, text: str) -> tuple[Found, ...]:
        """All personal data in the text, in order and apart; positions are those of the text as it was given."""
        return self.find_folded(text, fold(text))

    def find_folded(self, text: str, folded: Folded) -> tuple[Found, ...]:
        """The same for a text that is folded already, pieces of it blanked perhaps.

        Searched again with what was found taken out, until nothing is left: what remains once everything is masked
        holds nothing that a second look would find.
        """
        found: list[Found] = []
        while spans := self._apart(folded.text):
            for kind, start, end in spans:
                first, last = folded.original(start, end)
                found.append(Found(kind=kind, start=first, end=last, text=text[first:last]))
            folded = folded.blanked((start, end) for _, start, end in spans)
        return tuple(sorted(found, key=lambda one: one.start))

    def _apart(self, text: str) -> list[tuple[PersonalKind, int, int]]:
        """Spans of one search, the longest first where they overlap, then in order of the text."""
        searched = Searched(text)
        candidates = [
            (start - end, rank, start, end)
            for rank, (_, find) in enumerate(self._detectors)
            for start, end in find(searched)
        ]
        taken = bytearray(len(text))
        chosen = []
        for length, rank, start, end in sorted(candidates):
            if taken.find(1, start, end) < 0 and text.find(BLANK, start, end) < 0:
                taken[start:end] = b"\1" * -length
                chosen.append((self._detectors[rank][0], start, end))
        return sorted(chosen, key=lambda span: span[1])
