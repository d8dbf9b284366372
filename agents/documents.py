"""Whether a goal needs documents, a database, or both: rules over its words and what they link to."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

from clawdbot.text.language import normalise

DocumentUse = Literal["none", "only", "both"]
"""What a run reads documents for: nothing, its whole answer, or a rule that a query then applies."""

_FLAGS = re.IGNORECASE | re.ASCII
_NAMED = re.compile(
    r"\b(?:polic(?:y|ies)|handbooks?|guidelines?|regulations?|manuals?|procedures?|rule ?books?|rules?|documents?|"
    r"documentation|wiki|knowledge base|memos?|minutes|code of conduct|terms of (?:use|service|payment|delivery)|"
    r"onboarding|according to (?:the|our)|are (?:we|employees|staff|customers|i) allowed|am i allowed|may (?:i|we)|"
    r"who (?:may|must|has to|decides|approves|is allowed))\b|"
    r"政策|制度|规定|办法|细则|手册|守则|条款|流程|章程|指南|文件|文档|知识库|规章|规则|须知|纪要|权限表|按照?规|"
    r"根据.{0,12}(?:规|政策|制度)|是否(?:可以|允许|需要)|能不能|可不可以|可以吗|由谁(?:批准|审批|负责|决定)|"
    r"谁(?:来)?(?:批准|审批)|(?<![A-Za-z])[A-Z]{2,5}-\d{2,4}(?!\d)",
    _FLAGS,
)
_ROWS = re.compile(
    r"\b(?:which|what|list|show(?: me)?|how many|count|find|all|any)\s+(?:(?:the|of|our|all|are|is)\s+)*"
    r"((?:[a-z]+\s+){0,2}?[a-z]+)\b",
    re.IGNORECASE,
)
_ROWS_ZH = re.compile(
    r"(?:有?哪些|哪[几一]?[个家名位笔张条种款]|多少[个家名位笔张条种款]|几[个家名位笔张条]|列出|找出|查出|统计|所有|有没有)(?:的)?([\u3400-\u9fff]{2,8})"
)


_COMPARED = re.compile(
    r"\b(?:exceed(?:s|ed|ing)?|over|above|below|under|beyond|more than|less than|larger than|higher than|lower than)\s+"
    r"((?:the|our|its|their|what|a)\b[^,;?]{3,})",
    re.IGNORECASE,
)
_LIMIT_ZH = "额度|上限|下限|限额|限制|标准|金额|权限|期限|规定|比例|天数|要求"
_COMPARED_ZH = re.compile(
    rf"(?:超过|超出|高于|低于|大于|小于|不足|少于|未达到)了?([^，,。？?；;]{{3,}}(?:{_LIMIT_ZH}))"
)


_SENTENCES = re.compile(r"(?<=[?？])\s*")
_LEANS = re.compile(
    r"^(?:and\b|or\b|what about|how about|(?:what|who|how|when|why|is|does|can|do|may|must)\b.{0,30}"
    r"\b(?:it|that|this|they|them|he|she|then|there)\b)|呢[?？]$|^(?:那|其|它|他|该|又|分别|各)|^.{0,7}$|^anything\b",
    re.IGNORECASE,
)


def names_documents(goal: str) -> bool:
    """The goal speaks of what documents say: a policy, a rule, who may do what, a document's number."""
    return bool(_NAMED.search(normalise(goal)))


def row_phrases(goal: str) -> tuple[str, ...]:
    """The things that a goal wants listed or counted: 'which customers' gives 'customers'."""
    text = normalise(goal)
    return tuple(m[1] for pattern in (_ROWS, _ROWS_ZH) for m in pattern.finditer(text))


def rule_question(goal: str) -> str:
    """What to ask the documents for a goal that compares rows with a rule: 'Which orders exceed the limit in the
    policy?' asks 'What is the limit in the policy?'; the goal itself when it compares with nothing."""
    text = normalise(goal).rstrip("?？。.! ")
    if match := _COMPARED_ZH.search(text):
        return f"{match[1]}是多少？"
    if match := _COMPARED.search(text):
        return f"What is {match[1]}?"
    return goal


def find_document_questions(goal: str) -> tuple[str, ...]:
    """The questions of a goal that documents answer: sentences that ask.  What stands beside a question belongs to it,
    and so does one that leaves out what the one before said ('And what about faults?', '质量问题呢？')."""
    found: list[str] = []
    asked = False
    for sentence in (s.strip() for s in _SENTENCES.split(goal) if s.strip()):
        if not found or not asked or not sentence.endswith(("?", "？")) or _LEANS.search(sentence):
            found[-1:] = [f"{found[-1]} {sentence}" if found else sentence]
        else:
            found.append(sentence)
        asked = asked or sentence.endswith(("?", "？"))
    return tuple(found)


def document_use(goal: str, *, grounded: bool, names_table: Callable[[str], bool]) -> DocumentUse:
    """What the run needs, when there are documents to read.

    ``grounded``: the goal's words link to a database; ``names_table(phrase)``: the phrase names a table there.
    """
    if not names_documents(goal):
        return "none" if grounded else "only"
    wants_rows = grounded and any(names_table(phrase) for phrase in row_phrases(goal))
    return "both" if wants_rows else "only"
