"""``clawdbot init``: a first ``clawdbot.toml``, ending in an answer of the model that it names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clawdbot.cli.session import ConfigOption, Session, help_text, os_user, session_of
from clawdbot.cli.streams import clean, say, someone_is_there
from clawdbot.errors import UsageError

if TYPE_CHECKING:
    from clawdbot.config import Config

app = typer.Typer(rich_markup_mode=None, add_completion=False)

_ANSWER_S = 300.0


@app.command()
def init(
    context: typer.Context,
    defaults: Annotated[bool, typer.Option("--defaults", help=help_text("init.defaults"))] = False,
    config: ConfigOption = None,
) -> int:
    from clawdbot.cli import wizard
    from clawdbot.cli.setup_file import render, write_new
    from clawdbot.config import AppConfig
    from clawdbot.config_file import NAME, load

    session = session_of(context)
    path = (config or Path(NAME)).expanduser()
    if path.exists():
        raise UsageError(session.words("init.exists", path=path), hint=session.words("init.exists_hint"))
    if not defaults and not someone_is_there():
        raise UsageError(session.words("init.no_terminal"), hint="clawdbot init --defaults")
    # The file does not say where the home is, so the environment or the default does.
    home = _home() or AppConfig().home
    words = session.words
    answers = wizard.sample(home, words) if defaults else wizard.ask_everything(home, session.language)
    write_new(path, render(answers))
    say(words("init.written", path=path.absolute()))
    session.config_path = path if config is not None else None
    session.config = load(path)
    _prove(session, session.config, named="main" if answers.model else None)
    say(words("init.next"))
    say(f"  {session.command('doctor')}")
    say("  " + session.command(f'run "{words("init.example")}"'))
    return 0


def _home() -> Path | None:
    import os

    given = os.environ.get("CLAWDBOT_APP__HOME")
    return Path(given).expanduser() if given else None


def _prove(session: Session, config: Config, *, named: str | None) -> None:
    """Ask for one answer under a schema and print it; the embedded model is fetched when it is missing."""
    import json
    import secrets

    from langchain_core.messages import HumanMessage

    from clawdbot.cli.download import fetch_embedded
    from clawdbot.models.catalog import DEFAULT_MODEL
    from clawdbot.models.selection import open_ladder
    from clawdbot.models.service import ModelService
    from clawdbot.models.step_request import StepRequest

    words = session.words
    try:
        ladder = open_ladder(config)
    except UsageError:
        if named is not None and config.models[named].provider != "llamacpp":
            raise
        fetch_embedded(config.app.home, DEFAULT_MODEL, words)
        ladder = open_ladder(config)
    schema = {
        "type": "object",
        "properties": {"capital": {"type": "string", "minLength": 1, "maxLength": 40}},
        "required": ["capital"],
        "additionalProperties": False,
    }
    question = words("init.question")
    step = StepRequest(
        run_id=f"init-{secrets.token_hex(6)}",
        step=1,
        user=os_user(),
        kind="final",
        intent="question",
        label="public",
        deadline_s=config.models[named].timeout_s if named else _ANSWER_S,
    )
    with ModelService.opened(config, ladder) as models:
        say(words("init.asking", model=", ".join(models.describe())))
        answer = models.complete(step, [HumanMessage(question)], schema, max_tokens=40)
    say(f"  {question}")
    say(clean(f"  {json.dumps(answer.value, ensure_ascii=False)}  ({answer.ms / 1000:.1f} s)"))
