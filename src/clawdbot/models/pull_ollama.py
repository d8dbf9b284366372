"""Asking an Ollama server to pull a model, with its progress."""

from __future__ import annotations

from clawdbot.models.limits import Limits
from clawdbot.models.ollama_server import OllamaServer
from clawdbot.models.pull import Progress

_WITHIN_S = 24 * 3600.0


def pull_ollama(tag: str, *, base_url: str = "", progress: Progress | None = None) -> None:
    """Pull ``tag``; layers are counted together.  Raises ModelUnavailable when the server or the model is missing."""
    layers: dict[str, tuple[int, int]] = {}
    limits = Limits.only(_WITHIN_S)
    for event in OllamaServer(base_url).lines("/api/pull", {"model": tag}, limits=limits, model=tag):
        if "total" not in event:
            continue
        layers[str(event.get("digest", ""))] = (int(event.get("completed", 0)), int(event["total"]))
        if progress is not None:
            progress(sum(done for done, _ in layers.values()), sum(total for _, total in layers.values()))
