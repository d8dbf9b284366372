"""Blanks that a small model leaves in a letter: "Dear [Recipient]", "[您的名字]".  Nobody fills them in later."""

from __future__ import annotations

import re

_BLANK = re.compile(
    r"[\[【<]\s*(?:your|recipient|sender|insert|my|the|company|customer|client|full|first|last|name|title|position|job|"
    r"contact|phone|department|signature|您的|你的|您|收件人|发件人|寄件人|姓名|名字|签名|公司|职位|职务|部门|联系)"
    r"[^\[\]【】<>\n]{0,40}[\]】>]",
    re.IGNORECASE,
)
_GREETING = re.compile(r"(?m)^(?:Dear|Hi|Hello)\s*(?=[,:，：])", re.IGNORECASE)
_GREETING_ZH = re.compile(r"(?m)^(?:尊敬的|亲爱的)\s*(?=[,，:：!！])")
_LEFT_OVER = re.compile(r"(?m)^[ \t]*[,，.。:：;；]?[ \t]*$\n?")


def without_blanks(text: str) -> str:
    """The text without them, its greeting made whole; unchanged where there are none."""
    emptied, found = _BLANK.subn("", text)
    if not found:
        return text
    lines = [new for old, new in zip(text.split("\n"), emptied.split("\n"), strict=True) if _kept(old, new)]
    greeted = _GREETING_ZH.sub("您好", _GREETING.sub("Hello", "\n".join(lines)))
    return re.sub(r"[ \t]+(?=[,，.。;；:：!！?？\n]|$)", "", greeted).strip()


def _kept(old: str, new: str) -> bool:
    """A line that held nothing but blanks goes; an empty line stays."""
    return old == new or not _LEFT_OVER.fullmatch(new)
