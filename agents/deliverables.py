"""What a goal asks to be made: charts, reports, mails, files - by rules, in Chinese and English."""

from __future__ import annotations

import re
from typing import Literal

from clawdbot.agents.brief import ChartKind, Ranking
from clawdbot.agents.period_rules import chinese_number
from clawdbot.text.language import normalise
from clawdbot.tools.contract import Deliverable

_FLAGS = re.IGNORECASE | re.ASCII
"""ASCII: a Chinese letter beside 'PDF' or 'csv' is a word's edge."""
_CHART = re.compile(
    r"图表|柱状图|条形图|折线图|曲线图|饼图|面积图|散点图|直方图|热力图|趋势图|统计图|(?:画|绘|做|配|作|附)(?:一?[张个幅])?\S{0,8}图(?!书|片)|"
    r"可视化|\b(?:chart|graph|plot|histogram|heat ?map|visuali[sz](?:e|ation))s?\b",
    _FLAGS,
)
_REPORT = re.compile(r"报告|报表|\bPDF\b|简报(?!告)|\b(?:report|memo|write-?up|brief(?:ing)? document)s?\b", _FLAGS)
_MAIL = re.compile(
    r"(?:发送?|寄送?|传送?)(?:到|至|往)|(?:发送?|寄|传)\s*(?:一?封)?\s*(?:电子)?(?:邮件|邮箱|email|e-mail)|邮件|发给|发送给|寄给|抄送|群发|"
    r"转发|[并请]通知|\b(?:e-?mail|mail|send|forward|notify)(?:s|ed|ing)?\b(?!\s+(?:address|column|domain))",
    _FLAGS,
)
_MAIL_FIELD = re.compile(
    r"邮件地址|邮箱地址|电子邮件地址|邮箱号|(?:没有|缺少|无|有)(?:电子)?邮[件箱]|\be-?mail\s+(?:address|domain|column|field)(?:es|s)?\b|"
    r"\b(?:no|missing|without(?: an)?|have an?|has an?|valid|invalid)\s+e-?mails?\b",
    _FLAGS,
)
_KINDS: tuple[tuple[ChartKind, re.Pattern[str]], ...] = (
    ("pie", re.compile(r"饼图|饼状图|环形图|\b(?:pie|donut|doughnut)\b", _FLAGS)),
    ("histogram", re.compile(r"直方图|\bhistogram\b", _FLAGS)),
    ("scatter", re.compile(r"散点图|\bscatter", _FLAGS)),
    ("heatmap", re.compile(r"热力图|热图|\bheat ?map\b", _FLAGS)),
    ("area", re.compile(r"面积图|\barea (?:chart|graph|plot)\b", _FLAGS)),
    ("line", re.compile(r"折线图|曲线图|趋势图|线图|\b(?:line|trend) (?:chart|graph|plot)\b", _FLAGS)),
    ("bar", re.compile(r"柱状图|条形图|柱形图|\b(?:bar|column) (?:chart|graph|plot)\b", _FLAGS)),
)
_FILES: tuple[tuple[Literal["csv", "xlsx"], re.Pattern[str]], ...] = (
    ("csv", re.compile(r"\bcsv\b", _FLAGS)),
    ("xlsx", re.compile(r"\b(?:xlsx|excel|spreadsheet)\b|(?<![A-Za-z])excel|电子表格", _FLAGS)),
)
_NEGATION = re.compile(
    r"(?:不要|不用|不需要|无需|无须|别|请勿|不必|而不是)[^,，。;；]{0,12}$|"
    r"\b(?:no|not|don'?t|do not|without|instead of|rather than|never)\b(?:\s+\w+){0,3}\s*$",
    _FLAGS,
)
_REPORTS_TO = re.compile(
    r"\b(?:who|that|employees?|people|staff|they|he|she)\s+(?:\w+\s+)?reports?\s+(?:directly\s+)?to\b|"
    r"\b(?:do|does|did)\s+[^.?!;]*?\breport\s+(?:directly\s+)?to\b|\breporting\s+to\b",
    _FLAGS,
)

_NUMBER = {
    w: i for i, w in enumerate(["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"])
}
_HANZI = "一二两三四五六七八九十"
_N = rf"(\d{{1,3}}(?!\d)|[{_HANZI}]{{1,3}}(?![{_HANZI}])|" + "|".join(_NUMBER) + r")"
_DESC = "最高|最大|最多|最好|最畅销|最贵|最佳|最受欢迎|最活跃|最长|最重|最新|最晚|最强"
_ASC = "最低|最小|最少|最差|最便宜|最短|最轻|最早|最弱|最滞销|垫底|倒数"
_EN_DESC = (
    r"highest|largest|biggest|greatest|most|best(?:[- ]selling)?|top|maximum|longest|heaviest|newest|latest|"
    r"most recent|richest|busiest|strongest|priciest"
)
_EN_ASC = r"lowest|smallest|least|worst|fewest|minimum|shortest|lightest|oldest|earliest|cheapest|bottom|weakest"
_THINGS = r"\s*[个名种位家项款条笔单](?!\s*(?:月(?!份)|季|星期|周|礼拜|小时|工作日|自然月))"
_WITH_THE = r"(?:[\w-]+\s+){1,3}?(?:with|having|that|who|which|whose)\s+(?:\w+\s+){0,3}?(?:the\s+)?"
"""'ten products with the highest ...', 'five customers who spent the most'."""
_DO_THE = r"(?!(?:days|weeks|months|quarters|years)\b)\w+s\s+(?:(?!and\b|in\b|of\b)\w+\s+){1,2}the\s+"
"""'which five customers placed the most'."""
_TOP = (
    (
        re.compile(
            rf"(?:前|top)\s*{_N}(?!\s*(?:个|的)?\s*(?:天|周|月|季|年|日|days?|weeks?|months?|quarters?|years?))", _FLAGS
        ),
        True,
    ),
    (re.compile(rf"(?:{_DESC})的?\s*{_N}\s*[个名种位家项款条笔单]?", _FLAGS), True),
    (re.compile(rf"(?:后|倒数|垫底的?)\s*{_N}\s*[个名种位家项款]", _FLAGS), False),
    (re.compile(rf"(?:{_ASC})的?\s*{_N}\s*[个名种位家项款条笔单]?", _FLAGS), False),
    (re.compile(rf"{_N}{_THINGS}[^，,。;；]{{0,10}}?(?:{_DESC})", _FLAGS), True),
    (re.compile(rf"{_N}{_THINGS}[^，,。;；]{{0,10}}?(?:{_ASC})", _FLAGS), False),
    (re.compile(rf"\b{_N}\s+(?:\w+\s+)?(?:{_EN_DESC})\b", _FLAGS), True),
    (re.compile(rf"\b{_N}\s+{_WITH_THE}(?:{_EN_DESC})\b", _FLAGS), True),
    (re.compile(rf"\b{_N}\s+{_DO_THE}(?:{_EN_DESC})\b", _FLAGS), True),
    (re.compile(rf"\b(?:{_EN_DESC})\s+{_N}\b", _FLAGS), True),
    (re.compile(rf"\b{_N}\s+(?:\w+\s+)?(?:{_EN_ASC})\b", _FLAGS), False),
    (re.compile(rf"\b{_N}\s+{_WITH_THE}(?:{_EN_ASC})\b", _FLAGS), False),
    (re.compile(rf"\b{_N}\s+{_DO_THE}(?:{_EN_ASC})\b", _FLAGS), False),
    (re.compile(rf"\b(?:{_EN_ASC})\s+{_N}\b", _FLAGS), False),
)
_POSITIONS = {
    "second": 2,
    "third": 3,
    "fourth": 4,
    "fifth": 5,
    "2nd": 2,
    "3rd": 3,
    "4th": 4,
    "5th": 5,
    "二": 2,
    "三": 3,
    "四": 4,
    "五": 5,
}
_NTH = re.compile(
    rf"\b(second|third|fourth|fifth|2nd|3rd|4th|5th)[- ]({_EN_DESC}|{_EN_ASC})\b|"
    rf"第([二三四五])(高|大|多|好|低|小|少|贵)|排名?第([二三四五])",
    _FLAGS,
)
_ONE_ZH = re.compile(
    rf"(?:哪一?[个位家种款名笔]?|谁|什么)[^,，。?？;；]*?({_DESC}|{_ASC})|({_DESC}|{_ASC})的[^,，。?？;；]{{0,12}}?(?:是哪|是谁|是什么|叫什么)",
    _FLAGS,
)
_ONE_EN = re.compile(rf"\b(?:which|what|who|whose)\b(?!\s+(?:are|were)\b)[^,.?;]*?\b({_EN_DESC}|{_EN_ASC})\b", _FLAGS)
_ONE_BARE = re.compile(
    rf"\bthe\s+({_EN_DESC}|{_EN_ASC})\s+(?:\w+\s+)?(?!\w*s\b)\w+|({_DESC}|{_ASC})的(?!\S{{0,4}}(?:哪些|几))(?=\S)",
    _FLAGS,
)
_PLURAL = re.compile(r"\b(?:which|what)\s+(?:\w+\s+){0,2}?\w+s\s+(?:have|are|were|had)\b", _FLAGS)


def _asked(pattern: re.Pattern[str], text: str) -> bool:
    """The pattern occurs and no negation stands before it."""
    return any(not _NEGATION.search(text[: m.start()]) for m in pattern.finditer(text))


def asks_for_mail(goal: str) -> bool:
    """A mail is to be sent (and not merely a column of addresses looked up)."""
    return _asked(_MAIL, _MAIL_FIELD.sub(" ", normalise(goal)))


def find_deliverables(goal: str) -> frozenset[Deliverable]:
    """What must exist at the end of the run.  An answer always must."""
    text = normalise(goal)
    found: set[Deliverable] = {"answer"}
    if _asked(_CHART, text):
        found.add("chart")
    if _asked(_REPORT, _REPORTS_TO.sub(" ", text)):
        found.add("report")
    if asks_for_mail(goal):
        found.add("mail")
    if find_formats(goal):
        found.add("table")
    return frozenset(found)


def find_chart_kind(goal: str) -> ChartKind | None:
    """The chart kind that a goal names; None when it names none, or several for several charts."""
    kinds = _kinds(normalise(goal))
    return kinds[0] if len(kinds) == 1 else None


def _kinds(text: str) -> list[ChartKind]:
    return [kind for kind, pattern in _KINDS if _asked(pattern, text)]


def _count(text: str) -> int:
    """'5', 'five' and '五' are 5; 0 when it is no number."""
    if text in _NUMBER:
        return _NUMBER[text]
    try:
        return chinese_number(text)
    except ValueError:
        return 0


def count_charts(goal: str) -> int:
    """How many charts a goal asks for: the kinds it names, or 'two charts' / '两张图'."""
    text = normalise(goal)
    if not _asked(_CHART, text):
        return 0
    said = re.search(
        r"(\d|two|three|four|两|二|三|四)\s*(?:[张幅个]\s*\S{0,4}图|(?:\w+\s+)?(?:charts|graphs|plots))", text, _FLAGS
    )
    number = _count(said[1].lower()) if said else 1
    return max(1, min(4, number), min(4, len(_kinds(text))))


def find_formats(goal: str) -> tuple[Literal["csv", "xlsx"], ...]:
    """Files that a goal asks results to be exported as."""
    text = normalise(goal)
    return tuple(kind for kind, pattern in _FILES if pattern.search(text))


def find_ranking(goal: str) -> Ranking | None:
    """'top 5', '最低的三个', 'second highest', 'which ... most' as limit and direction; None when not asked."""
    text = normalise(goal)
    nth = _NTH.search(text)
    if nth:
        position = _POSITIONS[(nth[1] or nth[3] or nth[5]).lower()]
        ascending = bool(re.fullmatch(_EN_ASC, nth[2] or "", _FLAGS)) or (nth[4] or "") in ("低", "小", "少")
        return Ranking(limit=position, descending=not ascending, position=position)
    for pattern, descending in _TOP:
        match = pattern.search(text)
        if match:
            number = _count(match[1].lower())
            if number > 0:
                return Ranking(limit=number, descending=descending)
    for pattern in (_ONE_EN, _ONE_ZH, _ONE_BARE):
        match = pattern.search(text)
        if match and not _PLURAL.search(text) and "哪些" not in text:
            word = next(g for g in match.groups() if g)
            ascending = bool(re.fullmatch(rf"{_EN_ASC}|{_ASC}", word, _FLAGS))
            return Ranking(limit=1, descending=not ascending)
    return None
