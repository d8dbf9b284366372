"""The question about a call as a person reads it: run, cost so far, why it is asked, and exactly what would happen."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from clawdbot.models.spending.money import dollars
from clawdbot.text.language import Language
from clawdbot.tools.contract import Tool
from clawdbot.tools.effects import plain

_HEAD: dict[Language, str] = {
    "zh": "任务：{run}；目前费用：{spent}\n原因：{why}。",
    "en": "Run: {run}; cost so far: {spent}\nAsked because {why}.",
}
_CALL: dict[Language, dict[str, str]] = {
    "zh": {
        "external": "工具 {tool} 将在本机之外产生作用（{purpose}），参数：",
        "artifact": "工具 {tool} 将在任务文件夹中写入文件（{purpose}），参数：",
        "read": "工具 {tool} 将读取数据（{purpose}），参数：",
    },
    "en": {
        "external": "The tool {tool} will act outside this machine ({purpose}) with:",
        "artifact": "The tool {tool} will write into the run's folder ({purpose}) with:",
        "read": "The tool {tool} will read data ({purpose}) with:",
    },
}


@dataclass(frozen=True, kw_only=True)
class Question:
    """What a person approves: ``payload`` is the whole text, ``payload_hash`` what the answer is bound to."""

    tool: str
    args: Mapping[str, Any]
    payload: str
    payload_hash: str


def headed(text: str, *, run_id: str, spent_usd: Decimal, why: str, language: Language) -> str:
    """The text that a person reads: our own lines first, where nothing that a model wrote can stand before them."""
    return visible(f"{_HEAD[language].format(run=run_id, spent=dollars(spent_usd), why=why)}\n\n{text}")


def default_payload(tool: Tool[..., Any], args: Mapping[str, Any], language: Language) -> str:
    """The text about a tool that does not word its own: its name, purpose and all arguments."""
    shown = json.dumps(plain(args), ensure_ascii=False, indent=2)
    return f"{_CALL[language][tool.effect].format(tool=tool.name, purpose=tool.description)}\n{shown}"


def visible(text: str) -> str:
    """Text for a person to approve, with invisible and direction-changing characters written out."""
    return "".join(_written_out(character) for character in text)


def _written_out(character: str) -> str:
    if character in "\n\t" or unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp"):
        return character
    return f"\\u{ord(character):04x}"
