"""``clawdbot runs``: the ledger's runs, newest first, and with ``--costs`` what they cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from clawdbot.cli.session import ConfigOption, JsonOption, help_text, session_of
from clawdbot.cli.streams import clean, emit, say
from clawdbot.cli.wording import Words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clawdbot.config import Config
    from clawdbot.store.ledger import RunRecord

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def runs(
    context: typer.Context,
    config: ConfigOption = None,
    json: JsonOption = False,
    limit: Annotated[int, typer.Option("--limit", min=1, metavar="N", help=help_text("runs.limit"))] = 20,
    everything: Annotated[bool, typer.Option("--all", help=help_text("queued.all"))] = False,
    costs: Annotated[bool, typer.Option("--costs", help=help_text("costs.help"))] = False,
) -> int:
    from clawdbot.store.ledger import RunLedger

    session = session_of(context)
    loaded = session.load(config, json=json)
    if costs:
        return _show_costs(loaded, session.words, limit=limit, json=json)
    ledger = RunLedger.open(loaded)
    try:
        found = ledger.list_runs(limit=limit, children=everything)
    finally:
        ledger.close()
    if json:
        names = (
            "id", "created_at", "updated_at", "user", "goal", "language", "status", "verdict", "error", "kind",
            "parent",
        )  # fmt: skip
        emit({"runs": [{name: getattr(record, name) for name in names} for record in found]})
    elif found:
        _print(found, session.words)
    else:
        say(session.words("runs.none"))
    return 0


def _show_costs(config: Config, words: Words, *, limit: int, json: bool) -> int:
    from clawdbot.cli.costs import cost_report

    report = cost_report(config, limit=limit)
    if json:
        emit(report.as_json())
    elif report.runs:
        from clawdbot.cli.costs_view import print_costs
        from clawdbot.cli.terminal import output

        print_costs(output(), report, words)
    else:
        say(words("costs.none"))
    return 0


def _print(found: Sequence[RunRecord], words: Words) -> None:
    from rich.table import Table
    from rich.text import Text

    from clawdbot.cli.moments import local_time
    from clawdbot.cli.terminal import output

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(words("runs.run"), overflow="fold", min_width=12)
    table.add_column(words("runs.when"), overflow="fold")
    table.add_column(words("runs.verdict"), overflow="fold")
    table.add_column(words("runs.goal"), overflow="fold", ratio=1)
    for record in found:
        state = words(f"verdict.{record.verdict}") if record.verdict else words(f"status.{record.status}")
        goal = clean(" ".join(record.goal.split()))
        table.add_row(
            record.id, local_time(record.created_at), state, Text(goal if len(goal) <= 120 else f"{goal[:119]}…")
        )
    output().print(table)
