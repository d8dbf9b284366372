"""``clawdbot knowledge``: documents that answers stand on; adding, searching, checking and removing them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clawdbot.cli import exit_codes
from clawdbot.cli.knowledge_eval import evaluate
from clawdbot.cli.session import ConfigOption, JsonOption, UserOption, help_text, session_of
from clawdbot.cli.streams import clean, emit, say, tell

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True)
app.command("eval", help=help_text("knowledge.help_eval"))(evaluate)

Sources = Annotated[
    list[str] | None, typer.Argument(metavar="SOURCE", help=help_text("knowledge.sources"), show_default=False)
]


@app.command(help=help_text("knowledge.help_add"))
def add(
    context: typer.Context,
    paths: Annotated[list[str], typer.Argument(metavar="PATH", help=help_text("knowledge.paths"))],
    source: Annotated[str | None, typer.Option("--source", metavar="NAME", help=help_text("knowledge.source"))] = None,
    owner: Annotated[str | None, typer.Option("--owner", metavar="NAME", help=help_text("knowledge.owner"))] = None,
    label: Annotated[str | None, typer.Option("--label", metavar="LABEL", help=help_text("knowledge.label"))] = None,
    access: Annotated[
        list[str] | None, typer.Option("--access", metavar="WHO", help=help_text("knowledge.access"))
    ] = None,
    ingest: Annotated[bool, typer.Option("--ingest/--no-ingest", help=help_text("knowledge.ingest"))] = True,
    watch: Annotated[bool, typer.Option("--watch", help=help_text("knowledge.watch_too"))] = False,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> int:
    from clawdbot.cli import knowledge_work as work

    session = session_of(context)
    session.load(config, json=json)
    found = work.existing(paths, session)
    with work.opened(session) as knowledge:
        name = work.put(knowledge, session, found, name=source, owner=owner, label=label, access=access)
        code = work.take_in(knowledge, session, (name,)) if ingest else exit_codes.VERIFIED
        return work.watch(knowledge, session) if watch else code


@app.command(help=help_text("knowledge.help_search"))
def search(
    context: typer.Context,
    question: Annotated[str, typer.Argument(metavar="QUESTION", help=help_text("knowledge.question"))],
    top: Annotated[int, typer.Option("--top", min=1, max=100, metavar="N", help=help_text("knowledge.top"))] = 8,
    source: Annotated[
        list[str] | None, typer.Option("--source", metavar="NAME", help=help_text("knowledge.only_source"))
    ] = None,
    since: Annotated[str | None, typer.Option("--since", metavar="DAY", help=help_text("knowledge.since"))] = None,
    user: UserOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> int:
    from clawdbot.cli import knowledge_work as work
    from clawdbot.cli.knowledge_view import print_retrieval
    from clawdbot.cli.terminal import output
    from clawdbot.knowledge.passage import Query

    session = session_of(context)
    settings = session.load(config, json=json)
    day = work.since_day(since, session)
    with work.opened(session) as knowledge:
        names = work.known_sources(source or (), knowledge, session)
        query = Query(text=question, top=top, sources=names, since=day)
        found = knowledge.search(query, work.identity(settings, user))
    for note in found.notes:
        tell(clean(note))
    if json:
        emit([passage.as_json() for passage in found.passages])
    else:
        print_retrieval(output(), found, question, session.words)
    return exit_codes.VERIFIED


@app.command(help=help_text("knowledge.help_status"))
def status(context: typer.Context, config: ConfigOption = None, json: JsonOption = False) -> int:
    from dataclasses import asdict

    from clawdbot.cli import knowledge_work as work
    from clawdbot.cli.knowledge_view import print_status
    from clawdbot.cli.terminal import output

    session = session_of(context)
    session.load(config, json=json)
    with work.opened(session) as knowledge:
        found = knowledge.status()
    if json:
        emit(asdict(found))
    else:
        print_status(output(), found, session.words)
    return exit_codes.VERIFIED


@app.command(help=help_text("knowledge.help_ingest"))
def ingest(
    context: typer.Context, sources: Sources = None, config: ConfigOption = None, json: JsonOption = False
) -> int:
    from clawdbot.cli import knowledge_work as work

    session = session_of(context)
    session.load(config, json=json)
    with work.opened(session) as knowledge:
        return work.take_in(knowledge, session, work.known_sources(sources or (), knowledge, session))


@app.command(help=help_text("knowledge.help_watch"))
def watch(context: typer.Context, config: ConfigOption = None) -> int:
    from clawdbot.cli import knowledge_work as work

    session = session_of(context)
    session.load(config)
    with work.opened(session) as knowledge:
        return work.watch(knowledge, session)


@app.command(help=help_text("knowledge.help_remove"))
def remove(
    context: typer.Context,
    what: Annotated[str, typer.Argument(metavar="NAME", help=help_text("knowledge.what"))],
    config: ConfigOption = None,
    json: JsonOption = False,
) -> int:
    from clawdbot.cli import knowledge_work as work

    session = session_of(context)
    session.load(config, json=json)
    with work.opened(session) as knowledge:
        gone = work.remove(knowledge, session, what)
    if json:
        emit({"removed": what, "documents": gone})
    else:
        say(session.words("knowledge.removed", name=clean(what), n=gone))
    return exit_codes.VERIFIED


@app.command(help=help_text("knowledge.help_show"))
def show(
    context: typer.Context,
    document: Annotated[str, typer.Argument(metavar="DOCUMENT", help=help_text("knowledge.document"))],
    user: UserOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> int:
    from dataclasses import asdict

    from clawdbot.cli import knowledge_work as work
    from clawdbot.cli.knowledge_view import print_document
    from clawdbot.cli.terminal import output

    session = session_of(context)
    settings = session.load(config, json=json)
    with work.opened(session) as knowledge:
        found, version = work.document(knowledge, session, document, work.identity(settings, user))
    if json:
        emit({**asdict(found), "text": None if version is None else version.text})
    else:
        print_document(output(), found, version, session.words)
    return exit_codes.VERIFIED


@app.command(help=help_text("knowledge.help_rebuild"))
def rebuild(context: typer.Context, config: ConfigOption = None) -> int:
    from clawdbot.cli import knowledge_work as work

    session = session_of(context)
    session.load(config)
    with work.opened(session) as knowledge:
        work.with_progress(session, knowledge.rebuild)
    say(session.words("knowledge.rebuilt"))
    return exit_codes.VERIFIED


@app.command(help=help_text("knowledge.help_verify"))
def verify(context: typer.Context, config: ConfigOption = None, json: JsonOption = False) -> int:
    from clawdbot.cli import knowledge_work as work

    session = session_of(context)
    session.load(config, json=json)
    with work.opened(session) as knowledge:
        differences = knowledge.verify()
    if json:
        emit({"ok": not differences, "differences": list(differences)})
    else:
        for difference in differences:
            say(clean(f"✗ {difference}"))
        say(session.words("knowledge.differs" if differences else "knowledge.verified"))
    return exit_codes.PARTIAL_OR_FAILED if differences else exit_codes.VERIFIED


@app.command(help=help_text("knowledge.help_export"))
def export(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help=help_text("knowledge.file"))],
    config: ConfigOption = None,
) -> int:
    from clawdbot.cli import knowledge_work as work
    from clawdbot.errors import UsageError

    session = session_of(context)
    session.load(config)
    with work.opened(session) as knowledge:
        try:
            knowledge.export(file.expanduser())
        except OSError as error:
            said = session.words("knowledge.not_written", path=file, why=error.strerror)
            raise UsageError(said, hint=session.words("knowledge.elsewhere")) from error
    say(session.words("knowledge.exported", path=file))
    return exit_codes.VERIFIED
