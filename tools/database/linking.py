"""Words of a goal linked to tables, columns and measures, by rules, in English and Chinese.

A score of 2 or more means that the goal names the thing; less is a hint.  No model is asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from clawdbot.tools.database.asked import BUYS, HOW_OFTEN, grouped_words
from clawdbot.tools.database.catalog import Catalog, ColumnSchema, TableSchema, ValueHit
from clawdbot.tools.database.entities import display_columns, is_time_part
from clawdbot.tools.database.lexicon import (
    concepts,
    concepts_of,
    meanings,
    mentioned_territories,
    names_territory,
    phrase_stem,
    split_name,
    terms,
    translate_value,
)
from clawdbot.tools.database.measures import Measure

NAMED = 2.0
_CONFIGURED = 3.0
_STATES = 12
_MOSTLY = 0.8
_PURCHASES = re.compile(r"购买|下单|订购|消费|采购|\b(?:buy|bought|order|purchase|shop)", re.IGNORECASE)
_RECORDS = frozenset({"order", "invoice", "sales", "purchase"})
_GENERIC = frozenset({"日期", "时间", "编号", "名称", "类型", "状态", "数量", "单号"})
"""Ends of Chinese names that many columns share."""
_DELIVERY = re.compile(
    r"(?:并)?(?:发送?|寄)(?:一封)?(?:电子)?(?:邮件|邮箱)(?:给\S*)?|(?:配|画|附|做)?(?:一?张)?(?:柱状|条形|折线|饼|散点|面积)图|图表"
    r"|\b(?:e-?mail|send|mail)(?:ed)?(?: it| them| the \w+)? to \S+|\b(?:bar|line|pie|area)? ?(?:chart|graph|plot)s?\b",
    re.IGNORECASE,
)
"""What is done with an answer says nothing about the database."""
_NOISE = frozenset({"id", "of", "in", "the", "no", "by", "is", "tbl", "fact", "dim"})
PLACES = frozenset({"country", "city", "region", "state", "address", "postal_code"})
_COUNTED = re.compile(r"(?:的)?(?:总)?(?:数量|数目|个数|数|总数|笔数|人数|家数)")
_HOW_MANY = re.compile(
    r"(?:how many|number of|count of|(?:more|fewer|less) than \d+|at least \d+|"
    r"(?:percentage|percent|share|proportion|fraction) of)\s+"
    r"(?:(?:all|the|our|new|different|distinct|unique|active|open|total|other|of)\s+)*((?:[a-z]+\s+){0,2}?[a-z]+)",
    re.IGNORECASE,
)
_HOW_MANY_ZH = re.compile(
    r"(?:(?:多少|几)(?:个|家|名|位|笔|张|种|款|条|份)?|(?:超过|多于|至少|少于|不到)\d+(?:个|家|名|位|笔|张|种|款|条|份|单))"
    r"(?:不同的?|的)?([\u3400-\u9fff]{1,6})"
)
_HAVE_MANY_ZH = re.compile(r"([\u3400-\u9fff]{2,4}?)(?:一共|总共|共)?有(?:多少|几)")
_UNKNOWN = re.compile(r"[\u3400-\u9fff]{2,6}?(?=类|的)")
_KIND = re.compile(r"[\u3400-\u9fff]{2,6}?(?=类)")
_RANKED = re.compile(r"每|各|按|最|前\s*[\d一二三四五六七八九十]|排名")
_PLACED = re.compile(r"(?:位于|来自|驻在|住在|设在)([\u3400-\u9fff]{2,6}?)(?=的|[，,。?？]|$)")
_STOP = re.compile(
    "低于|高于|超过|大于|小于|多于|少于|至少|不足|从未|没有|未|占|比|增长|下降|晚于|早于|时候|所有|全部|相应|对应|它们|他们|"
    "年|月|季度|季|日|周|各|每|个|水平|标准|最高|最低|最多|最少|前|后|上|下|去|今|本|全|按|从|到|至|的|和|与|及|在|了|有|哪些|哪|多少|请|给|"
    "列出|显示|查询|统计|分析|生成|报告|比较|对比|情况|排名|第|一|二|三|四|五|六|七|八|九|十|所|位|家|名|发送|邮件|图|并|数量|平均|总"
)


@dataclass(frozen=True, kw_only=True)
class Links:
    """Scores by table, "Table.Column" and measure; ``counted`` are tables whose rows the goal asks to count."""

    tables: dict[str, float] = field(default_factory=dict)
    columns: dict[str, float] = field(default_factory=dict)
    measures: dict[str, float] = field(default_factory=dict)
    counted: tuple[str, ...] = ()
    hits: tuple[ValueHit, ...] = ()
    groups: tuple[str, ...] = ()
    """Tables and "Table.Column" that an answer has one row for ('top 5 customers', '各地区')."""
    unknown: tuple[str, ...] = ()
    """Chinese words before '类' or '的' that nothing explains: perhaps a value in the data's language."""
    placed: bool = False
    """The unknown word is a place ('位于东京')."""

    def names_table(self, table: str) -> bool:
        return self.tables.get(table, 0.0) >= NAMED


class _Goal:
    """The words of a goal and what they mean."""

    def __init__(self, text: str, catalog: Catalog, measures: Mapping[str, Measure]) -> None:
        self.text = text
        extra = {phrase_stem(w.lower()) for m in measures.values() for w in (*m.words, m.name.replace("_", " "))}
        extra |= {phrase_stem(w.lower()) for words in catalog.words.values() for w in words}
        extra |= {p for t in catalog.tables for n in (t.name, *(c.name for c in t.columns)) for p in split_name(n)}
        self.terms = set(terms(text, frozenset(extra)))
        self.concepts = {c for t in self.terms for c in concepts_of(t)}

    def says(self, word: str) -> bool:
        stemmed = phrase_stem(word.lower())
        return stemmed in self.terms

    def means(self, word: str) -> bool:
        return word in self.terms or bool(concepts_of(word) & self.concepts)

    def share(self, name: str) -> float:
        """Which part of an identifier's words the goal says."""
        if not name.isascii() and self._says_parts(name):
            return 1.0
        words = [w for w in split_name(name) if w not in _NOISE]
        words = [w for w in words if w != "unit" or self.means("price") or len(words) == 1]
        if not words:
            return 0.0
        if len(words) > 1 and self.means(" ".join(words)):
            return 1.0
        said = {w for w in words if self.means(w)}
        for pair in pairwise(words):
            if self.means(" ".join(pair)):
                said.update(pair)
        return len(said) / len(set(words))

    def _says_parts(self, name: str) -> bool:
        """A Chinese name by its head ('工资' of 基本工资) or by all its parts ('加班总小时数' of 加班小时)."""
        if len(name) < 4:
            return False
        head, half = name[-2:], name[: len(name) - 2]
        if head in _GENERIC or head not in self.text:
            return False
        return half in self.text or not any(word in half for word in _GENERIC)


def link(goal: str, catalog: Catalog, measures: Mapping[str, Measure], hits: Iterable[ValueHit] = ()) -> Links:
    """What of the database a goal speaks about; ``hits`` are values of text columns that it mentions."""
    hits = tuple(hits)
    counted = _events(goal, catalog, hits) or _counted(goal, catalog, _Goal(goal, catalog, measures))
    said = _Goal(_subject(goal, counted=bool(counted)), catalog, measures)
    found = (*hits, *_translated_hits(goal, catalog))
    tables = {t.name: score for t in catalog.tables if (score := _table_score(said, catalog, t)) > 0}
    columns: dict[str, float] = {}
    linked = {name: score for name, m in measures.items() if (score := _measure_score(said, m)) > 0}
    for table in catalog.tables:
        for column in table.columns:
            score = _column_score(said, catalog, table, column, tables.get(table.name, 0.0))
            if score and table.name not in tables and concepts_of(column.name.lower()) & PLACES:
                score += _default_place(table, linked)
            if score:
                columns[f"{table.name}.{column.name}"] = score
    if "quantity" in linked and re.search(r"how many units|多少件|多少个单位", goal, re.IGNORECASE):
        linked["quantity"] += 1
    if counted and not any(said.says(w) for w in ("quantity", "销量", "销售量")):
        linked.pop("quantity", None)
    return Links(
        tables=tables,
        columns=columns,
        measures=linked,
        counted=counted,
        hits=found,
        groups=_groups(goal, catalog, measures),
        unknown=_unknown(goal, said, found),
        placed=bool(_PLACED.search(goal)),
    )


def _groups(goal: str, catalog: Catalog, measures: Mapping[str, Measure]) -> tuple[str, ...]:
    said = _Goal(" . ".join(grouped_words(_DELIVERY.sub(" ", goal))), catalog, measures)
    tables = [t.name for t in catalog.tables if not t.is_view and _table_score(said, catalog, t) >= NAMED]
    columns = {
        f"{t.name}.{c.name}": frozenset(split_name(c.name))
        for t in catalog.tables
        for c in t.columns
        if not t.is_view and not is_time_part(c) and said.share(c.name) == 1
    }
    # 'By ship country' says more than 'by country'.
    whole = [name for name, words in columns.items() if not any(words < more for more in columns.values())]
    return (*tables, *whole)


def _unknown(goal: str, said: _Goal, hits: Iterable[ValueHit]) -> tuple[str, ...]:
    rest = goal
    for word in sorted({*said.terms, *(h.mention for h in hits)}, key=len, reverse=True):
        rest = rest.replace(word, " ") if not word.isascii() and word != "类" else rest
    rest = re.sub(r" (?=类|的)", "", _STOP.sub(lambda m: "的" if m.group() == "的" else " ", rest))
    places = [m.group(1) for m in _PLACED.finditer(goal) if not any(h.mention in m.group(1) for h in hits)]
    # Before '的' in a ranking or a grouping stands what is ranked or grouped, seldom a value.
    pattern = _KIND if _RANKED.search(goal) else _UNKNOWN
    return tuple(dict.fromkeys([*places, *(m.group() for m in pattern.finditer(rest))]))


def _subject(goal: str, *, counted: bool) -> str:
    """The goal without what is done with the answer, and without words that only say 'count'."""
    plain = _DELIVERY.sub(" ", goal)
    if BUYS.search(plain):
        plain += " products quantity"
    if counted:
        plain = re.sub(r"\b(?:number|count) of\b", "", plain, flags=re.IGNORECASE)
        plain = re.sub(r"(?<=[单户商工品员人])(?:的)?(?:总)?数量", "", plain)
    return plain


def _translated_hits(goal: str, catalog: Catalog) -> tuple[ValueHit, ...]:
    """Countries and states of things ('逾期', '取消') that the goal names in another language than the data."""
    found = _translated_states(goal, catalog)
    for mention in mentioned_territories(goal):
        names = {n.casefold() for n in (mention, *translate_value(mention))}
        for table in catalog.tables:
            for column in table.columns:
                value = next((v for v in column.values if v.casefold() in names), None)
                if value is not None and not table.is_view and (len(value) > 2 or _holds_codes(column)):
                    found.append(ValueHit(table=table.name, column=column.name, value=value, rows=0, mention=mention))
    return tuple(found)


def _holds_codes(column: ColumnSchema) -> bool:
    """Two letters are a country only among countries: 'CA' beside 'WA' and 'OR' is California, not Canada."""
    return sum(map(names_territory, column.values)) >= _MOSTLY * len(column.values)


def _translated_states(goal: str, catalog: Catalog) -> list[ValueHit]:
    found = []
    for table in catalog.tables:
        for column in table.columns:
            for value in column.values if not table.is_view and len(column.values) <= _STATES else ():
                words = concepts().get(value.lower(), frozenset())
                mention = next((w for w in words if not w.isascii() and w in goal), None)
                if mention:
                    found.append(ValueHit(table=table.name, column=column.name, value=value, rows=0, mention=mention))
    return found


def _configured_words(said: _Goal, catalog: Catalog, name: str) -> bool:
    return any(said.says(word) for word in catalog.words.get(name, ()))


def _table_score(said: _Goal, catalog: Catalog, table: TableSchema) -> float:
    if _configured_words(said, catalog, table.name):
        return _CONFIGURED
    share = said.share(table.name)
    if table.is_view:
        return share if share == 1 else 0.0
    return NAMED if share == 1 else share


def _column_score(said: _Goal, catalog: Catalog, table: TableSchema, column: ColumnSchema, table_score: float) -> float:
    if _configured_words(said, catalog, f"{table.name}.{column.name}"):
        return _CONFIGURED
    if is_time_part(column):
        return 0.0
    share = said.share(column.name)
    score = 1.5 if share == 1 else 0.5 * share
    if score and table_score >= NAMED:
        score += 0.5
    if column.name in display_columns(table) and table_score >= NAMED:
        score += table_score
    return score


def _default_place(table: TableSchema, linked: Mapping[str, float]) -> float:
    """'Sales by country' means that of the customers, unless another table is named."""
    concepts = {c for w in split_name(table.name) for c in concepts_of(w)}
    return 0.3 if linked and "customer" in concepts else 0.0


def _measure_score(said: _Goal, measure: Measure) -> float:
    words = (*measure.words, measure.name.replace("_", " "))
    lengths = [len(w) for w in words if said.says(w)]
    return NAMED + min(max(lengths), 30) / 100 if lengths else 0.0


def _events(goal: str, catalog: Catalog, hits: Iterable[ValueHit]) -> tuple[str, ...]:
    """The table of events that '次数' and 'how often' count: where what happened stands ('迟到'), or the orders."""
    if not HOW_OFTEN.search(goal):
        return ()
    referring = [t.name for t in catalog.tables if t.foreign_keys and not t.is_view]
    if told := [h.table for h in hits if h.table in referring]:
        return tuple(dict.fromkeys(told))
    records = [t for t in catalog.tables if t.name in referring and meanings(t.name) & _RECORDS]
    heads = {key.ref_table for t in records for key in t.foreign_keys}
    found = [t.name for t in records if t.name in heads] or [t.name for t in records]
    return tuple(found[:1]) if _PURCHASES.search(goal) else ()


def _counted(goal: str, catalog: Catalog, said: _Goal) -> tuple[str, ...]:
    """Tables whose rows are counted: 'how many orders', 'number of customers', '订单数', '多少家供应商'."""
    spoken = [m.group(1).lower() for m in _HOW_MANY.finditer(goal)] + [m.group(1) for m in _HOW_MANY_ZH.finditer(goal)]
    spoken += [m.group(1) for m in _HAVE_MANY_ZH.finditer(goal)]
    meant = {c for text in spoken for t in terms(text) for c in concepts_of(t)}
    for word in said.terms:
        for start in re.finditer(re.escape(word), goal):
            if suffix := _COUNTED.match(goal, start.end()):
                meant |= concepts_of(word) - ({"product"} if suffix.group().endswith("数量") else set())
    found = []
    for table in catalog.tables:
        words = [w for w in split_name(table.name) if w not in _NOISE]
        whole = concepts_of(" ".join(words)) | (concepts_of(words[0]) if len(words) == 1 else frozenset())
        if not table.is_view and (whole & meant or " ".join(words) in {phrase_stem(s) for s in spoken}):
            found.append(table.name)
    return tuple(found)
