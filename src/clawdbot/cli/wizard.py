"""The questions of ``clawdbot init``, each with an answer that Enter takes."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from clawdbot.cli.setup_file import Answers
from clawdbot.cli.streams import say, tell, write
from clawdbot.cli.wording import Language, Words
from clawdbot.config import Config
from clawdbot.demo.environment import prepare
from clawdbot.errors import ClawdbotError
from clawdbot.models.selection import local_ollama_model
from clawdbot.tools.database.databases import Databases

_SECURITIES = ("starttls", "tls", "none")
_PORTS = {"starttls": 587, "tls": 465, "none": 25}


def ask_everything(home: Path, language: Language) -> Answers:
    """Language, model, data and mail, from the terminal; EOFError when it is closed."""
    words = Words(language)
    chosen = _choice(words("init.language"), ("auto", "zh", "en"), "auto")
    words = Words("zh" if chosen == "zh" else "en" if chosen == "en" else language)
    model = _model(words)
    url = _database(words)
    answers = sample(home, words) if not url else Answers()
    return Answers(
        language=chosen, model=model, database_url=url, sample=answers.sample, sample_today=answers.sample_today,
        mail=_mail(words),
    )  # fmt: skip


def sample(home: Path, words: Words) -> Answers:
    """The sample company of the demo as the data to begin with; asks nothing."""
    tell(words("init.sample", path=home / "demo"))
    made = prepare(home / "demo", language=words.language, app_home=home)
    text = made.config_path.read_text("utf-8")
    return Answers(sample=text[text.index("[databases.") : text.index("[mail]")], sample_today=made.config.app.today)


def _model(words: Words) -> dict[str, str]:
    tag = local_ollama_model()
    kinds = ("ollama", "embedded", "openai") if tag else ("embedded", "ollama", "openai")
    kind = _choice(words("init.model"), kinds, kinds[0])
    if kind == "embedded":
        return {"provider": "llamacpp", "model": "qwen2.5-coder-1.5b"}
    if kind == "ollama":
        return {"provider": "ollama", "model": _text(words("init.ollama_tag"), tag or "qwen2.5:3b")}
    return {
        "provider": "openai",
        "base_url": _text(words("init.base_url"), "http://127.0.0.1:8000/v1"),
        "model": _text(words("init.model_name"), ""),
        "api_key_env": _text(words("init.key_env"), ""),
    }


def _database(words: Words) -> str:
    """A URL that opens; empty for the sample company."""
    while url := _text(words("init.database"), ""):
        try:
            databases = Databases(Config.model_validate({"databases": {"main": {"url": url}}}))
            tables = len(databases.catalog("main").tables)
            databases.close()
        except ClawdbotError as error:
            say(f"  {error}")
            continue
        say(f"  {words('doctor.database', tables=tables)}")
        break
    return url


def _mail(words: Words) -> dict[str, str | int]:
    host = _text(words("init.mail_host"), "")
    if not host:
        return {}
    security = _choice(words("init.mail_security"), _SECURITIES, "starttls")
    port = _text(words("init.mail_port"), str(_PORTS[security]))
    return {
        "host": host,
        "port": int(port) if port.isdigit() else _PORTS[security],
        "security": security,
        "username": _text(words("init.mail_user"), ""),
        "password_env": _text(words("init.mail_password"), ""),
        "from": _text(words("init.mail_from"), ""),
    }


def _choice(question: str, options: Sequence[str], default: str) -> str:
    while True:
        given = _text(f"{question} ({' / '.join(options)})", default).lower()
        matching = [option for option in options if option.startswith(given)]
        if matching:
            return matching[0]


def _text(question: str, default: str) -> str:
    write(sys.stdout, f"{question}{f' [{default}]' if default else ''}: ")
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line.strip() or default
