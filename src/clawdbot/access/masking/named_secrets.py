"""Secrets known by what they are called: ``password=...``, 密码：..., and strings without pattern beside such words."""

from __future__ import annotations

import re
from collections.abc import Iterator

from clawdbot.access.masking.pseudonym_form import PSEUDONYM
from clawdbot.access.masking.searched import Searched

_ROOTS = (
    "passw", "passphrase", "passcode", "pwd", "secret", "credential", "token", "private", "api", "access", "auth",
    "app", "account", "encryption", "signing", "密码", "口令", "密钥", "秘钥", "令牌", "授权码", "访问凭证",
)  # fmt: skip
_NAMED = re.compile(
    r"""(?P<name>passw(?:or)?d | passphrase | passcode | pwd
      | secret(?:[_-]?(?:access[_-]?)?key)? | private[ _-]?key | credentials? | token
      | (?:api|access|auth|app|account|encryption|signing)[ _-]?(?:secret|key(?:[_-]?(?:id|secret))?)
      | (?P<chinese>密码|口令|密钥|秘钥|令牌|授权码|访问凭证))
    (?:"|')?[ \t]{0,2}(?P<sign>=>|[是为]?[:=]|[是为]|\bis\b)[ \t]{0,2}
    (?:"(?P<double>[^"\n\ue000]{1,200})"|'(?P<single>[^'\n\ue000]{1,200})'|(?P<bare>[!-~]{4,200}))""",
    re.VERBOSE,
)
"""For text in lower case."""

_BARE = re.compile(r"[^\s\"'<>,;&]+")
_LINE_ENDS = re.compile(r"[ \t]*(?:\n|\Z|[,;}\"'])")
_NOT_A_VALUE = re.compile(
    r"""[$%<({\[\\*#] | (?:os|process|env|config|settings|self|this)\. | get
      | (?:required|optional|string|str|text|empty|missing|invalid|expired|unset|hidden|redacted|masked|confidential
        |public|internal|secret|password|token|none|null|true|false|undefined|yes|no)[.!]?\Z
      | https?:// | (.)\1+\Z""",
    re.VERBOSE | re.IGNORECASE,
)
_NEAR_ROOTS = ("key", "token", "secret", "credential", "signature", "密钥", "秘钥", "令牌", "凭证", "签名")
_NEAR = re.compile(r"(?<![a-z])(?:key|token|secret|credential|signature)s?(?![a-z])|密钥|秘钥|令牌|凭证|签名")
_DIGEST = re.compile(r"hash|sha-?\d|md5|commit|checksum|etag|digest|uuid|摘要|校验|哈希")
_LONG = re.compile(r"(?<![0-9A-Za-z+/_-])[A-Za-z0-9+/_-]{20}")
_RANDOM = re.compile(r"[A-Za-z0-9+/_-]{20,200}={0,2}(?![0-9A-Za-z+/_-])")
_HEX = re.compile(r"[0-9a-f]{32,}|[0-9A-F]{32,}")
_REACH = 40
_LEAST_DISTINCT, _LEAST_DISTINCT_HEX = 12, 8
"""Different characters of a random token: words and identifiers repeat more."""


def find_named_secrets(searched: Searched) -> Iterator[tuple[int, int]]:
    """Spans of what follows a word for a secret, in folded text."""
    for at in searched.places(_ROOTS):
        match = _NAMED.match(searched.lower, at)
        if match and (span := _value(searched.text, match)):
            yield span


def _value(text: str, match: re.Match[str]) -> tuple[int, int] | None:
    """The secret without its quotes and what follows it in the sentence; None when it is none."""
    quoted = "double" if match["double"] is not None else "single" if match["single"] is not None else ""
    start, end = match.span(quoted or "bare")
    if quoted:
        fits = " " not in text[start:end]
    else:
        trimmed = _BARE.match(text, start, end)
        end = start + len(trimmed.group().rstrip(".,;:!?)]}\\")) if trimmed else start
        fits = _is_said(text, match, start, end)
    value = text[start:end]
    if len(value) < 4 or not fits or not is_value(value):
        return None
    if match["name"] == "token" and (value.isdecimal() or len(value) < 8):
        return None
    return start, end


def _is_said(text: str, match: re.Match[str], start: int, end: int) -> bool:
    """A value without quotes: after ``=`` nearly always, in prose when it looks like one or ends the line."""
    value = text[start:end]
    if "(" in value:
        return False
    if match["chinese"] or "=" in match["sign"]:
        return True
    if any(not char.isalpha() for char in value.strip("-_")):
        return True
    return match["sign"] == ":" and _LINE_ENDS.match(text, end) is not None


def is_value(value: str) -> bool:
    """No placeholder, variable, word of a schema or pseudonym stands where the secret would."""
    return not _NOT_A_VALUE.match(value) and not PSEUDONYM.fullmatch(value)


def find_random_strings(searched: Searched) -> Iterator[tuple[int, int]]:
    """Spans of strings without a pattern near a word for a key; beside other words they are digests, no secrets."""
    text = searched.text
    for at in searched.places(_NEAR_ROOTS):
        word = _NEAR.match(searched.lower, at)
        long = word and _LONG.search(text, word.end(), word.end() + _REACH + 20)
        match = long and _RANDOM.match(text, long.start())
        if not match or not _is_random(match.group()):
            continue
        if not _DIGEST.search(searched.lower, max(0, match.start() - _REACH), match.start()):
            yield match.span()


def _is_random(token: str) -> bool:
    if _HEX.fullmatch(token):
        return len(set(token)) >= _LEAST_DISTINCT_HEX
    cases = token != token.lower() and token != token.upper()
    return cases and len(set(token)) >= _LEAST_DISTINCT and any(char.isdecimal() for char in token)


def is_mixed(token: str) -> bool:
    """Upper and lower case, or digits beside letters."""
    return (token != token.lower() and token != token.upper()) or any(char.isdecimal() for char in token)
