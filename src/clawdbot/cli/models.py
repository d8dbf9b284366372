"""``clawdbot models``: which there are, getting one, measuring one."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from clawdbot.cli.session import ConfigOption, JsonOption, Session, help_text, session_of
from clawdbot.cli.streams import clean, emit, say, tell

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True)

Name = Annotated[str | None, typer.Argument(metavar="NAME", help=help_text("models.name"), show_default=False)]


@app.command("list", help=help_text("models.help_list"))
def list_models(context: typer.Context, config: ConfigOption = None, json: JsonOption = False) -> int:
    session = session_of(context)
    rows = _rows(session, config, json=json)
    if json:
        emit({"models": rows})
        return 0
    words = session.words
    for row in rows:
        mark = "●" if row["available"] else "○"
        say(f"{mark} {row['name']}  ({row['provider']}: {row['model']})")
        say(f"  {words('models.available') if row['available'] else clean(row['reason'])}")
        if row["fitness"]:
            say(f"  {row['fitness']}")
    return 0


@app.command(help=help_text("models.help_pull"))
def pull(context: typer.Context, name: Name = None, config: ConfigOption = None) -> int:
    from clawdbot.cli.download import fetch

    session = session_of(context)
    place = fetch(session.load(config), name, session.words)
    say(session.words("models.ready", place=place))
    return 0


@app.command(help=help_text("models.help_check"))
def check(context: typer.Context, name: Name = None, config: ConfigOption = None, json: JsonOption = False) -> int:
    from clawdbot.models import fitness
    from clawdbot.models.fitness_card import explain
    from clawdbot.models.selection import select

    session = session_of(context)
    settings = session.load(config, json=json)
    rung = select(settings, name=name)

    def seen(task: str, number: int, total: int) -> None:
        tell(f"{number}/{total} {task}")

    card = fitness.check(rung, home=settings.app.home, seen=seen)
    if json:
        emit(card.model_dump(mode="json"))
    else:
        for line in explain(card, session.language):
            say(line)
    return 0


def _rows(session: Session, config: Any, *, json: bool) -> list[dict[str, Any]]:
    """Configured models, then the catalogue, then what a local Ollama has."""
    from clawdbot.errors import ModelError
    from clawdbot.models.catalog import CATALOG
    from clawdbot.models.fitness_card import explain, load_card
    from clawdbot.models.ollama_server import OllamaServer
    from clawdbot.models.selection import lacks, named

    settings = session.load(config, json=json)
    names = [*settings.models, *(name for name in CATALOG if name not in settings.models)]
    server = OllamaServer()
    try:
        names += [f"ollama:{entry['name']}" for entry in server.models()] if server.answers() else []
    except ModelError as error:
        tell(str(error))
    rows = []
    for name in names:
        model = named(settings, name)
        reason = lacks(settings, name)
        card = load_card(settings.app.home, name)
        shown = str(model.path) if model.path is not None else model.model or name
        rows.append({
            "name": name, "provider": model.provider, "model": shown, "available": reason is None,
            "reason": "" if reason is None else str(reason),
            "fitness": "" if card is None else " ".join(explain(card, session.language)[:2]),
        })  # fmt: skip
    return rows
