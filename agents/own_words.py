"""Text for a report or a mail in the program's words, when a model's were refused twice: plain facts of the results.

A mail with the figures alone is better than none, and nothing in it can be wrong.
"""

from __future__ import annotations

from dataclasses import replace

from clawdbot.agents.checks import UNSUPPORTED, check_call
from clawdbot.agents.facts import facts
from clawdbot.agents.planner import Frame
from clawdbot.agents.steps import Intent
from clawdbot.text.sentences import sentence_spans

_LONGEST = {"summary": 600, "body": 1200}
"""Characters that the tools take."""
_HEADS = ("title", "subject")
_NOTE = "text written by the program"


def in_own_words(frame: Frame, intent: Intent) -> Intent | None:
    """The same call with plain facts for its text; None at the first refusal, or without results to tell."""
    before = [s for s in frame.steps if s.tool == intent.tool and s.observation.startswith(UNSUPPORTED)]
    results = frame.results()
    if not before or not results:
        return None
    language = frame.brief.language
    told = "\n".join(" ".join(facts(info, table, language)) for info, table in results)
    args = {**intent.args, **{name: _cut(told, most) for name, most in _LONGEST.items() if name in intent.args}}
    heads = [name for name in _HEADS if name in args]
    if any(check_call(frame, replace(intent, args={name: args[name]})) for name in heads):
        args |= {
            name: ", ".join(dict.fromkeys(info.title or info.name.replace("_", " ") for info, _ in results))[:80]
            for name in heads
        }
    written = replace(intent, args=args, notes=(*intent.notes, _NOTE))
    return None if check_call(frame, written) else written


def _cut(text: str, most: int) -> str:
    """Whole sentences up to a length."""
    if len(text) <= most:
        return text
    ends = [end for _, end in sentence_spans(text) if end <= most]
    return text[: ends[-1]].rstrip() if ends else text[:most]
