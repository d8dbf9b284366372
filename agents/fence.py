"""A narrower fence for a run that is a step of something that a person reviewed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from clawdbot.agents.brief import Brief

Fence = Mapping[str, Sequence[str]]
"""'databases' and 'recipients' (lower case) that are allowed at most; what is not named is not narrowed."""


def fenced(brief: Brief, fence: Fence | None) -> Brief:
    """The brief with nothing in its envelope that the fence leaves out."""
    if not fence:
        return brief
    envelope = brief.envelope
    if "databases" in fence:
        envelope = replace(envelope, databases=envelope.databases & frozenset(fence["databases"]))
    if "recipients" in fence:
        allowed = frozenset(fence["recipients"])
        people = tuple(one for one in brief.recipients if one.address.lower() in allowed)
        brief = replace(brief, recipients=people)
        envelope = replace(envelope, recipients=envelope.recipients & allowed)
    return replace(brief, envelope=envelope)
