"""Who may receive mail: addresses and contacts that the goal itself names, and nobody else."""

from __future__ import annotations

import re
from collections.abc import Mapping

from clawdbot.agents.brief import Recipient
from clawdbot.agents.language import normalise

_ADDRESS = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.UNICODE)
_EXCLUDED = re.compile(
    r"(?:\bnot\s+(?:to\s+)?|\bexcept\s+(?:for\s+)?|\bwithout\s+|\bnever\s+(?:to\s+)?|不要?(?:发|寄|送|抄送)?给?|别(?:发|寄|送)?给?|除了|除)\s*$",
    re.IGNORECASE,
)
_LEAD = (
    r"(?:\b(?:to|cc|bcc|notify|inform|e-?mail|mail|send|copy|forward)\s+(?:it\s+to\s+|them\s+to\s+|this\s+to\s+)?"
    r"(?:the\s+|our\s+|my\s+)?|(?:邮件|发|送|寄|转|交|抄)?(?:送)?给\s*|抄送\s*|通知\s*|(?:发|寄|送)到\s*)"
)
_JOINT = r"(?:\s*(?:,|，|、|and|&|和|与|及|以及|跟)\s*(?:the\s+|to\s+|给)?)"
_TEAM = r"(?:\s+(?:team|department|dept\.?|office|group))?(?:部门|部|团队|同事|组|处|科|总监|经理)?"
_PERSON_EN = re.compile(
    r"\b(?i:e-?mail|mail|send|forward)\b[^.;?!]{0,80}?\bto\s+(?:the\s+|our\s+)?((?!Q[1-4])[A-Z][\w'-]+(?:\s+[A-Z][\w'-]+){0,2})|"
    r"\b[Ee]-?mail\s+((?!Q[1-4])[A-Z][\w'-]+(?:\s+[A-Z][\w'-]+){0,2})\b"
)
_PERSON_ZH = re.compile(
    r"(?:发邮件给|发送给|发给|寄给|邮件给|转发给|抄送给?)\s*([\u4e00-\u9fffA-Za-z·]{1,12}?)(?=$|[,，。;；、!！?？\s]|和|并|以及|，|一份|的)"
)


def find_recipients(goal: str, contacts: Mapping[str, str]) -> tuple[tuple[Recipient, ...], tuple[str, ...]]:
    """Receivers that the goal names, and names that no contact knows.

    Contacts match as a whole name in the place of a receiver ('to finance', '发给财务'), so that 'sales'
    in 'sales report' is none.  'not to X' takes X out.
    """
    text = normalise(goal)
    found: dict[str, Recipient] = {}
    for match in _ADDRESS.finditer(text):
        if not _EXCLUDED.search(text[: match.start()]):
            address = match[0].rstrip(".")
            found.setdefault(address.lower(), Recipient(address=address, mention=match[0]))
    without_addresses = _ADDRESS.sub(" ", text)
    for name, address in _named(without_addresses, contacts):
        found.setdefault(address.lower(), Recipient(address=address, mention=name))
    return tuple(found.values()), _strangers(without_addresses, contacts)


def _named(text: str, contacts: Mapping[str, str]) -> list[tuple[str, str]]:
    if not contacts:
        return []
    by_name = {normalise(n).lower(): (n, a) for n, a in contacts.items()}
    names = "|".join(re.escape(n) for n in sorted(by_name, key=len, reverse=True))
    one = rf"(?:{names})(?![a-z]){_TEAM}"
    zone = re.compile(rf"{_LEAD}({one}(?:{_JOINT}{one})*)", re.IGNORECASE)
    single = re.compile(rf"({names})(?![a-z])", re.IGNORECASE)
    out: list[tuple[str, str]] = []
    for match in zone.finditer(text):
        if _EXCLUDED.search(text[: match.start()]) or _EXCLUDED.search(text[: match.start(1)]):
            continue
        out.extend(by_name[m[1].lower()] for m in single.finditer(match[1]))
    return out


def _strangers(text: str, contacts: Mapping[str, str]) -> tuple[str, ...]:
    names = [next(g for g in m.groups() if g) for p in (_PERSON_EN, _PERSON_ZH) for m in p.finditer(text)]
    known = tuple(n.lower() for n in contacts)
    pronouns = {"我", "我们", "他", "她", "他们", "大家", "me", "us", "them", "him", "her"}
    return tuple(
        dict.fromkeys(n for n in names if n.lower() not in pronouns and not (known and n.lower().startswith(known)))
    )
