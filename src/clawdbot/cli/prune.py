"""``clawdbot prune``: removes runs that ended long ago, as workers do by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from clawdbot.cli.session import ConfigOption, JsonOption, help_text, session_of
from clawdbot.errors import UsageError

if TYPE_CHECKING:
    from clawdbot.cli.wording import Words
    from clawdbot.workflows.retention import Pruned

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def prune(
    context: typer.Context,
    config: ConfigOption = None,
    json: JsonOption = False,
    older_than: Annotated[
        float | None, typer.Option("--older-than", min=0, metavar="DAYS", help=help_text("prune.older"))
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=help_text("prune.dry_run"))] = False,
) -> int:
    from contextlib import closing
    from dataclasses import asdict

    from clawdbot.cli.streams import emit
    from clawdbot.store.ledger import RunLedger
    from clawdbot.workflows.retention import Retention

    session = session_of(context)
    loaded = session.load(config, json=json)
    days = float(loaded.store.keep_days) if older_than is None else older_than
    if older_than is None and not loaded.store.keep_days:
        raise UsageError(session.words("prune.forever"), hint=session.words("prune.forever_hint"))
    with closing(RunLedger.open(loaded)) as ledger:
        retention = Retention(ledger.database, loaded.app.home / "runs", keep_days=loaded.store.keep_days)
        pruned = retention.prune(older_than_days=days, dry_run=dry_run)
    if json:
        emit({"dry_run": dry_run, **asdict(pruned)})
    else:
        _print(pruned, session.words, dry_run=dry_run)
    return 0


def _print(pruned: Pruned, words: Words, *, dry_run: bool) -> None:
    from clawdbot.cli.streams import say

    megabytes = f"{pruned.bytes / 1e6:.1f}"
    if pruned.runs:
        said = "prune.would" if dry_run else "prune.removed"
        say(words(said, runs=len(pruned.runs), rows=pruned.rows, megabytes=megabytes))
    else:
        say(words("prune.nothing"))
    if pruned.kept:
        say(words("prune.kept", count=len(pruned.kept)))
        for run_id in pruned.kept:
            say(f"  {run_id}")
