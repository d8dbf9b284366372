"""Claims of deeds in prose, held against receipts: 'sent' needs a mail, 'deleted' is never true here."""

from __future__ import annotations

import re
from collections.abc import Collection

_FLAGS = re.IGNORECASE
_NOT = re.compile(
    r"(?:\b(?:not|never|no|nothing|cannot|unable to|failed to|without|before|if)\b|n't\b|"
    r"未|没有|没|无法|不能|不会|尚未|并未|不)"
    r"[^.;,。；，]{0,24}$",
    _FLAGS,
)
_DEEDS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "mail",
        re.compile(
            r"\b(?:e-?mail|mail|message|report|it|copy|this|that|which|and|they|has been|have been|was|were|is|i|"
            r"we|been|i've|we've)\s+(?:\w+\s+){0,3}?"
            r"(?:sent|e-?mailed|mailed|forwarded|delivered|dispatched)\b|\b(?:i|we)(?:'ve)?\s+(?:\w+\s+)?notified\b|\b(?:e-?mailed|mailed|sent)\s+(?:it|the|this|an?|to)\b|"
            r"(?:已|已经|成功)[^。；，,.]{0,30}?(?:发送|寄出|寄送|发给|转发|发出)|邮件[^。；，,.]{0,6}(?:已|成功)|(?:发送|寄出)(?:成功|完毕|完成|了)|"
            r"已发[^。；，,.]{0,6}邮件|发了[^。；，,.]{0,4}邮件|邮件[^。；，,.]{0,6}发(?:出|送)?(?:去|给)?[^。；，,.]{0,8}了",
            _FLAGS,
        ),
    ),
    (
        "chart",
        re.compile(
            r"\b(?:chart|graph|plot)s?\b[^.;]{0,30}\b(?:created|generated|drawn|attached|made)\b|"
            r"\b(?:created|generated|drew|made)\b[^.;]{0,24}\b(?:chart|graph|plot)\b|"
            r"(?:已|成功)[^。；]{0,8}(?:生成|绘制|创建|制作)[^。；]{0,8}图|图表?[^。；]{0,4}已(?:生成|绘制|创建|附)",
            _FLAGS,
        ),
    ),
    (
        "report",
        re.compile(
            r"\breport\b[^.;]{0,30}\b(?:created|generated|written|attached|prepared)\b|"
            r"\b(?:created|generated|wrote|prepared)\b[^.;]{0,24}\breport\b|"
            r"(?:已|成功)[^。；]{0,8}(?:生成|创建|制作|撰写)[^。；]{0,12}报[告表]|报[告表][^。；]{0,4}已(?:生成|创建|完成|附)",
            _FLAGS,
        ),
    ),
    (
        "write",
        re.compile(
            r"\b(?:successfully\s+)(?:deleted|removed|updated|inserted|modified|changed|cancelled|canceled|added)\b|"
            r"\b(?:i|we|have|has been|have been|was|were|been)\s+(?:\w+\s+)?"
            r"(?:deleted|removed|updated|inserted|modified|dropped)\b|"
            r"(?:已|已经|成功)(?:将|把)?[^。；，,]{0,14}(?:删除|移除|清空|更新|修改|插入|新增|作废|改为)|(?:删除|修改|更新)(?:成功|完成|完毕)",
            _FLAGS,
        ),
    ),
)


def unsupported_claims(text: str, done: Collection[str]) -> list[str]:
    """Deeds that ``text`` claims and ``done`` (kinds with receipts: 'mail', 'chart', 'report') does not hold.

    'write' (a change of data) is never in ``done``: no tool makes one.
    """
    found = []
    for kind, pattern in _DEEDS:
        if kind in done:
            continue
        for match in pattern.finditer(text):
            if not _NOT.search(text[: match.start()]) and not _NOT.search(match[0]):
                found.append(match[0].strip())
    return list(dict.fromkeys(found))


_SENTENCE = re.compile(r"[^.!?。！？;；\n]*(?:[.!?](?=\d)[^.!?。！？;；\n]*)*[.!?。！？;；\n]?")


def sentences(text: str) -> list[str]:
    """The sentences of a text with their marks; decimals ('3.5') do not end one."""
    return [s for s in _SENTENCE.findall(text) if s.strip()]
