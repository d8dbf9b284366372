"""Text in documents that speaks to the program instead of the reader: shown, never followed.

The envelope keeps such text from having any effect (what a run may do is fixed before documents are read); this only
keeps it out of the evidence and makes it visible.
"""

from __future__ import annotations

import re

from clawdbot.text.sentences import sentence_spans

_ADDRESSED = re.compile(
    r"致\s?(?:自动|智能|AI|人工智能)?\s?(?:助手|助理|机器人|程序|模型|代理)|"
    r"\b(?:note|message|instructions?|attention|to|for|dear)\s*(?:to|for|:)?\s*(?:the\s+|any\s+|all\s+)?"
    r"(?:AI|LLM|language model|assistant|chat ?bot|agent|bot|automated (?:system|assistant))s?\b|"
    r"(?:忽略|无视|忘记|不要(?:理会|遵守))(?:[^。；\n]{0,8})(?:之前|以上|前面|上述|此前|所有)(?:[^。；\n]{0,8})(?:指令|指示|要求|规则|提示)|"
    r"\b(?:ignore|disregard|forget|override)\b[^.;\n]{0,24}\b(?:previous|prior|above|earlier|all|your|system)\b[^.;\n]{0,16}"
    r"\b(?:instructions?|prompts?|rules?|directions?|guidelines)\b|"
    r"\b(?:you are|act as|pretend to be)\s+(?:now\s+)?(?:an?\s+)?(?:AI|assistant|DAN|system|admin|jailbroken)\b|"
    r"你(?:现在)?是(?:一个)?(?:AI|智能助手|助手|机器人|系统管理员)|"
    r"\b(?:system|developer) prompt\b|系统提示词?|<\|?(?:im_start|system|assistant)|\[INST\]|"
    r"(?:不要|请勿|别)在(?:回答|回复|答复|报告)(?:中|里)?(?:提到|提及|说明|透露)|"
    r"\b(?:do not|don't|never)\s+(?:mention|tell|reveal|disclose|say)\b[^.;\n]{0,40}"
    r"\b(?:user|answer|reply|response|anyone|step)\b",
    re.IGNORECASE,
)


def find_instructions(text: str) -> list[str]:
    """Sentences of ``text`` that address an automatic assistant or try to change its rules, as they stand."""
    return [text[a:b] for a, b in sentence_spans(text) if _ADDRESSED.search(text[a:b])]


def is_instruction(text: str) -> bool:
    """One such sentence is in it."""
    return bool(_ADDRESSED.search(text))
