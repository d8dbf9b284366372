"""What a question gives reason for: the fields of a typed query that its words call for, by rules.

A field that the question gives no reason for is left out of the model's schema, so that it cannot be misused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from clawdbot.tools.database.typed import Grain, How


def _words(*parts: str) -> re.Pattern[str]:
    return re.compile("|".join(parts), re.IGNORECASE)


_SHARE = _words(
    "占比",
    "比重",
    "份额",
    "百分比",
    "占.{0,12}(?:比例|多少)",
    r"\bshares?\b",
    "percent",
    "proportion",
    r"\b% of\b",
    "contribution",
)
_YEAR = _words(
    "同比",
    "year[- ]over[- ]year",
    r"\byoy\b",
    "(?:较|比|与)(?:去年|上年|前一年)",
    "(?:vs|versus|against|than|with) (?:the )?(?:same .{0,12})?(?:last|previous|prior) year",
)
_PREVIOUS = _words(
    "环比",
    "增长",
    "增幅",
    "变化",
    "下降",
    "涨幅",
    "growth",
    "grew",
    r"\bchange[sd]?\b",
    "month[- ]over[- ]month",
    r"\bmom\b",
    r"\bqoq\b",
    "quarter[- ]over[- ]quarter",
    "compared? (?:with|to) the previous",
)
_WITHOUT = _words(
    "从未",
    "从没",
    "没有",
    "未曾",
    "无任何",
    "没(?:下|买|购|订|销|卖)",
    "未(?:下|购|买|订)",
    r"\bnever\b",
    r"\bwithout\b",
    r"\bno\b",
    r"\bnot\b",
    r"n't\b",
    r"\bzero\b",
)
_NEVER = _words(
    "从未|从没|从来没|未曾|无任何", r"没(?:下|买|购|订|销|卖)过", r"\bnever\b", r"\bwithout any\b", r"n't ever\b"
)
_QUANTITY = r"[\d一二三四五六七八九十百千万]"
_NUMBER = _words(
    "(?:超过|大于|高于|多于|不少于|至少|不低于|少于|小于|低于|不超过|不到|至多|等于|满)[^,，。;；]{0,14}?" + _QUANTITY,
    "(?:more than|less than|over|under|above|below|at least|at most|greater than|fewer than|"
    "(?:long|short|old|young|light|larg|small|bigg|cheap|high|low)er than|exceed(?:s|ing)?|>=?|<=?|=)"
    "[^,，。;；]{0,14}?" + _QUANTITY,
    _QUANTITY + r"\s*(?:元|件|个|家|位|天|%|份)?\s*(?:以上|以下|or more|or less)",
)
_COLUMNS = _words(
    r"\blate\b",
    "later than",
    "after (?:the|its|their)",
    "overdue",
    "past due",
    "delayed",
    "exceed",
    "(?:below|above|over|under) (?:the |its |their )?(?:re|cred|lim|targ|bud|min|max|safe)",
    "晚于",
    "早于",
    "逾期",
    "延迟",
    "延期",
    "超期",
    "晚发",
    "迟",
    "不足",
    "超出",
    "补货",
    rf"(?:低于|超过|高于|小于|大于)(?!\s*{_QUANTITY})",
)
_NULL = _words(
    "missing",
    "empty",
    "blank",
    "not yet",
    "unshipped",
    "unpaid",
    "unassigned",
    "without an? ",
    r"\bha(?:s|ve) no\b",
    r"not (?:been )?\w+ed\b",
    "缺",
    "为空",
    "空白",
    "尚未",
    "还没",
    "没有(?:填|写|电|邮|联|备)",
    "未(?!曾|下|购|买|订|来)",
)
_TEXT = _words(
    "contain", "includ", "start(?:s|ing)? with", "begin", "named", "called", "包含", "含", "开头", "名为", "叫", "带有"
)
_TIMES = "(?:年|月|季|天|日|周)"
_ENGLISH_TIMES = "(?:month|quarter|year|week|day|date)"
_LIST = _words(
    r"\blist\b",
    r"\bshow\b",
    rf"\bwhich\b(?! {_ENGLISH_TIMES})",
    r"\bwho\b",
    "what are",
    r"\bdetails?\b",
    r"\bnames?\b",
    "列出",
    f"哪(?:个|些|几|位|家|一)(?:个|位|家)?(?!{_TIMES})",
    "名单|清单|明细|列表|展示|显示|查看|的记录",
    "latest|most recent|expensive|cheap|最贵|最便宜",
)
_TREND = _words("trend", "over time", "by date", "走势", "趋势", "逐月", "逐日", "历年", "按时间", "变动")
_SORT = _words(r"\bsort", r"\border(?:ed)? by\b", "排序", "升序", "降序", "排列")
_GROUPED = _words(
    f"各(?!{_TIMES})",
    f"(?<!平均)每(?:个|一|位|家|种|类)?(?!{_TIMES}|单|笔|个{_TIMES}|一{_TIMES}|[个张]?订单的?平均)|"
    f"平均每(?!{_TIMES}|单|笔|[个张]订单|个{_TIMES})",
    f"按(?!{_TIMES}|时)",
    "分布|构成",
    rf"\b(?:by|per|each|every)\b(?! {_ENGLISH_TIMES})",
    r"breakdown|break down|\bdistribution\b",
)
_ROWS = _words(r"\brecords\b", r"\bentries\b", "的记录|的明细")
HOW_OFTEN = re.compile(r"次数|[多几]少?次|\bhow (?:often|many times)\b|\bmost often\b", re.IGNORECASE)
"""Events are counted, not the people they happen to."""
BUYS = re.compile(
    r"\bwhat\s+(?:did|does|do|has|have)\b.*\b(?:buy|bought|order(?:ed)?|purchased?)\b|"
    r"(?:买|购买|采购|订购|订)[了过]?(?:些)?(?:什么|哪些(?!产品|商品))",
    re.IGNORECASE,
)
"""What somebody bought are products and their quantities."""
_COMPARES = _words(
    r"\bcompare[ds]?\b",
    r"\bversus\b",
    r"\bvs\b",
    r"\bdifference between\b",
    r"\brespectively\b",
    "比较|对比|相比|分别|各是|各有",
)
_AMOUNT = _words(
    r"\b(?:amount|total|value|sum|much|worth|average|revenue|money)\b", "金额|总额|合计|总计|多少|平均|额度|总和|数量"
)
_MOST = _words("最多|最少", r"\bmost\b(?! (?:recent|expensive))", r"\bfewest\b")
_NONE_LEFT = _words("out of stock", "sold out", "no stock", "缺货|无库存|没有库存|库存为(?:零|0)|售罄|断货")
_TOTAL = _words(r"\btotal\b", r"\bsum of\b", r"\boverall\b", "altogether", "总额|总和|总计|合计|总共|总量")
_HOW: dict[How, re.Pattern[str]] = {
    "avg": _words("average", r"\bavg\b", r"\bmean\b", "平均", "均值", "人均"),
    "max": _words(
        r"\bmax",
        "highest",
        "largest",
        "biggest",
        "longest",
        "latest",
        r"\blast\b",
        "newest",
        "most recent",
        "最高",
        "最大",
        "最多",
        "最长",
        "最晚",
        "最新",
        "最近",
    ),
    "min": _words(
        r"\bmin\b",
        "minimum",
        "lowest",
        "smallest",
        "shortest",
        "earliest",
        r"\bfirst\b",
        "oldest",
        "最低",
        "最小",
        "最少",
        "最短",
        "最早",
    ),
    "count_distinct": _words("distinct", "different", "unique", "不同", "多少种", "去重", "几种"),
}


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Which fields the words of a question call for."""

    share: bool = False
    change: Literal["previous", "year"] | None = None
    without: bool = False
    never: bool = False
    """Said so strongly that the thing that is missing need not be named."""
    numbers: bool = False
    columns: bool = False
    empty: bool = False
    text: bool = False
    listing: bool = False
    trend: bool = False
    sort: bool = False
    grouped: bool = False
    one_group: bool = True
    """At most one thing to group by."""
    most: bool = False
    """'The most' of something that can be counted."""
    none_left: bool = False
    """Things of which the stock is zero."""
    total: bool = False
    """One sum is asked for, neither an average nor a list."""
    compares: bool = False
    """Things of one kind are set side by side."""
    amount: bool = False
    """A number is asked for, not only the things themselves."""
    rows: bool = False
    """The records themselves are asked for."""
    hows: tuple[How, ...] = ()


def read_question(question: str) -> Asked:
    """What the words of a question call for, in English and Chinese."""
    change: Literal["previous", "year"] | None = "previous" if _PREVIOUS.search(question) else None
    return Asked(
        share=bool(_SHARE.search(question)),
        change="year" if _YEAR.search(question) else change,
        without=bool(_WITHOUT.search(question)),
        never=bool(_NEVER.search(question)),
        numbers=bool(_NUMBER.search(question)),
        columns=bool(_COLUMNS.search(question)),
        empty=bool(_NULL.search(question)),
        text=bool(_TEXT.search(question)),
        listing=bool(_LIST.search(question)),
        trend=bool(_TREND.search(question)),
        sort=bool(_SORT.search(question)),
        grouped=bool(_GROUPED.search(question) or BUYS.search(question)),
        one_group=not joins_groups(question),
        most=bool(_MOST.search(question)),
        none_left=bool(_NONE_LEFT.search(question)),
        total=bool(_TOTAL.search(question)),
        compares=bool(_COMPARES.search(question)),
        amount=bool(_AMOUNT.search(question)),
        rows=bool(_ROWS.search(question)),
        hows=tuple(how for how, pattern in _HOW.items() if pattern.search(question)),
    )


_EACH = re.compile(
    r"(?:\btop|\bbottom|\bbest|\bfirst|\blast)\s+(?:\d+|\w+)\s+((?:\w+\s?){1,2})"
    r"|\b(?:by|per|each|every|which)\s+((?:\w+\s?){1,2})"
    r"|[\d一二两三四五六七八九十](?:个|家|名|位|种|款|大)([\u3400-\u9fff]{2,5})"
    r"|(?:各|每个|每位|每家|每种|每|按|哪个|哪位|哪家|哪些|哪种)(?:个|家|位)?([\u3400-\u9fff]{2,5})",
    re.IGNORECASE,
)
_SEVERAL = _words(r"\band\b", "和", "与", "及", "、", ",", "，", "各.+各", "每.+每")


def grouped_words(question: str) -> tuple[str, ...]:
    """The words that say what an answer has one row for: 'top 5 customers', 'by region', '各地区', '哪个供应商'."""
    return tuple(next(g for g in m.groups() if g).strip() for m in _EACH.finditer(question))


def joins_groups(question: str) -> bool:
    """The question may name several groups ('by region and month', '各地区和各类别')."""
    return bool(_SEVERAL.search(question))


_LOW = _words("below", "under", "less than", "低于", "不足", "小于", "少于", "早于", "补货")
_HIGH = _words(
    r"\blate\b",
    "later",
    "after",
    "overdue",
    "past due",
    "delayed",
    "exceed",
    "above",
    r"\bover\b",
    "晚",
    "迟",
    "逾期",
    "延",
    "超",
    "高于",
    "大于",
)


def direction(question: str) -> Literal["<", ">"] | None:
    """Which way the words compare two columns; None when they say both or neither."""
    low, high = bool(_LOW.search(question)), bool(_HIGH.search(question))
    return None if low == high else "<" if low else ">"


def compares_columns(text: str) -> bool:
    """The words mean a comparison of two columns ('late', '低于')."""
    return bool(_COLUMNS.search(text))


@dataclass(frozen=True, kw_only=True)
class Hints:
    """The brief's facts for one question, as a run's hints hold them."""

    question: str
    periods: tuple[Mapping[str, Any], ...] = ()
    grain: Grain | None = None
    limit: int | None = None
    order: Literal["asc", "desc"] | None = None
    position: int | None = None
    charts: int = 0

    @classmethod
    def of(cls, hints: Mapping[str, Any], goal: str) -> Hints:
        """From ``RunView.hints``; what is absent is not fixed."""
        return cls(
            question=hints.get("question") or goal,
            periods=tuple(hints.get("periods") or ()),
            grain=hints.get("grain"),
            limit=hints.get("limit"),
            order=hints.get("order"),
            position=hints.get("position"),
            charts=int(hints.get("charts") or 0),
        )
