"""Does a sentence give a number to the right name?  A small model mixes rows up; the tables know."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from clawdbot.agents.claims import sentences
from clawdbot.agents.facts import format_value
from clawdbot.text.figures import mentions

_DIGITS = 3
"""Significant digits from which a number points to its row."""

_NAME_LENGTH = 2


def misattributed(text: str, frames: Sequence[pd.DataFrame]) -> list[str]:
    """Numbers that a sentence gives to another row's name: ``'45,311.32 (of Ernst Handel)'``.

    A sentence is judged only when it names rows and holds a cell of a different row, and no table supports it.
    """
    found: list[str] = []
    for sentence in sentences(text):
        verdicts = [_wrong_in(sentence, frame) for frame in frames if len(frame) > 1]
        judged = [v for v in verdicts if v is not None]
        if judged and all(judged):
            found.extend(judged[0])
    return list(dict.fromkeys(found))


def _wrong_in(sentence: str, frame: pd.DataFrame) -> list[str] | None:
    """The mix-ups of a sentence by one table; None when the table has no say in it."""
    names = _named_rows(sentence, frame)
    numbers = [m for m in mentions(sentence) if m.digits >= _DIGITS and not m.percent]
    if not names or not numbers:
        return None
    wrong, relevant = [], False
    for mention in numbers:
        rows = _rows_with(mention.value, mention.tolerance, frame)
        if not rows:
            continue
        relevant = True
        if not rows & names:
            wrong.append(f"{mention.text} (it belongs to {_label(frame, min(rows))})")
    return wrong if relevant else None


def _text_columns(frame: pd.DataFrame) -> list[str]:
    return [c for c in frame.columns if not pd.api.types.is_numeric_dtype(frame[c])]


def _named_rows(sentence: str, frame: pd.DataFrame) -> set[int]:
    low = sentence.lower()
    rows: set[int] = set()
    for column in _text_columns(frame):
        for position, value in enumerate(frame[column]):
            name = format_value(value).lower()
            if len(name) >= _NAME_LENGTH and name in low:
                rows.add(position)
    return rows


def _rows_with(value: float, tolerance: float, frame: pd.DataFrame) -> set[int]:
    rows: set[int] = set()
    for column in frame.columns:
        if pd.api.types.is_numeric_dtype(frame[column]):
            close = (frame[column].astype(float) - value).abs() <= tolerance
            rows.update(i for i, hit in enumerate(close) if hit)
    return rows


def _label(frame: pd.DataFrame, row: int) -> str:
    columns = _text_columns(frame) or list(frame.columns)
    return format_value(frame.iloc[row][columns[0]])
