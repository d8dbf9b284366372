"""What several workers take when each of them loads the same model file for itself."""

from __future__ import annotations

from clawdbot.cli.wording import Words
from clawdbot.config import Config
from clawdbot.models.catalog import DEFAULT_MODEL, model_file
from clawdbot.models.ladder import order_of
from clawdbot.models.selection import local_ollama_model, named


def warning(config: Config, workers: int, words: Words) -> str:
    """A sentence when every step is for embedded models; empty when another model may serve.

    The memory is at most that of the files for each: where llama.cpp maps them unchanged, processes share the pages.
    """
    names = order_of(config)
    if not names:
        if not model_file(config.app.home, DEFAULT_MODEL).is_file() or local_ollama_model():
            return ""
        names = (DEFAULT_MODEL,)
    settings = [named(config, name) for name in names]
    if any(model.provider != "llamacpp" for model in settings):
        return ""
    files = {model.path or model_file(config.app.home, model.model or DEFAULT_MODEL) for model in settings}
    size = sum(file.stat().st_size for file in files if file.is_file())
    gigabytes = f"{workers * size / 1e9:.1f}"
    return words("supervisor.embedded", count=workers, model=words.separator.join(names), gigabytes=gigabytes)
