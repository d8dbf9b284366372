"""What runs cost, for people: tables where they fit, lines on a narrow terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from clawdbot.cli.costs import CostReport
from clawdbot.cli.streams import clean
from clawdbot.cli.wording import Words
from clawdbot.models.spending.costs import Costs
from clawdbot.models.spending.money import amount

_TABLE_WIDTH = 80
_COUNTED = ("steps", "share", "prompt", "cached", "answer", "spent", "all_cloud")
_SHORT = ("steps", "share", "spent", "all_cloud")
"""What stands of a run beside its goal."""
_NOTHING = "–"


@dataclass(frozen=True, kw_only=True)
class _Line:
    name: str
    note: str
    costs: Costs


def print_costs(console: Console, report: CostReport, words: Words) -> None:
    """Runs newest first, then models, then the sums: the last lines are what a person sees first."""
    runs = [
        _Line(name=run_id, note=" ".join(clean(report.goals.get(run_id, "")).split()), costs=costs)
        for run_id, costs in report.runs.items()
    ]
    models = [
        _Line(name=clean(model), note=words("costs.cloud" if costs.cloud_steps else "costs.local"), costs=costs)
        for model, costs in report.models.items()
    ]
    total = _Line(name=words("costs.total"), note="", costs=report.total)
    show = _table if console.width >= _TABLE_WIDTH else _lines
    show(console, ("costs.run", "costs.goal"), runs, _SHORT, words)
    console.print()
    show(console, ("costs.model", "costs.where"), [*models, total], _COUNTED, words)
    console.print()
    console.print(Text(words("costs.legend"), style="dim"))
    for line in _sums(report, words):
        console.print(Text(line))


def _table(
    console: Console, head: tuple[str, str], lines: Sequence[_Line], columns: Sequence[str], words: Words
) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(words(head[0]), overflow="fold", min_width=12)
    table.add_column(words(head[1]), ratio=1)
    for column in columns:
        table.add_column(words(f"costs.{column}"), justify="right", no_wrap=True)
    for line in lines:
        cells = _cells(line.costs)
        note = Text(line.note, no_wrap=True, overflow="ellipsis")
        table.add_row(Text(line.name), note, *(cells[column] for column in columns))
    console.print(table)


def _lines(
    console: Console, head: tuple[str, str], lines: Sequence[_Line], columns: Sequence[str], words: Words
) -> None:
    for line in lines:
        console.print(Text(f"{line.name}  {line.note}".strip(), style="bold", overflow="fold"))
        cells = _cells(line.costs)
        told = " · ".join(f"{words(f'costs.{column}')} {cells[column]}" for column in columns)
        console.print(Padding(Text(told), (0, 0, 0, 2), expand=False))


def _cells(costs: Costs) -> Mapping[str, str]:
    return {
        "steps": f"{costs.steps:,}",
        "share": _NOTHING if costs.local_share is None else f"{costs.local_share:.0%}",
        "prompt": f"{costs.prompt_tokens:,}",
        "cached": f"{costs.cached_tokens:,}",
        "answer": f"{costs.completion_tokens:,}",
        "spent": amount(costs.spent_usd),
        "all_cloud": amount(costs.all_cloud_usd),
    }


def _sums(report: CostReport, words: Words) -> list[str]:
    saved = report.total.saved_share
    told = {"day": report.day, "spent": amount(report.today.spent), "reserved": amount(report.today.reserved)}
    today = (
        words("costs.today", **told)
        if report.day_limit is None
        else words("costs.today_of", **told, limit=amount(report.day_limit))
    )
    month = words("costs.month", spent=amount(report.month.spent))
    return [*([] if saved is None else [words("costs.saved", share=f"{saved:.0%}")]), today, month]
