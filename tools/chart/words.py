"""Words of a chart in the goal's language."""

from __future__ import annotations

import re

from clawdbot.tools.chart.amounts import Language

_SEAM = re.compile(r"(?<=[\u4e00-\u9fff])(?=[A-Za-z])|(?<=[A-Za-z])(?=[\u4e00-\u9fff])")
"""Chinese sets a space beside Latin words."""

_WORDS: dict[str, tuple[str, str]] = {
    "other": ("Other", "其他"),
    "blank": ("(blank)", "（空）"),
    "yes": ("yes", "是"),
    "no": ("no", "否"),
    "rows": ("number of rows", "行数"),
    "row": ("row", "行"),
    "by": ("{y} by {x}", "{y}（按{x}）"),
    "by2": ("{y} by {x} and {s}", "{y}（按{x}、{s}）"),
    "against": ("{y} against {x}", "{y} 与 {x}"),
    "distribution": ("Distribution of {y}", "{y}的分布"),
    "and": (" and ", "、"),
    "summed": ("Several rows for one {x} were added up.", "同一{x}的多行已相加。"),
    "averaged": ("Several rows for one {x} were averaged.", "同一{x}的多行已取平均。"),
    "largest": ("The largest {n} of {all} are shown.", "仅显示最大的 {n} 项，共 {all} 项。"),
    "folded": ("{n} smaller ones are in “{other}”.", "较小的 {n} 项归入“{other}”。"),
    "dropped": ("{n} values that are missing or not finite were left out.", "{n} 个缺失或非有限的值未计入。"),
    "truncated": ("The table was cut at {n} rows.", "数据表已截断为 {n} 行。"),
    "glyphs": (
        "A character that no font has is shown as \N{REPLACEMENT CHARACTER}.",
        "字体中没有的字符显示为 \N{REPLACEMENT CHARACTER}。",
    ),
}


def say(key: str, language: Language, **values: object) -> str:
    """The phrase of that name, its gaps filled; values are never read as a format."""
    text = _WORDS[key][language == "zh"].format(**values)
    return _SEAM.sub(" ", text) if language == "zh" else text
