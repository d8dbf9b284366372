"""What ``clawdbot why`` tells of a run and of one step, as lines; and how lines are set in a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from rich.console import Console
from rich.text import Text

from clawdbot.cli.moments import local_time
from clawdbot.cli.streams import clean
from clawdbot.cli.telling import Telling, short
from clawdbot.cli.wrapping import wrapped
from clawdbot.models.routing.attempt import Attempt, Call
from clawdbot.models.routing.snapshot import Scope
from clawdbot.workflows.account import StepAccount, Sums, served

_LEFT: tuple[Scope, ...] = ("task", "user_day", "day")


@dataclass(frozen=True, kw_only=True)
class Line:
    """A sentence with its place in the text: ``level`` is how deep it is set in, ``whole`` one that is never broken."""

    text: str
    level: int = 0
    style: str = ""
    whole: bool = False


def print_lines(console: Console, lines: Iterable[Line]) -> None:
    """Set lines in the console's width."""
    for line in lines:
        indent = "  " * line.level
        whole = [f"{indent}{line.text}"] if line.whole else None
        for piece in whole or wrapped(line.text, console.width, indent=indent, hanging=f"{indent}  "):
            console.print(Text(piece, style=line.style), soft_wrap=True)
        if not line.text:
            console.print()


def overview(telling: Telling, steps: Sequence[StepAccount]) -> Iterator[Line]:
    """Each step in a few lines: model, reason, cost, checks."""
    if steps and not any(step.questions for step in steps) and any(step.needed_model for step in steps):
        yield Line(text=telling.words("why.old"), style="yellow")
    for step in steps:
        yield Line(text=f"{step.n}  {telling.what(step)}", style="bold")
        for text in _told(telling, step):
            yield Line(text=text, level=1)


def summary(telling: Telling, sums: Sums, left: Mapping[Scope, Decimal | None], *, user: str) -> Iterator[Line]:
    """The whole run in figures, and the money that may still be spent (None: no limit)."""
    words, amounts = telling.words, telling.amounts
    yield Line(text="")
    yield Line(text=words("why_sum.head"), style="bold")
    said = words("why_sum.steps", n=sums.steps, local=sums.local, cloud=sums.cloud, none=sums.without_model)
    yield Line(text=said, level=1)
    if sums.unknown:
        yield Line(text=words("why_sum.unknown", n=sums.unknown), level=1)
    yield Line(text=words("why_sum.spent", spent=amounts.money(sums.spent_usd)), level=1)
    if sums.all_cloud_usd > 0:
        share = round(100 * sums.saved_usd / sums.all_cloud_usd)
        key = "why_sum.dearest" if share else "why_sum.dearest_same"
        dearest, saved = amounts.money(sums.all_cloud_usd), amounts.money(sums.saved_usd)
        yield Line(text=words(key, dearest=dearest, saved=saved, share=share), level=1)
    if sums.taken_over:
        yield Line(text=words("why_sum.taken_over", n=sums.taken_over), level=1)
    if sums.kept_answers:
        yield Line(text=words("why_sum.from_kept", n=sums.kept_answers), level=1)
    if sums.cloud:
        hidden = telling.hidden(sums.masked)
        yield Line(text=words("why_sum.hidden", what=hidden) if hidden else words("why_sum.nothing_hidden"), level=1)
    if sums.rules:
        names = [
            words("why_sum.rule_once" if n == 1 else "why_sum.rule_times", name=clean(name), n=n)
            for name, n in sums.rules.items()
        ]
        yield Line(text=words("why_sum.rules", names=words.separator.join(names)), level=1)
    yield Line(text=_left(telling, left, user), level=1)


def step_account(telling: Telling, step: StepAccount) -> Iterator[Line]:
    """One step with all that was weighed, tried, paid, hidden and checked."""
    words = telling.words
    yield Line(text=words("why.step_head", n=step.n, what=telling.what(step)), style="bold")
    if not step.questions:
        yield from (Line(text=text, level=1) for text in _told(telling, step))
    for question in step.questions:
        yield from _question(telling, question)


def _told(telling: Telling, step: StepAccount) -> Iterator[str]:
    if not step.needed_model:
        yield telling.words("why.no_model")
    elif not step.questions:
        if step.model:
            yield telling.words("why.served_before", model=clean(step.model))
        yield telling.words("why.unknown")
    for question in step.questions:
        last = question[-1]
        earlier = list(telling.failures(last))
        told = last.decision.why == "escalated" and earlier
        kept = telling.kept(last)
        lines = (
            telling.served_line(question),
            *earlier,
            "" if told or kept else telling.why(last),
            telling.instead(last),
            kept,
            telling.masking(last) if last.call and last.call.masked else "",
            telling.failed(last),
            telling.checks(last.validations),
        )
        yield from (line for line in lines if line)


def _left(telling: Telling, left: Mapping[Scope, Decimal | None], user: str) -> str:
    words = telling.words
    limited = [(scope, amount) for scope in _LEFT if (amount := left.get(scope)) is not None]
    shown = [words(f"left.{scope}", money=telling.amounts.money(n), user=clean(user)) for scope, n in limited]
    return words("why_sum.left", what=words.separator.join(shown)) if shown else words("why_sum.no_limit")


def _question(telling: Telling, attempts: Sequence[Attempt]) -> Iterator[Line]:
    words, context = telling.words, attempts[0].context
    said = words(
        "why_step.task",
        intent=words(f"intent.{context.intent}"),
        label=words(f"label.{context.label}"),
        tokens=f"{context.prompt_tokens:,}",
    )
    yield Line(text=said, level=1)
    if context.masked_label != context.label:
        yield Line(text=words("why_step.after_masking", label=words(f"label.{context.masked_label}")), level=1)
    for attempt in attempts:
        yield Line(text="")
        when = local_time(attempt.at)
        number = attempt.context.attempt
        of = max(attempts[-1].context.attempt, len(attempts))
        yield Line(text=words("why_step.attempt", n=number, of=of, when=when), level=1, style="bold")
        yield from _attempt(telling, attempt)


def _attempt(telling: Telling, attempt: Attempt) -> Iterator[Line]:
    words = telling.words
    for failure in dict.fromkeys(attempt.context.failures):
        yield Line(text=telling.failure(failure), level=2)
    yield Line(text=telling.why(attempt), level=2)
    if attempt.decision.rules:
        names = words.separator.join(clean(name) for name in attempt.decision.rules)
        yield Line(text=words("why_step.rules", names=names), level=2)
    if attempt.decision.candidates:
        yield Line(text=words("why_step.weighed"), level=2, style="bold")
        yield from _candidates(telling, attempt)
    texts = [*_money(telling, attempt), telling.masking(attempt), *_happened(telling, attempt)]
    yield from (Line(text=text, level=2) for text in texts if text)
    yield from _checks(telling, attempt)


def _candidates(telling: Telling, attempt: Attempt) -> Iterator[Line]:
    order = {"chosen": 0, "standby": 1, "dearer": 1, "filtered": 2}
    for candidate in sorted(attempt.decision.candidates, key=lambda c: order[c.verdict]):
        yield Line(text=telling.candidate(candidate, attempt), level=3)
        if mend := telling.mend(candidate):
            yield Line(text=mend, level=4, style="dim")
    if any(c.verdict in ("standby", "dearer") for c in attempt.decision.candidates):
        yield Line(text=telling.words("why_step.all_in_all"), level=3, style="dim")


def _money(telling: Telling, attempt: Attempt) -> Iterator[str]:
    words, amounts = telling.words, telling.amounts
    if attempt.reserved_usd == 0 and attempt.spent_usd == 0:
        yield words("why_step.money_free")
    else:
        reserved, spent = amounts.money(attempt.reserved_usd), amounts.money(attempt.spent_usd)
        yield words("why_step.money", reserved=reserved, spent=spent)
        name = attempt.call.model if attempt.call else attempt.decision.chosen
        day = ((attempt.prices or {}).get(name) or {}).get("as_of", "")
        if day:
            yield words("why_step.prices_of", model=clean(name), day=clean(day))
    if attempt.all_cloud_usd > attempt.spent_usd:
        yield words("why_step.at_dearest", money=amounts.money(attempt.all_cloud_usd))


def _happened(telling: Telling, attempt: Attempt) -> Iterator[str]:
    call = attempt.call
    if call is None:
        if attempt.decision.outcome == "chosen":
            yield telling.words("why_step.nobody")
        return
    yield telling.instead(attempt)
    if kept := telling.kept(attempt):
        yield kept
    elif served(attempt):
        yield from _answered(telling, call)
    else:
        yield from _not_answered(telling, call)


def _answered(telling: Telling, call: Call) -> Iterator[str]:
    words = telling.words
    yield words(
        "why_step.answered",
        model=clean(call.model),
        seconds=telling.amounts.duration(call.ms / 1000),
        prompt=f"{call.prompt_tokens:,}",
        completion=f"{call.completion_tokens:,}",
    )
    if call.cached_tokens:
        yield words("why_step.still_knew", cached=f"{call.cached_tokens:,}")
    if call.tries > 1:
        yield words("why_step.calls", n=call.tries)


def _not_answered(telling: Telling, call: Call) -> Iterator[str]:
    words = telling.words
    if call.error is None:
        yield words("why_step.nobody")
        return
    yield words("why_step.no_answer", model=clean(call.model), failure=words(f"failure.{call.error}"))
    if call.tries > 1:
        yield words("why_step.calls_failed", n=call.tries)
    if call.error_text:
        yield words("why_step.own_words", text=short(call.error_text))


def _checks(telling: Telling, attempt: Attempt) -> Iterator[Line]:
    words = telling.words
    if not attempt.validations:
        if served(attempt):
            yield Line(text=words("why_step.unchecked"), level=2)
        return
    yield Line(text=words("why_step.checks"), level=2, style="bold")
    for found in attempt.validations:
        key = "passed" if found.ok else "wrong_detail" if found.detail else "wrong"
        said = words(f"checked.{key}", check=telling.check(found.name), detail=short(found.detail))
        yield Line(text=said[:1].upper() + said[1:], level=3)
