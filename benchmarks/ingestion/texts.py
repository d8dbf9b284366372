"""Made-up office documents in Chinese and English; the same for the same number."""

from __future__ import annotations

import random
from pathlib import Path

_ENGLISH = (
    "travel", "expenses", "receipts", "approval", "credit", "limit", "customer", "invoice", "payment", "supplier",
    "contract", "delivery", "warehouse", "discount", "quarter", "budget", "forecast", "salary", "leave", "holiday",
    "training", "security", "password", "laptop", "meeting", "room", "policy",
)  # fmt: skip
_CHINESE = "差旅费用报销审批信用额度客户发票付款供应商合同交货仓库折扣季度预算预测工资请假培训安全会议室制度流程部门"


def write_document(path: Path, number: int, *, chinese: bool, sections: int, marker: str = "") -> str:
    """Write Markdown with headings and paragraphs; ``marker`` is a word in it that is nowhere else.  Returns it all."""
    chance = random.Random(f"{number} {chinese} {marker}")
    parts = [f"# {_words(chance, chinese, 3)} {number}"]
    if marker:
        parts.append(f"Reference {marker}.")
    for n in range(sections):
        parts.append(f"## {n + 1} {_words(chance, chinese, 4)}")
        parts.extend(" ".join(_sentence(chance, chinese) for _ in range(5)) for _ in range(3))
    text = "\n\n".join(parts) + "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return text


def _sentence(chance: random.Random, chinese: bool) -> str:
    body = _words(chance, chinese, chance.randint(8, 16))
    return f"{body}{chance.randint(1, 99_999)}元。" if chinese else f"{body.capitalize()} {chance.randint(1, 99_999)}."


def _words(chance: random.Random, chinese: bool, number: int) -> str:
    if not chinese:
        return " ".join(chance.choice(_ENGLISH) for _ in range(number))
    starts = (chance.randrange(len(_CHINESE) - 2) for _ in range(number))
    return "".join(_CHINESE[start : start + 2] for start in starts)
