"""A piece of personal data in a text, and what it makes of the text's label."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from clawdbot.config import LABELS, Label, PersonalKind

LABEL_OF: Mapping[PersonalKind, Label] = {
    "credit_code": "internal",
    "phone": "internal",
    "mail_address": "internal",
    "resident_id": "confidential",
    "bank_card": "confidential",
    "passport": "confidential",
    "word": "confidential",
    "secret": "secret",
}
"""Identity papers and accounts are sensitive personal information (PIPL, article 28); a way to reach somebody is
personal; a company's code is public, but in a prompt it tells who the business is done with."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """``text[start:end]`` of the searched text is personal data of this kind."""

    kind: PersonalKind
    start: int
    end: int
    text: str


def personal_label(found: Sequence[Found]) -> Label:
    """The label of a text that holds this; ``public`` when nothing was found."""
    return max((LABEL_OF[one.kind] for one in found), key=LABELS.index, default="public")
