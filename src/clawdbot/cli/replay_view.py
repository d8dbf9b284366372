"""What ``clawdbot replay`` tells: each step then and now, and the whole in figures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from clawdbot.cli.streams import clean
from clawdbot.cli.telling import Telling, short
from clawdbot.cli.why_view import Line
from clawdbot.config import LABELS, Label
from clawdbot.models.routing.attempt import Attempt
from clawdbot.models.routing.decision import Candidate, Decision
from clawdbot.workflows.account import StepAccount
from clawdbot.workflows.likeness import Likeness
from clawdbot.workflows.redeciding import Redecided
from clawdbot.workflows.replay import Replayed, Tally, Took


def asked(
    telling: Telling,
    run_id: str,
    model: str,
    compared: Sequence[Replayed],
    tally: Tally,
    *,
    whole: bool,
    limit: Label,
) -> Iterator[Line]:
    """The steps that were put to a model; ``whole`` is False when somebody stopped it."""
    words = telling.words
    yield Line(text=words("replay.head", id=run_id, model=clean(model)))
    yield Line(text="")
    if not whole:
        yield Line(text=words("replay.stopped"), style="yellow")
    for one in compared:
        yield Line(text=f"{one.n}  {telling.deed(one.tool)}", style="bold")
        yield from (Line(text=text, level=1) for text in _step(telling, one, model, limit) if text)
    if not tally.asked:
        yield Line(text=words("replay.nothing", id=run_id))
        return
    yield Line(text="")
    yield Line(text=words("replay.sum"), style="bold")
    yield from (Line(text=text, level=1) for text in _sums(telling, tally))


def decided(telling: Telling, run_id: str, firsts: Sequence[tuple[StepAccount, Redecided]]) -> Iterator[Line]:
    """The decisions that were made anew."""
    words = telling.words
    yield Line(text=words("replay.head_policy", id=run_id))
    if not firsts:
        yield Line(text=words("replay.nothing", id=run_id))
        return
    same_policy = all(one.attempt.decision.policy_hash == one.now.policy_hash for _, one in firsts)
    yield Line(text=words("replay.same_policy" if same_policy else "replay.old_policy"))
    yield Line(text="")
    for step, one in firsts:
        yield Line(text=f"{step.n}  {telling.what(step)}", style="bold")
        yield from (Line(text=text, level=1) for text in _choice(telling, one))
    yield Line(text="")
    same = sum(one.same for _, one in firsts)
    yield Line(text=words("replay.choices", same=same, of=len(firsts)))


def _step(telling: Telling, one: Replayed, model: str, limit: Label) -> Iterator[str]:
    words = telling.words
    yield _took(telling, "then", one.then)
    yield _took(telling, "now", one.now)
    if one.skip:
        label = words(f"label.{one.detail}") if one.detail in LABELS else ""
        yield words(f"replay_skip.{one.skip}", model=clean(model), label=label, limit=words(f"label.{limit}"))
        if one.detail and not label:
            yield words("replay.own_words", text=short(one.detail))
    elif not one.valid:
        yield words("replay.invalid", why=short(one.detail))
    else:
        yield words("replay.valid") if one.like is None else _likeness(telling, one.like)


def _took(telling: Telling, when: str, took: Took | None) -> str:
    if took is None:
        return ""
    amounts = telling.amounts
    values = {"model": clean(took.model), "tokens": f"{took.tokens:,}", "seconds": amounts.duration(took.ms / 1000)}
    key = "replay.then" if when == "then" else "replay.now"
    return telling.words(key, money=amounts.price(took.usd), **values)


def _likeness(telling: Telling, like: Likeness) -> str:
    words = telling.words
    if not like.same_tool:
        return words("replay.other_tool")
    if not like.differs:
        return words("replay.same")
    names = words.separator.join(clean(name) for name in like.differs)
    return words("replay.words" if like.only_words else "replay.differs", names=names)


def _sums(telling: Telling, tally: Tally) -> Iterator[str]:
    words, amounts = telling.words, telling.amounts
    yield words("replay.asked", asked=tally.asked, n=tally.steps, valid=tally.valid)
    if tally.compared:
        yield words("replay.agree", same=tally.same, words=tally.only_words, tool=tally.same_tool, of=tally.compared)
    yield words(
        "replay.cost",
        then=amounts.money(tally.then.usd),
        now=amounts.money(tally.now.usd),
        seconds_then=amounts.duration(tally.then.ms / 1000),
        seconds_now=amounts.duration(tally.now.ms / 1000),
    )
    yield words("replay.tokens", then=f"{tally.then.tokens:,}", now=f"{tally.now.tokens:,}")


def _choice(telling: Telling, one: Redecided) -> Iterator[str]:
    words, amounts = telling.words, telling.amounts
    then, now = one.attempt.decision, one.now
    name = clean(then.chosen) or words("replay.none_then")
    if not now.chosen:
        yield words("replay.no_choice", then=name)
        yield telling.why(_now(one))
        return
    if one.same:
        yield words("replay.same_choice", model=clean(now.chosen))
    else:
        yield words("replay.other_choice", then=name, now=clean(now.chosen))
        yield telling.why(_now(one))
    before, after = _chosen(then), _chosen(now)
    if before is not None and after is not None:
        yield words(
            "replay.expected",
            then=amounts.price(before.price_usd),
            seconds_then=amounts.duration(before.seconds),
            now=amounts.price(after.price_usd),
            seconds_now=amounts.duration(after.seconds),
        )


def _now(one: Redecided) -> Attempt:
    """The attempt as it would begin today."""
    return replace(one.attempt, decision=one.now, call=None)


def _chosen(decision: Decision) -> Candidate | None:
    return next((candidate for candidate in decision.candidates if candidate.verdict == "chosen"), None)
