"""``Writer``: the texts of a ``write`` step, by a model whose every number is checked, else by plain sentences.

It always ends: a wrong text is mended once by its model, then the next model is asked, then code writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from clawdbot import __version__
from clawdbot.config import Label
from clawdbot.errors import ApprovalNeeded, BudgetExceeded, ModelError, PolicyRefused, UsageError
from clawdbot.models.service import ModelService
from clawdbot.models.step_request import StepAnswer, StepRequest
from clawdbot.text.blanks import without_blanks
from clawdbot.text.language import Language
from clawdbot.workflows.writing.checking import Evidence
from clawdbot.workflows.writing.prompt import max_tokens, messages, schema
from clawdbot.workflows.writing.wanted import About, WantedText, Write
from clawdbot.workflows.writing.wording import Results, is_nothing, plain_text

By = Literal["model", "plain"]

_NO_MODEL = (ModelError, PolicyRefused, BudgetExceeded, ApprovalNeeded)
"""Why no model wrote; code writes then."""


@dataclass(frozen=True, kw_only=True)
class Commission:
    """The step that the texts are for.  ``label`` is the highest of the data that is shown; times in seconds."""

    run_id: str
    step: int
    user: str
    language: Language
    label: Label
    today: date
    deadline_s: float
    budget_usd: Decimal | None = None
    """The most that the run itself may cost; None leaves it to the configuration."""


@dataclass(frozen=True, kw_only=True)
class Written:
    """The texts by name, who wrote each, and what it took; ``notes`` say why code wrote instead of a model."""

    texts: Mapping[str, str]
    by: Mapping[str, By]
    notes: tuple[str, ...] = ()
    model: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: str = "0"
    attempts: int = 0
    ms: int = 0


class Writer:
    """Writes texts about results; safe to share between threads."""

    def __init__(self, models: ModelService) -> None:
        self._models = models

    def write(self, wanted: Write, results: Results, commission: Commission) -> Written:
        """All texts of a rendered ``wanted``.  UsageError when it was not rendered; else only StoreError."""
        language, period = _rendered(wanted, commission)
        asked = {} if is_nothing(results) else {n: t for n, t in wanted.texts.items() if _by_model(t, wanted)}
        evidence = Evidence(
            frames=[frame for _, frame in results],
            quotable=[wanted.about, *wanted.spoken, *(info.title for info, _ in results)],
            period=period,
            deeds=frozenset(wanted.deeds),
            today=commission.today,
            language=language,
        )
        answer, texts, notes = self._asked(asked, wanted, results, evidence, commission, language)
        plain = {n: plain_text(t, wanted, results, language) for n, t in wanted.texts.items() if n not in texts}
        everything = {name: texts.get(name) or plain[name] for name in wanted.texts}
        by: dict[str, By] = {name: "model" if name in texts else "plain" for name in wanted.texts}
        if answer is None:
            return Written(texts=everything, by=by, notes=notes)
        return Written(
            texts=everything, by=by, notes=(*notes, *answer.notes), model=answer.model,
            prompt_tokens=answer.prompt_tokens, completion_tokens=answer.completion_tokens,
            cost_usd=str(answer.cost_usd), attempts=answer.attempts, ms=answer.ms,
        )  # fmt: skip

    def _asked(
        self,
        asked: Mapping[str, WantedText],
        wanted: Write,
        results: Results,
        evidence: Evidence,
        commission: Commission,
        language: Language,
    ) -> tuple[StepAnswer | None, dict[str, str], tuple[str, ...]]:
        """The model's texts that hold, with its answer; the others are left to code, and the notes say why."""
        if not asked:
            return None, {}, ()
        good: dict[str, str] = {}

        def check(value: dict[str, Any]) -> str | None:
            wrong = {}
            for name, given in value.items():
                text = without_blanks(str(given))
                said = evidence.complaint(text, asked[name])
                if said:
                    wrong[name] = said
                else:
                    good[name] = text.strip()
            return "; ".join(f"{name}: {said}" for name, said in wrong.items()) or None

        request = StepRequest(
            run_id=commission.run_id, step=commission.step, user=commission.user, kind="summarise", intent="writing",
            label=commission.label, deadline_s=commission.deadline_s, language=language,
            versions={"clawdbot": __version__}, budget_usd=commission.budget_usd,
        )  # fmt: skip
        try:
            answer = self._models.complete(
                request,
                messages(asked, wanted, results, language),
                schema(asked),
                max_tokens=max_tokens(asked, language),
                check=check,
            )
        except _NO_MODEL as error:
            left = ", ".join(name for name in asked if name not in good)
            return None, good, (f"code wrote {left}: {error}",) if left else ()
        return answer, {name: str(text).strip() for name, text in answer.value.items()}, ()


def _by_model(text: WantedText, wanted: Write) -> bool:
    return wanted.model is True and text.model is True


def _rendered(wanted: Write, commission: Commission) -> tuple[Language, About | None]:
    language: Language = "zh" if wanted.language == "zh" else "en" if wanted.language == "en" else commission.language
    unread = [wanted.period, wanted.model, *(t.model for t in wanted.texts.values())]
    wrong = next((value for value in unread if isinstance(value, str)), None)
    if wrong is not None:
        raise UsageError(
            f"A write step has {wrong!r} where true, false or a period belongs.",
            hint='Write model = true or false, and period = "{{ inputs.NAME }}" with an input of type period.',
        )
    period = wanted.period
    return language, period if isinstance(period, About) else None
