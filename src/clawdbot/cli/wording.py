"""What the command line says, in Chinese and English: files of sentences for each language."""

from __future__ import annotations

import os
import tomllib
from functools import cache
from importlib.resources import files
from typing import Literal

Language = Literal["zh", "en"]

_FILES = ("", "-why", "-costs", "-workers", "-approvals", "-effects", "-runs", "-workflow", "-schedule", "-freeze")
"""Ends of the names of a language's files; a group of sentences stands in one of them."""


@cache
def sentences(language: Language) -> dict[str, dict[str, str]]:
    """All sentences of a language: group -> key -> text with ``{placeholders}``."""
    folder = files("clawdbot.cli") / "words"
    texts = [(folder / f"{language}{end}.toml").read_text("utf-8") for end in _FILES]
    return {group: keys for text in texts for group, keys in tomllib.loads(text).items()}


class Words:
    """The sentences of one language; call it with 'group.key' and the values of the placeholders."""

    def __init__(self, language: Language) -> None:
        self.language = language

    def __call__(self, name: str, /, **values: object) -> str:
        group, _, key = name.partition(".")
        text = sentences(self.language)[group][key]
        return text.format(**values) if values else text

    @property
    def separator(self) -> str:
        """What parts the members of a list."""
        return "、" if self.language == "zh" else ", "


def locale_language() -> Language:
    """The language of the person's terminal: ``CLAWDBOT_APP__LANGUAGE``, else the locale's."""
    chosen = os.environ.get("CLAWDBOT_APP__LANGUAGE", "")
    if chosen not in ("zh", "en"):
        names = ("LC_ALL", "LC_MESSAGES", "LANG")
        chosen = next((os.environ[name] for name in names if os.environ.get(name)), "")
    return "zh" if chosen.lower().startswith("zh") else "en"
