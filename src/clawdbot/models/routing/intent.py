"""What a goal is for and what a step is for, by rules over words and the offered tools; no model is asked."""

from __future__ import annotations

import re
from collections.abc import Sequence

from clawdbot.config import Intent, StepKind
from clawdbot.text.language import normalise

_FLAGS = re.IGNORECASE | re.ASCII
"""ASCII: a Chinese letter beside an English word is the word's edge."""

_CODE = re.compile(
    r"(?<!客户)(?<!产品)(?<!股票)(?<!邮政)(?<!国家)(?<!地区)(?<!区域)(?<!物料)代码|脚本|正则表达式|报错堆栈|单元测试|"
    r"(?:写|改|修|调试|重构).{0,8}(?:函数|程序|接口|bug)|"
    r"\b(?:write|fix|review|debug|refactor|explain)\b.{0,24}\b(?:code|script|function|program|regex|unit tests?|bug)\b|"
    r"\b(?:source code|stack ?trace|python script|shell script|bash script|regular expression)s?\b",
    _FLAGS,
)
_ANALYSIS = re.compile(
    r"分析|为什么|为何|原因|归因|对比|比较|预测|评估|相关性|异常|影响因素|"
    r"\b(?:analy[sz]e[sd]?|analysis|why|compar(?:e[sd]?|ison|ing)|forecasts?|predict(?:ion|s)?|correlat\w+|"
    r"root causes?|outliers?|anomal(?:y|ies)|assess(?:ment)?|evaluate)\b",
    _FLAGS,
)
_DATA = re.compile(
    r"多少|几[个家笔种名位张]|统计|汇总|合计|总额|总数|数量|平均|排名|最[高低多少大小]|销售|营收|收入|利润|订单|库存|"
    r"客户|产品|供应商|图表?(?!书|片)|报表|列出|导出|按[年月季日周]|占比|增长|"
    r"\b(?:how (?:many|much)|total|sum|average|mean|median|count|number of|highest|lowest|most|least|top \w+|"
    r"revenue|sales|orders?|customers?|products?|suppliers?|profit|inventory|stock|freight|chart|graph|plot|"
    r"table|list|export|per (?:month|quarter|year|region)|by (?:month|quarter|year|region|country|category)|"
    r"monthly|quarterly|database|rows?|records?)\b",
    _FLAGS,
)
_DOCUMENTS = re.compile(
    r"制度|规定|规章|政策|流程|手册|条款|合同|办法|指南|报销|年假|休假|请假|差旅|审批|权限|允许|"
    r"可以.{0,20}吗|能否|是否可以|怎么(?:办|申请|办理|走)|如何(?:申请|办理|处理)|"
    r"\b(?:polic(?:y|ies)|handbook|guidelines?|procedures?|regulations?|contracts?|clauses?|terms|reimburse\w*|"
    r"annual leave|sick leave|parental leave|allowed|may i|can i|am i|do i have to|how do i|who approves|"
    r"who may|what is the (?:rule|limit|process|deadline))\b",
    _FLAGS,
)
_WRITING = re.compile(
    r"起草|撰写|润色|改写|翻译|校对|续写|拟(?:写|一份|一封|定)|写(?:一|封|篇|份|个|段|首)|总结|摘要|概括|纪要|通知|"
    r"\b(?:draft|rewrite|rephrase|polish|proofread|translate|translation|compose|summari[sz]e|summary|"
    r"write\b.{0,24}\b(?:letter|memo|note|text|post|speech|invitation|announcement|proposal|minutes|e?-?mail|message))\b",
    _FLAGS,
)
_ASKS = re.compile(
    r"[?？]|什么|怎么|如何|哪|谁|是否|吗|\b(?:what|who|when|where|which|how|is|are|does|do|can)\b", _FLAGS
)


def intent_of(goal: str) -> Intent:
    """What the goal is for, Chinese or English; ``other`` when no rule knows.

    Code comes first because its words are the rarest; writing only where nothing is to be looked up, as a report on
    sales is about data however it is worded.
    """
    text = normalise(goal)
    if _CODE.search(text):
        return "code"
    if _DOCUMENTS.search(text):
        return "question"
    if _ANALYSIS.search(text):
        return "analysis"
    if _DATA.search(text):
        return "data"
    if _WRITING.search(text):
        return "writing"
    return "question" if _ASKS.search(text) else "other"


_KINDS: dict[str, StepKind] = {
    "query": "sql",
    "sql": "sql",
    "chart": "chart",
    "report": "report",
    "export": "report",
    "mail": "mail",
    "search_knowledge": "search",
    "quote": "search",
    "finish": "final",
}


def step_kind(tools: Sequence[str]) -> StepKind:
    """What a step is for, from the names of the tools on offer; ``plan`` when it must choose between several kinds,
    or when the only tool is not one of ours."""
    kinds = {_KINDS.get(name, "plan") for name in tools}
    return kinds.pop() if len(kinds) == 1 else "plan"
