"""Everything the demo stands on, made ready in one folder: company, documents, mail server, configuration."""

from __future__ import annotations

import hashlib
import json
import socket
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any, Literal

from clawdbot.config import AppConfig, Config
from clawdbot.demo.company import SEED, TODAY, build_company
from clawdbot.demo.sink import HOST, USERNAME, MailSink

_PACKAGE = "clawdbot.demo"


@dataclass(frozen=True, kw_only=True)
class DemoEnvironment:
    """The demo's parts.  Start :meth:`sink` before a run that mails."""

    home: Path
    language: Literal["zh", "en"]
    config: Config
    config_path: Path
    database: Path
    documents: Path
    mail_folder: Path
    goal: str
    """The default goal in ``language``."""
    more_goals: tuple[str, ...]
    question: str
    """One that the documents answer."""

    def sink(self) -> MailSink:
        """The mail server on the configured port, not started; use it with ``with``."""
        return MailSink(self.mail_folder, port=self.config.mail.port)


def prepare(home: Path, *, language: Literal["zh", "en"], app_home: Path | None = None) -> DemoEnvironment:
    """Build what is missing or made by another version, keep the rest, and write ``home/clawdbot.toml``.

    ``app_home`` is where runs and models live (the default of ``[app] home`` unless given).
    """
    home.mkdir(parents=True, exist_ok=True)
    database = home / "company.sqlite"
    _ready_database(database)
    documents = home / "documents"
    _ready_documents(documents)
    config_path = home / "clawdbot.toml"
    sink = MailSink(home / "mail", port=_free_port(config_path))
    _write_config(config_path, sink=sink, database=database, documents=documents, app_home=app_home or AppConfig().home)
    goals = tomllib.loads((files(_PACKAGE) / "data" / "goals.toml").read_text("utf-8"))[language]
    return DemoEnvironment(
        home=home,
        language=language,
        config=Config.model_validate(tomllib.loads(config_path.read_text("utf-8"))),
        config_path=config_path,
        database=database,
        documents=documents,
        mail_folder=sink.folder,
        goal=goals["default"],
        more_goals=tuple(goals["more"]),
        question=goals["ask"],
    )


def _ready_database(path: Path) -> None:
    """Build the company unless the same rules have built this very file."""
    stamp = path.with_name("company.stamp.json")
    rules = _rules()
    if path.exists() and stamp.exists():
        made = json.loads(stamp.read_text("utf-8"))
        if made == {"rules": rules, **_traits(path)}:
            return
    build_company(path, seed=SEED)
    stamp.write_text(json.dumps({"rules": rules, **_traits(path)}), "utf-8")


def _traits(path: Path) -> dict[str, int]:
    facts = path.stat()
    return {"bytes": facts.st_size, "changed_ns": facts.st_mtime_ns}


def _rules() -> str:
    package = files(_PACKAGE)
    parts = ("company.py", "trade.py", "data/names.toml", "data/company.sql")
    return hashlib.sha256(b"\0".join(package.joinpath(p).read_bytes() for p in parts)).hexdigest()


def _ready_documents(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    for source in (files(_PACKAGE) / "documents").iterdir():
        target = folder / source.name
        if source.name.endswith(".md") and not (target.exists() and target.read_bytes() == source.read_bytes()):
            target.write_bytes(source.read_bytes())


def _free_port(config_path: Path) -> int:
    """The port of the last time when nobody listens there, else a free one."""
    last = 0
    if config_path.exists():
        # A person may have edited the file; it is written anew in any case.
        try:
            last = int(tomllib.loads(config_path.read_text("utf-8"))["mail"]["port"])
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, TypeError, ValueError):
            last = 0
    for port in (last, 0):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except (OSError, OverflowError):
                continue
            return int(probe.getsockname()[1])
    raise OSError("no free port on this machine")


def _write_config(path: Path, *, sink: MailSink, database: Path, documents: Path, app_home: Path) -> None:
    template = Template((files(_PACKAGE) / "data" / "clawdbot.toml.in").read_text("utf-8"))
    values: dict[str, Any] = {
        "home": str(app_home),
        "today": TODAY.isoformat(),
        "url": f"sqlite:///{database.resolve()}",
        "documents": str(documents.resolve()),
        "knowledge": str(path.with_name("knowledge").resolve()),
        "username": USERNAME,
        "password_file": str(sink.password_file.resolve()),
        "ca_file": str(sink.ca_file.resolve()),
    }
    text = template.substitute(
        # JSON's strings are TOML's basic strings.
        {name: json.dumps(value, ensure_ascii=False) for name, value in values.items()},
        port=sink.port,
        config=path,
        mail_folder=sink.folder,
    )
    if not path.exists() or path.read_text("utf-8") != text:
        partial = path.with_name(path.name + ".partial")
        partial.write_text(text, "utf-8")
        partial.replace(path)
