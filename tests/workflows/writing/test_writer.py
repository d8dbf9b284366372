"""Texts about results: by a model whose every statement is checked, else in plain sentences; it always ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from clawdbot.config import Config
from clawdbot.errors import ModelUnavailable, UsageError
from clawdbot.models.fake import Scripted, ScriptedChatModel
from clawdbot.models.interface import Rung
from clawdbot.models.ladder import Ladder
from clawdbot.models.service import ModelService
from clawdbot.store.ledger import RunLedger
from clawdbot.tools.workspace import TableInfo, Workspace
from clawdbot.workflows.writing.checking import MASK
from clawdbot.workflows.writing.wanted import Write
from clawdbot.workflows.writing.writer import Commission, Writer, Written

SALES = pd.DataFrame({"region": ["North", "South", "West"], "sales": [5500.25, 3210.5, 1899.75]})
PERIOD = {"start": "2026-07-01", "end": "2026-10-01", "label": "2026-Q3"}
GOOD = "North leads with 5,500.25, South follows with 3,210.50."
Ask = Callable[..., tuple[Written, ScriptedChatModel]]


@pytest.fixture
def ask(tmp_path: Path) -> Iterator[Ask]:
    """``ask(script, frames=..., **write)``: what a writer gave, and the model that it asked."""
    ledgers: list[RunLedger] = []

    def written(script: Sequence[Scripted], *, frames: Sequence[pd.DataFrame] = (SALES,), **write: Any) -> Any:
        config = Config.model_validate({"app": {"home": str(tmp_path / "home")}})
        ledger = RunLedger.open(config)
        ledgers.append(ledger)
        model = ScriptedChatModel(script=list(script))
        rung = Rung(name="scripted", provider="fake", model="scripted", chat=model, context=16_384)
        service = ModelService(Ladder.of(rung), config, ledger.database)
        workspace = Workspace(tmp_path / f"run{len(ledgers)}")
        results: list[tuple[TableInfo, pd.DataFrame]] = []
        for number, frame in enumerate(frames):
            info = workspace.save_table(frame, name=f"sales{number}", title=f"sales {number}")
            results.append((info, workspace.load_table(info.name)))
        commission = Commission(
            run_id=ledger.create_run(goal="g", language="en"), step=1, user="ann", language="en", label="internal",
            today=date(2026, 11, 2), deadline_s=30.0,
        )  # fmt: skip
        body = {"about": "sales by region", "period": PERIOD, "texts": {"summary": {}}, **write}
        return Writer(service).write(Write.model_validate(body), results, commission), model

    yield written
    for ledger in ledgers:
        ledger.close()


def test_a_text_that_holds_is_taken(ask: Ask) -> None:
    given, model = ask([{"summary": GOOD}])
    assert (given.texts["summary"], given.by["summary"], given.model) == (GOOD, "model", "scripted")
    assert given.attempts == 1 and given.prompt_tokens > 0
    prompt = model.calls[0].messages[-1]["content"]
    assert "2026-Q3" in prompt and "5,500.25" in prompt


@pytest.mark.parametrize(
    "wrong",
    [
        "North leads with 9,999.99.",  # a number of no result
        "South leads with 5,500.25.",  # another row's
        "In 2025-Q4 North led with 5,500.25.",  # the time of the run that was frozen
        "Last month North led with 5,500.25.",
        f"North leads with {MASK}.",  # a hole of the example
        "The report was mailed to everybody.",  # a deed that nobody does
        "北区以 5,500.25 领先，南区与西区随后，整体表现稳定。",  # another language
        "   ",
    ],
)
def test_what_no_result_supports_is_mended_once_then_code_writes(ask: Ask, wrong: str) -> None:
    mended, _ = ask([{"summary": wrong}, {"summary": GOOD}])
    assert (mended.texts["summary"], mended.by["summary"]) == (GOOD, "model")
    given, model = ask([{"summary": wrong}] * 2)
    assert given.by["summary"] == "plain" and given.texts["summary"].startswith("sales by region, 2026-Q3:")
    assert "North 5,500.25" in given.texts["summary"] and "summary" in given.notes[0]
    assert len(model.calls) == 2


def test_good_texts_are_kept_when_others_are_wrong(ask: Ask) -> None:
    answer = {"summary": GOOD, "mail": "Invented 123,456.78."}
    given, _ = ask([answer] * 2, texts={"summary": {}, "mail": {}})
    assert given.by == {"summary": "model", "mail": "plain"}
    assert given.texts["summary"] == GOOD and "123" not in given.texts["mail"]


def test_deeds_may_be_told_that_will_be_done(ask: Ask) -> None:
    said = "North leads with 5,500.25. The report is attached."
    assert ask([{"summary": said}], deeds=["report", "mail"])[0].by["summary"] == "model"


def test_without_a_model_plain_sentences_stand(ask: Ask) -> None:
    titles = {"kind": "title", "plain": "Sales 2026-Q3"}
    given, model = ask([], model=False, texts={"title": titles, "summary": {}, "short": {"max_chars": 40}})
    assert given.texts["title"] == "Sales 2026-Q3"
    assert "total sales 10,610.50" in given.texts["summary"]
    assert len(given.texts["short"]) <= 40
    assert not model.calls and given.notes == ()
    given, model = ask([], texts={"title": {**titles, "model": False}})
    assert given.texts == {"title": "Sales 2026-Q3"} and not model.calls


def test_chinese_reads_as_chinese(ask: Ask) -> None:
    texts = {"summary": {}, "title": {"kind": "title"}}
    given, _ = ask([], model=False, language="zh", about="各地区销售额", texts=texts)
    assert given.texts["summary"].startswith("2026-Q3 各地区销售额：") and "合计10,610.50" in given.texts["summary"]
    assert given.texts["title"] == "2026-Q3 各地区销售额"
    said = "North 以 5,500.25 居首，South 为 3,210.50。"
    given, model = ask([{"summary": said}], language="zh", about="各地区销售额")
    assert given.by["summary"] == "model" and "Chinese" in model.calls[0].messages[0]["content"]


def test_no_rows_are_told_and_no_model_is_asked(ask: Ask) -> None:
    nothing = pd.DataFrame({"total": [None]})
    for frame in (SALES.head(0), nothing):
        given, model = ask([], frames=[frame])
        assert "No rows match." in given.texts["summary"] and not model.calls
    given, _ = ask([{"summary": GOOD}], frames=[SALES, SALES.head(0)])
    assert given.by["summary"] == "model"
    given, _ = ask([], frames=[SALES, SALES.head(0)], model=False)
    assert "sales 0: total" in given.texts["summary"] and "sales 1: No rows match." in given.texts["summary"]


def test_it_ends_when_no_model_can_be_had(ask: Ask) -> None:
    given, _ = ask([ModelUnavailable("away", hint="later")] * 8)
    assert given.by["summary"] == "plain" and "code wrote summary" in given.notes[0]


def test_a_template_that_was_not_rendered_is_told(ask: Ask) -> None:
    for broken in ({"model": "{{ x }}"}, {"period": "{{ x }}"}, {"texts": {"t": {"model": "maybe"}}}):
        with pytest.raises(UsageError, match="model = true or false"):
            ask([], **broken)


def test_facts_may_be_quoted(ask: Ask) -> None:
    said: Mapping[str, str] = {"summary": "North leads with 5,500.25; the target was 6,000."}
    assert ask([said], facts=["The target is 6,000."])[0].by["summary"] == "model"
    assert "The target is 6,000." in ask([], facts="The target is 6,000.", model=False)[0].texts["summary"]
