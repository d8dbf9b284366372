"""Parts of a goal: the questions that need data, and changes of data that nobody here may make."""

from __future__ import annotations

import re

from clawdbot.text.language import normalise

_FLAGS = re.IGNORECASE
_SPLIT = re.compile(
    r"[?？;；\n]+|(?<=[a-z0-9%)])[.。!！](?=\s|$)|。|！|"
    r",\s*(?:and\s+)?(?:also\s+)?(?=(?:which|what|how (?:many|much)|who|whose|when)\b)|"
    r"\s+and\s+(?:also\s+)?(?=(?:which|what|how (?:many|much)|who|whose)\b)|"
    r"[，,、]\s*(?:以及|并且|同时|还有|另外|并)?(?=[^，,。?？;；]*(?:哪|谁|多少|几[个家笔种]|什么))|(?:以及|还有)(?=[^，,。]*(?:哪|谁|多少|什么))",
    _FLAGS,
)
_ASKS = re.compile(r"\b(?:which|what|how many|how much|who|whose|when)\b|哪|谁|多少|几[个家笔种名位]|什么|是否", _FLAGS)

_OBJECT_EN = (
    r"(?:rows?|records?|entr(?:y|ies)|tables?|columns?|database|data|customers?|orders?|products?|prices?|"
    r"suppliers?|employees?|invoices?|payments?|stock|inventory|discounts?|salar(?:y|ies)|limits?|status|address(?:es)?)"
)
_WRITE_EN = re.compile(
    r"(?:^|[,;:.!?]\s*|\b(?:and|then|please|to|also|first|just|can you|could you|must|should)\s+)"
    r"((?:delete|remove|drop|truncate|erase|purge|wipe|insert|update|overwrite|increase|decrease|raise|lower|reduce|rename|"
    r"cancel|modify|change|set|add(?=\s+(?:a\s+)?(?:new\s+)?(?:row|record|customer|order|product|supplier|employee)\b))\s+(?!(?:in|of|me|us|on)\b)"
    rf"(?:(?!chart|report|mail|graph|pdf)[\w'@.%-]+\s+){{0,6}}?{_OBJECT_EN}\b"
    r"(?:(?!\s+and\s+(?:then|tell|how|what|which|list|show|give|say|report|send|e-?mail)\b)[^,;.!?])*)",
    _FLAGS,
)
_OBJECT_ZH = (
    r"(?:记录|数据|行|表|订单|客户|产品|商品|供应商|员工|发票|付款|库存|价格|单价|折扣|"
    r"工资|额度|状态|地址|字段|列|账户|信息)"
)
_WRITE_ZH = re.compile(
    rf"(?<![被已未没])((?:把|将)[^，,。;；]{{1,30}}(?:删除|删掉|清空|移除|修改|更新|改为|改成|设为|设置为|上调|下调|提高|降低|取消|作废)[^，,。;；]*|"
    rf"(?:删除|删掉|清空|移除|修改|更新|插入)(?:掉)?(?!的)[^，,。;；]{{0,20}}?{_OBJECT_ZH}[^，,。;；]*|"
    # Elsewhere these describe: '按月统计新增客户'.
    rf"(?:(?<=[，,。;；:请并再先要我后])|^)(?:新增|录入|取消|作废)(?:掉)?(?!的)[^，,。;；]{{0,20}}?{_OBJECT_ZH}[^，,。;；]*)"
)
_COUNTED = re.compile(
    r"(?:新增|取消|作废|删除|更新|修改)[^，,。;；]{0,12}(?:多少|几[个家笔条名]|数量|数$|趋势|占比|比例|情况|率)"
)
_MAKES_TEXT = re.compile(r"图|报告|报表|邮件|chart|report|mail|graph", _FLAGS)


_SAME_THING = re.compile(
    r"^(?:and\s+)?(?:which|what|who|when|where|how (?:much|many))\b(?:\s+\w+){0,3}?\s+"
    r"(?:it|that|this|they|those|them|he|she|each|its|their)\b|^how many (?:are|were) there\b|"
    r"(?:各是|各为|各有|分别|其中|它|他们|她们|其(?!他|它|余)|该(?=[^，,]{0,4}(?:是|为|有)))|^(?:是|又是|各)|^[^哪]{0,5}(?:多少|什么|谁)$",
    _FLAGS,
)
"""A question about the answer to the one before: it belongs to that one."""


def find_questions(goal: str) -> tuple[str, ...]:
    """The separate questions of a goal; one without a question word of its own, or about the answer to the one
    before ('and how much was it?', '各是多少？'), is no separate one."""
    parts = [p.strip(" ,，.。") for p in _SPLIT.split(normalise(goal)) if p and p.strip(" ,，.。")]
    merged: list[str] = []
    for part in parts:
        if merged and (not _ASKS.search(part) or not _ASKS.search(merged[-1]) or _SAME_THING.search(part)):
            merged[-1] = f"{merged[-1]}, {part}"
        else:
            merged.append(part)
    return tuple(merged)


def besides(goal: str, writes: tuple[str, ...]) -> str:
    """What a goal asks besides the changes of data; empty when that is no question."""
    rest = normalise(goal)
    for write in writes:
        rest = rest.replace(write, " ")
    rest = re.sub(r"^(?:[\s,，.。;；]|and\b|then\b|然后|并且?|再)+", "", rest).rstrip(" ,，;；")
    return rest if _ASKS.search(rest) else ""


def find_writes(goal: str) -> tuple[str, ...]:
    """Requests to change data ('delete the order ...', '把价格改为 ...'), in the person's words."""
    text = normalise(goal)
    found = [m[1].strip() for m in _WRITE_EN.finditer(text)]
    found += [m[1].strip() for m in _WRITE_ZH.finditer(text)]
    return tuple(dict.fromkeys(f for f in found if not _MAKES_TEXT.search(f) and not _COUNTED.match(f)))
