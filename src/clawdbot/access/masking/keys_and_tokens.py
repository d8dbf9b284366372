"""Secrets known by their form: issued keys and tokens, private keys, credentials in URLs and in headers.

Every pattern starts where a token starts and repeats one class of characters, so none takes more than linear time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from clawdbot.access.masking.named_secrets import find_named_secrets, find_random_strings, is_mixed, is_value
from clawdbot.access.masking.searched import Searched

_ISSUERS = (
    "sk-", "sk_live_", "sk_test_", "rk_live_", "rk_test_", "pk_live_", "pk_test_", "whsec_", "ghp_", "gho_", "ghu_",
    "ghs_", "ghr_", "github_pat_", "glpat-", "AKIA", "ASIA", "AGPA", "AIDA", "AROA", "LTAI", "AKID", "AIza", "ya29.",
    "GOCSPX-", "xox", "xapp-", "SG.", "hf_", "gsk_", "npm_", "pypi-", "dop_v1_", "AGE-SECRET-KEY-1",
)  # fmt: skip
_ISSUED = re.compile(
    r"""(?<![0-9A-Za-z])(?:
      sk-[A-Za-z0-9_-]{16,} | [srp]k_(?:live|test)_[A-Za-z0-9]{10,} | whsec_[A-Za-z0-9+/=]{16,}
    | gh[pousr]_[A-Za-z0-9]{20,} | github_pat_[A-Za-z0-9_]{20,} | glpat-[A-Za-z0-9_-]{16,}
    | (?:AKIA|ASIA|AGPA|AIDA|AROA)[A-Z0-9]{16} | LTAI[A-Za-z0-9]{12,24} | AKID[A-Za-z0-9]{20,40}
    | AIza[A-Za-z0-9_-]{30,} | ya29\.[A-Za-z0-9_-]{20,} | GOCSPX-[A-Za-z0-9_-]{20,}
    | xox[abeoprs]-[A-Za-z0-9-]{10,} | xapp-[A-Za-z0-9-]{10,} | SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}
    | hf_[A-Za-z0-9]{20,} | gsk_[A-Za-z0-9]{20,} | npm_[A-Za-z0-9]{30,} | pypi-[A-Za-z0-9_-]{40,}
    | dop_v1_[a-f0-9]{40,} | AGE-SECRET-KEY-1[A-Z0-9]{40,}
    )""",
    re.VERBOSE,
)
_JWT = re.compile(r"(?<![0-9A-Za-z_-])eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?")
_PEM = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----"
    r"(?:(?:[A-Za-z0-9+/=:,.\s]|-(?!----))*+-----END [A-Z0-9 ]{0,40}-----|(?:\s{1,4}[A-Za-z0-9+/=]{16,90})*+)"
)
_BEARER = re.compile(r"(?:bearer|basic)[ \t]{1,4}([a-z0-9._~+/=-]{12,})")
_URL = re.compile(r"://[^\s/:@\"'<>\ue000]{0,100}:([^\s/@\"'<>\ue000]{1,200})@(?=[\w\[])")
_QUERY = re.compile(r"[?&](?:key|sig|signature|x-amz-signature|access_token)=([A-Za-z0-9%+/_=-]{16,})", re.IGNORECASE)


def find_secrets(searched: Searched) -> Iterator[tuple[int, int]]:
    """Spans of secrets in folded text; of a named one or a URL's only the secret itself."""
    text = searched.text
    for match in searched.matches(_ISSUERS, _ISSUED):
        # In small letters alone it is a name ('sk-learn-contrib-wrapper'); one key in five hundred has no digit.
        if is_mixed(match.group()) or match.group().isupper():
            yield match.span()
    for pattern in (_JWT, _PEM):
        for match in pattern.finditer(text):
            yield match.span()
    for at in searched.places(("bearer", "basic")):
        if (value := _BEARER.match(searched.lower, at)) and is_mixed(text[slice(*value.span(1))]):
            yield value.span(1)
    for pattern in (_URL, _QUERY):
        for match in pattern.finditer(text):
            if is_value(match[1]):
                yield match.span(1)
    yield from find_named_secrets(searched)
    yield from find_random_strings(searched)
