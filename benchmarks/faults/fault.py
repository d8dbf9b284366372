"""The faults, by name."""

from __future__ import annotations

from typing import Literal, get_args

Wire = Literal["ollama", "openai"]
"""Ollama's NDJSON chat, or OpenAI's server-sent events."""

Fault = Literal[
    "none", "refused", "slow_first_token", "stall", "cut", "rate_limited", "rate_limited_after", "unavailable",
    "bad_json", "schema_violated", "silent_truncation", "clock_jump",
]  # fmt: skip

WIRES: tuple[Wire, ...] = get_args(Wire)
FAULTS: tuple[Fault, ...] = get_args(Fault)

EXPLAINED: dict[Fault, str] = {
    "none": "answers as it should",
    "refused": "nothing listens any more",
    "slow_first_token": "takes the request and says nothing",
    "stall": "goes silent in the middle of the answer",
    "cut": "closes the connection in the middle of the answer",
    "rate_limited": "429",
    "rate_limited_after": "429 with Retry-After, one second",
    "unavailable": "503",
    "bad_json": "answers with prose",
    "schema_violated": "answers with JSON that the schema does not allow",
    "silent_truncation": "reads the end of the prompt only (Ollama), or calls half an answer complete (OpenAI)",
    "clock_jump": "429 with Retry-After as a date, by a clock that is two hours off, while ours jumps back and forth",
}
