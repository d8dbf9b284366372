"""Mail addresses (RFC 5321), in Chinese prose without spaces too, and with Chinese domains."""

from __future__ import annotations

import re
from collections.abc import Iterator

from clawdbot.access.masking.searched import Searched

_AT = re.compile(r"@|%40")
_LOCAL = re.compile(r"[0-9A-Za-z!#$&*+=?^_{|}~.'%-]{1,64}\Z")
_DOMAIN = re.compile(
    r"(?:[0-9A-Za-z](?:[0-9A-Za-z-]{0,61}[0-9A-Za-z])?\.){1,8}[A-Za-z]{2,24}(?![A-Za-z]|[.-]?[0-9])"
    r"|(?:[0-9A-Za-z\u4e00-\u9fff-]{1,63}\.){1,8}(?:中国|公司|网络|商城|网址|集团|我爱你)"
)
_FILES = re.compile(r"\.(?:png|jpe?g|gif|svg|webp|css|js|ts|json|html?|py|zip|gz|txt|md)\Z", re.IGNORECASE)
_NOBODY = re.compile(r"\.(?:invalid|localdomain)\Z", re.IGNORECASE)
"""Never a mailbox (RFC 6761); masked addresses stand under ``invalid``."""


def find_mail_addresses(searched: Searched) -> Iterator[tuple[int, int]]:
    """Spans of addresses in folded text."""
    text = searched.text
    for at in _AT.finditer(text):
        local = _LOCAL.search(text, max(0, at.start() - 64), at.start())
        domain = _DOMAIN.match(text, at.end(), at.end() + 320)
        if not local or not domain:
            continue
        start = local.start() + _leading(local.group())
        if start == at.start() or _is_something_else(text, start, at, domain):
            continue
        yield start, domain.end()


def _leading(local: str) -> int:
    """Characters before the address that belong to the text: quotes, signs, what a URL or a table puts there."""
    length = len(local) - len(local.lstrip("!#$&*+=?^{|}~.'%-"))
    for sign in ("=", "|", "'", "&", "?", "#"):
        length = max(length, local.rfind(sign) + 1)
    return length


def _is_something_else(text: str, start: int, at: re.Match[str], domain: re.Match[str]) -> bool:
    name = domain.group()
    if _NOBODY.search(name) or _FILES.search(name) or re.match(r"[0-9]x\.", name):
        return True
    if text[start : at.start()].lower() == "git" and text[domain.end() : domain.end() + 1] in (":", "/"):
        return True
    return _is_password_of_url(text, at.start())


def _is_password_of_url(text: str, at: int) -> bool:
    """``scheme://user:password@host``: what stands before the ``@`` is a secret, what follows a server."""
    scheme = text.rfind("://", max(0, at - 320), at)
    return scheme >= 0 and ":" in (inside := text[scheme + 3 : at]) and not re.search(r"[\s/]", inside)
