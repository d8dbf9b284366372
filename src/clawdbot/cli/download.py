"""Getting a model with a progress bar, for every command that may need one."""

from __future__ import annotations

from pathlib import Path

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from clawdbot.cli.streams import tell
from clawdbot.cli.terminal import progress
from clawdbot.cli.wording import Words
from clawdbot.config import Config
from clawdbot.errors import UsageError
from clawdbot.knowledge.speech.model import WHISPER
from clawdbot.knowledge.speech.model import fetch as fetch_speech
from clawdbot.models.catalog import CATALOG, DEFAULT_MODEL, model_file
from clawdbot.models.pull import Progress as Report
from clawdbot.models.pull import pull
from clawdbot.models.pull_ollama import pull_ollama
from clawdbot.models.selection import named


def fetch(config: Config, name: str | None, words: Words) -> str:
    """Pull a model by its configured name, catalogue name, ``ollama:TAG`` or 'whisper-base'; returns where it is.

    Raises UsageError for a model that cannot be pulled, else as :func:`clawdbot.models.pull.pull`.
    """
    wanted = name or DEFAULT_MODEL
    if wanted == WHISPER.name:
        with _Bar(wanted) as bar:
            return str(fetch_speech(config.app.home / "models", progress=bar.report))
    settings = named(config, wanted)
    if settings.provider == "ollama":
        tag = settings.model or wanted
        with _Bar(tag) as bar:
            pull_ollama(tag, base_url=settings.base_url, progress=bar.report)
        return f"ollama:{tag}"
    if settings.provider != "llamacpp" or settings.path is not None:
        raise UsageError(words("models.not_pulled", name=wanted), hint=words("models.known", names=", ".join(CATALOG)))
    return str(fetch_embedded(config.app.home, settings.model or DEFAULT_MODEL, words))


def fetch_embedded(home: Path, name: str, words: Words) -> Path:
    """Pull a catalogue model into ``home``; at once when it is there."""
    if model_file(home, name).is_file():
        return model_file(home, name)
    if name in CATALOG:
        tell(words("models.pulling", name=name, megabytes=CATALOG[name].bytes // 1_000_000))
    with _Bar(name) as bar:
        return pull(name, home=home, progress=bar.report)


class _Bar:
    """A progress bar on standard error; nothing where there is no terminal."""

    def __init__(self, name: str) -> None:
        console = progress()
        columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(),
                   TransferSpeedColumn(), TimeRemainingColumn())  # fmt: skip
        self._bar = Progress(*columns, console=console, disable=not console.is_terminal)
        self._task = self._bar.add_task(name, total=None)
        self.report: Report = self._report

    def _report(self, done: int, total: int) -> None:
        self._bar.update(self._task, completed=done, total=total)

    def __enter__(self) -> _Bar:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()
