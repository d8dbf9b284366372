"""What ``clawdbot doctor`` looks at on this machine: each check is a row with a status and what to do."""

from __future__ import annotations

import os
import platform
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from clawdbot.cli.wording import Words
from clawdbot.config import Config
from clawdbot.errors import ClawdbotError, ModelError
from clawdbot.models.fitness_card import explain, load_card
from clawdbot.models.ollama_server import OllamaServer
from clawdbot.models.selection import select
from clawdbot.store.ledger import RunLedger
from clawdbot.tools.fonts import cjk_font
from clawdbot.tools.registry import Registry
from clawdbot.tools.report.engine import find_engine

Status = Literal["ok", "warn", "fail"]

_OLDEST = (3, 11)
_LITTLE_DISK = 2_000_000_000


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One row: ``advice`` says what to do, empty when nothing."""

    name: str
    status: Status
    message: str
    advice: str = ""


Check = Callable[[Config, Words], Iterator[Finding]]


def failed(name: str, error: ClawdbotError, status: Status = "fail") -> Finding:
    """The row of a check that raised."""
    return Finding(name=name, status=status, message=error.message, advice=error.hint)


def python(config: Config, words: Words) -> Iterator[Finding]:
    """The interpreter's version."""
    version = platform.python_version()
    if sys.version_info >= _OLDEST:
        yield Finding(name="python", status="ok", message=version)
    else:
        yield Finding(name="python", status="fail", message=version, advice=words("doctor.python"))


def home(config: Config, words: Words) -> Iterator[Finding]:
    """The folder of runs and models is there, can be written, and has room."""
    place = config.app.home
    if not place.is_dir():
        yield Finding(name="home", status="warn", message=words("doctor.no_home", path=place),
                      advice="clawdbot doctor --fix")  # fmt: skip
        return
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        said = words("doctor.not_writable", path=place, why=error.strerror)
        yield Finding(name="home", status="fail", message=said, advice=words("doctor.choose_home"))
        return
    yield Finding(name="home", status="ok", message=str(place))
    free = shutil.disk_usage(place).free
    enough = free >= _LITTLE_DISK
    yield Finding(
        name="disk", status="ok" if enough else "warn", message=words("doctor.free", gigabytes=free / 1e9),
        advice="" if enough else words("doctor.disk"),
    )  # fmt: skip


def ledger(config: Config, words: Words) -> Iterator[Finding]:
    """The run ledger opens."""
    if not config.store.url and not config.app.home.is_dir():
        return  # the row of the home says it
    try:
        RunLedger.open(config).close()
    except ClawdbotError as error:
        yield failed("ledger", error)
    else:
        yield Finding(name="ledger", status="ok", message=words("doctor.opens"))


def model(config: Config, words: Words) -> Iterator[Finding]:
    """A run would find a model, and how fit it is."""
    try:
        rung = select(config)
    except ClawdbotError as error:
        yield failed("model", error)
        return
    place = words("doctor.cloud" if rung.cloud else "doctor.local")
    yield Finding(name="model", status="ok", message=f"{rung.name} ({rung.provider}, {place})")
    card = load_card(config.app.home, rung.name)
    if card is None:
        yield Finding(name="fitness", status="warn", message=words("doctor.unchecked"), advice="clawdbot models check")
    else:
        yield Finding(name="fitness", status="ok", message=" ".join(explain(card, words.language)))


def ollama(config: Config, words: Words) -> Iterator[Finding]:
    """The Ollama servers that are configured, else the usual one, which nobody needs to have."""
    urls = {entry.base_url for entry in config.models.values() if entry.provider == "ollama"}
    for url in sorted(urls) or [""]:
        server = OllamaServer(url)
        if server.answers(within_s=2.0):
            try:
                names = [str(entry["name"]) for entry in server.models()]
            except ModelError as error:
                yield failed("ollama", error, "warn")
                continue
            said = words("doctor.ollama", url=server.base_url, models=words.separator.join(names) or "-")
            yield Finding(name="ollama", status="ok", message=said)
        elif urls:
            said = words("doctor.no_ollama", url=server.base_url)
            yield Finding(name="ollama", status="fail", message=said, advice="ollama serve")
        else:
            yield Finding(name="ollama", status="ok", message=words("doctor.ollama_unneeded"))


def tools(config: Config, words: Words) -> Iterator[Finding]:
    """Every enabled tool loads."""
    registry = Registry.load(config)
    names = words.separator.join(tool.name for tool in registry.tools())
    yield Finding(name="tools", status="ok" if names else "warn", message=names or "-")
    for problem in registry.problems:
        yield Finding(name="tools", status="warn", message=f"{problem.name}: {problem.reason}", advice=problem.origin)


def tex(config: Config, words: Words) -> Iterator[Finding]:
    """A TeX that typesets reports."""
    try:
        engine = find_engine(config.report.engine)
    except ClawdbotError as error:
        yield failed("tex", error)
    else:
        yield Finding(name="tex", status="ok", message=f"{engine.name} ({engine.binary})")


def font(config: Config, words: Words) -> Iterator[Finding]:
    """A font that draws Chinese."""
    try:
        yield Finding(name="font", status="ok", message=str(cjk_font()))
    except ClawdbotError as error:
        yield failed("font", error)


def ports(config: Config, words: Words) -> Iterator[Finding]:
    """Programs of this person may listen on this machine, as the demo's mail server does."""
    try:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
    except OSError as error:
        yield Finding(name="ports", status="warn", message=words("doctor.no_port", why=error.strerror),
                      advice=words("doctor.ports"))  # fmt: skip
    else:
        yield Finding(name="ports", status="ok", message=words("doctor.port"))


def make_home(place: Path) -> bool:
    """Make the home folder; False when it was there or cannot be made."""
    if place.is_dir():
        return False
    try:
        place.mkdir(parents=True, mode=0o700)
    except OSError:
        return False
    return os.access(place, os.W_OK)
