"""What a pseudonym looks like: ``QTEL7K3M92``, and ``QMAIL7K3M92@m.invalid`` for an address.

Q, a word for the kind, six characters of a code.  Letters and digits only: nothing in it has a meaning in SQL, JSON,
LaTeX or a URL.  No kind and no code holds a Q, and all codes are of one length: two pseudonyms can neither overlap nor
run into the text around them, whatever stands there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from clawdbot.config import PersonalKind

NAMES: Mapping[PersonalKind, str] = {
    "resident_id": "ID",
    "credit_code": "ORG",
    "phone": "TEL",
    "bank_card": "CARD",
    "mail_address": "MAIL",
    "passport": "PASS",
    "secret": "KEY",
    "word": "NAME",
}
CODE_LENGTH = 6
ALPHABET = "23456789BCDFGHJKMNPRTVWXZ"
"""Without vowels, so that no code is a word, and without characters that look like others."""

MAIL_TAIL = "@m.invalid"
"""A mail pseudonym is a valid address at a domain that can never exist (RFC 6761)."""

_STEM = rf"Q(?:{'|'.join(NAMES.values())})[{ALPHABET}]{{{CODE_LENGTH}}}"
PSEUDONYM = re.compile(rf"{_STEM}(?:{re.escape(MAIL_TAIL)})?", re.IGNORECASE | re.ASCII)

_BETWEEN = r"[ _.\\-]{0,2}"
SPELLED = re.compile(
    rf"Q{_BETWEEN}(?:(MAIL)|{'|'.join(name for name in NAMES.values() if name != 'MAIL')})"
    + rf"{_BETWEEN}[{ALPHABET}]" * CODE_LENGTH
    + rf"(?(1)(?:[ ]?@[ ]?M{_BETWEEN}INVALID)?)",
    re.IGNORECASE | re.ASCII,
)
"""As models write it back, in folded text: other case, spaces or dashes inside."""

_JUNK = re.compile(r"[^0-9A-Za-z]")


def stem_of(spelled: str) -> str:
    """The pseudonym in its own spelling, without an address's tail."""
    return _JUNK.sub("", spelled.partition("@")[0]).upper()
