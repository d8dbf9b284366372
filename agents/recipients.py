"""Who may receive mail: addresses and contacts that the goal itself names, and nobody else."""

from __future__ import annotations

import re
from collections.abc import Mapping

from clawdbot.agents.brief import Recipient
from clawdbot.text.language import normalise

_HAN = "\u2e80-\u9fff"
_OTHER = rf"(?:(?![{_HAN}])[\w-])"
# Chinese is written without blanks: in '发到a@b.com和c@d.com' the words are no part of the addresses.
_ADDRESS = re.compile(
    rf"(?<![A-Za-z0-9.+_-])(?:(?![{_HAN}])[\w.+-])+@(?:{_OTHER}+(?:\.{_OTHER}+)+|[\w-]+(?:\.[\w-]+)+)|"
    rf"(?:(?<=[给到至:,、和\s])|^(?![发寄送转抄把]))[{_HAN}]{{2,6}}@[\w-]+(?:\.[\w-]+)+"
)
_MORE = re.compile(r"\s*(?:,|、|and|or|nor|&|和|与|及|或|以及|或者)?\s*(?:to\s+|给)?", re.IGNORECASE)
_EXCLUDED = re.compile(
    r"(?:\bnot\s+(?:to\s+)?|\bexcept\s+(?:for\s+)?|\bwithout\s+|\bnever\s+(?:to\s+)?|不要?(?:发|寄|送|抄送)?给?|别(?:发|寄|送)?给?|除了|除)\s*$",
    re.IGNORECASE,
)
_LEAD = (
    r"(?:\b(?:to|cc|bcc|notify|inform|e-?mail|mail|send|copy|forward)\s+(?:it\s+to\s+|them\s+to\s+|this\s+to\s+)?"
    r"(?:the\s+|our\s+|my\s+)?|(?:邮件|发|送|寄|转|交|抄)?(?:送)?给\s*|抄送\s*|通知\s*|(?:发|寄|送)到\s*)"
)
_DIRECT = re.compile(r"(?:e-?mail|mail|send|copy|forward)\s+(?:the\s+|our\s+|my\s+)?", re.IGNORECASE)
# 'mail sales by region to finance' and 'mail the sales report' name what is sent; 'mail sales the report' a receiver.
_OBJECT = re.compile(
    r"\s+(?!(?:the|an?|this|that|it|our|my|your|all|about|with|when|once|as|and|or|if|today|now|please)\b)[a-z]",
    re.IGNORECASE,
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
    barred = -1  # where the last excluded address ends: 'not to A or B' bars both
    for match in _ADDRESS.finditer(text):
        if _EXCLUDED.search(text[: match.start()]) or (barred >= 0 and _MORE.fullmatch(text[barred : match.start()])):
            barred = match.end()
        else:
            address = match[0].rstrip(".")
            found.setdefault(address.lower(), Recipient(address=address, mention=match[0]))
    without_addresses = _ADDRESS.sub(" @ ", text)
    for name, address in _named(without_addresses, contacts):
        found.setdefault(address.lower(), Recipient(address=address, mention=name))
    return tuple(found.values()), _strangers(without_addresses, contacts)


def _named(text: str, contacts: Mapping[str, str]) -> list[tuple[str, str]]:
    if not contacts:
        return []
    by_name = {normalise(n).lower(): (n, a) for n, a in contacts.items()}
    names = "|".join(re.escape(n) for n in sorted(by_name, key=len, reverse=True))
    one = rf"(?:{names})(?![a-z]|额|量|数|收入|业绩|情况|报告|报表|订单){_TEAM}"
    zone = re.compile(rf"{_LEAD}({one}(?:{_JOINT}{one})*)", re.IGNORECASE)
    later = re.compile(rf"[^.;!?]*(?<!not )\bto\s+(?:the\s+|our\s+|my\s+)?(?:@|{names}|(?-i:[A-Z]))", re.IGNORECASE)
    single = re.compile(rf"({names})(?![a-z])", re.IGNORECASE)
    out: list[tuple[str, str]] = []
    for match in zone.finditer(text):
        if _EXCLUDED.search(text[: match.start()]) or _EXCLUDED.search(text[: match.start(1)]):
            continue
        rest = text[match.end() :]
        if _DIRECT.fullmatch(text[match.start() : match.start(1)]) and (later.match(rest) or _OBJECT.match(rest)):
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
