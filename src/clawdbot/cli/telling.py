"""A decision of the cost policy in words, for somebody who does not know the code.  Pure: an attempt in, text out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation

from clawdbot.cli.amounts import Amounts
from clawdbot.cli.streams import clean
from clawdbot.cli.wording import Words
from clawdbot.config import LABELS
from clawdbot.models.routing.attempt import Attempt, Validation
from clawdbot.models.routing.decision import Candidate
from clawdbot.models.routing.step_context import Failure
from clawdbot.workflows.account import StepAccount, cloud_of, served

_TOOLS = ("query", "sql", "chart", "report", "mail", "export", "search_knowledge", "quote", "finish")
_CHECKS = ("schema", "sql", "chart", "report", "mail", "citations", "numbers", "result")
_SHOWN = 300


class Telling:
    """Sentences of one language about steps and attempts."""

    def __init__(self, words: Words) -> None:
        self.words = words
        self.amounts = Amounts(words)

    def what(self, step: StepAccount) -> str:
        """What the step was for, such as 'Draw a chart'."""
        if step.tool or not step.attempts:
            return self.deed(step.tool)
        return _capital(self.words(f"kind.{step.attempts[-1].context.kind}"))

    def deed(self, tool: str) -> str:
        """What a tool is called for, such as 'Draw a chart'; empty stands for a step that decided nothing."""
        if tool in _TOOLS:
            return _capital(self.words(f"tool.{tool}"))
        return _capital(self.words("tool.other", name=clean(tool)) if tool else self.words("kind.plan"))

    def served_line(self, attempts: Sequence[Attempt]) -> str:
        """Which model served, where, for how much and how long; empty when none was asked or none did."""
        last = attempts[-1]
        if not served(last) or last.call is None or last.call.served_from != "model":
            return ""
        spent = sum((attempt.spent_usd for attempt in attempts), last.spent_usd * 0)
        seconds = sum(attempt.call.ms for attempt in attempts if attempt.call) / 1000
        return self.words(
            "why.served",
            model=clean(last.call.model),
            place=self.amounts.place(cloud_of(last, last.call.model)),
            money=self.amounts.price(spent),
            seconds=self.amounts.duration(seconds),
        )

    def why(self, attempt: Attempt) -> str:
        """Why the model was chosen, or why none was."""
        decision = attempt.decision
        if decision.outcome != "chosen":
            return self.words(f"outcome_why.{decision.outcome}")
        failed = attempt.context.failures
        if failed and failed[-1].model == decision.chosen and decision.why in ("cheapest", "sticky"):
            return self.words("why.again")
        said = self.words(f"because.{decision.why}", rule=self.rule(decision.rules))
        return self.words("why.why", said=said)

    def rule(self, names: Sequence[str]) -> str:
        """Rules of the operator by name."""
        shown = [name for name in names if name]
        if not shown:
            return self.words("why_step.rule_unnamed")
        return self.words("why_step.rule_named", name=clean(self.words.separator.join(shown)))

    def failures(self, attempt: Attempt) -> Iterator[str]:
        """What was tried before this attempt, a sentence for each model and reason."""
        known = dict.fromkeys((failure.model, failure.kind) for failure in attempt.context.failures)
        for model, kind in known:
            yield self.words("why.first", model=clean(model), failure=self.words(f"failure.{kind}"))

    def instead(self, attempt: Attempt) -> str:
        """That a standby stepped in; empty when the chosen one answered."""
        call, chosen = attempt.call, attempt.decision.chosen
        if call is None or not chosen or call.model == chosen or not served(attempt):
            return ""
        return self.words("why.instead", chosen=clean(chosen), model=clean(call.model))

    def hidden(self, masked: Mapping[str, int]) -> str:
        """What was masked by kind, such as 'phone numbers (2)'."""
        return self.words.separator.join(self.words(f"personal.{kind}", n=n) for kind, n in masked.items() if n)

    def masking(self, attempt: Attempt) -> str:
        """What was hidden before the text left; empty when it did not leave, or was not masked."""
        masked = attempt.call.masked if attempt.call else None
        if masked is None:
            return ""
        shown = self.hidden(masked)
        return self.words("why.hidden", what=shown) if shown else self.words("why.nothing_hidden")

    def kept(self, attempt: Attempt) -> str:
        """That an answer was kept from before, with its age; empty when a model was asked."""
        call = attempt.call
        if call is None or call.served_from not in ("cache", "stale_cache"):
            return ""
        key = "why_step.kept" if call.served_from == "cache" else "why_step.stale"
        return self.words(key, model=clean(call.model), age=self.amounts.duration(call.age_s))

    def failed(self, attempt: Attempt) -> str:
        """That the attempt came to nothing, and why; empty when it served or none was asked."""
        if attempt.call is None or served(attempt):
            return ""
        kind = attempt.call.error
        return (
            self.words("why.failed", failure=self.words(f"failure.{kind}")) if kind else self.words("why_step.nobody")
        )

    def check(self, name: str) -> str:
        """A check by code, as a thing that can be right or wrong."""
        return self.words(f"check.{name}") if name in _CHECKS else self.words("check.other", name=clean(name))

    def checks(self, validations: Sequence[Validation]) -> str:
        """All checks in one sentence; empty when there was none."""
        wrong = [self.check(v.name) for v in validations if not v.ok]
        if wrong:
            return self.words("why.checks_failed", what=self.words.separator.join(dict.fromkeys(wrong)))
        if len(validations) == 1:
            return self.words("why.checks_one", what=self.check(validations[0].name))
        return self.words("why.checks_all", n=len(validations)) if validations else ""

    def candidate(self, candidate: Candidate, attempt: Attempt) -> str:
        """A model that was weighed: chosen, dearer, or why it could not serve."""
        place = self.amounts.place(candidate.cloud)
        if candidate.verdict == "filtered":
            reason = self.reason(candidate, attempt)
            return self.words("why_step.filtered", model=clean(candidate.name), place=place, reason=reason)
        chosen = next((c for c in attempt.decision.candidates if c.verdict == "chosen"), candidate)
        more = candidate.expected_usd - chosen.expected_usd
        key = "chosen" if candidate.verdict == "chosen" else "dearer" if more > 0 else "no_dearer"
        said = self.words(
            f"weighed.{key}",
            model=clean(candidate.name),
            place=place,
            more=self.amounts.money(max(more, 0.0)),
            money=self.amounts.price(candidate.price_usd),
            seconds=self.amounts.duration(candidate.seconds),
            chance=self.amounts.chance(candidate.success),
        )
        nearest = attempt.decision.standby[:1] == (candidate.name,)
        return f"{said}{self.gap}{self.words('why_step.next')}" if nearest else said

    def reason(self, candidate: Candidate, attempt: Attempt) -> str:
        """Why a candidate could not serve."""
        context = attempt.context
        if not candidate.reason:
            return self.words("because.none")
        late = candidate.reason == "deadline"
        said = self.words(
            f"reason.{candidate.reason}",
            label=self.words(f"label.{context.masked_label}"),
            limit=self._limit(candidate),
            rule=self.rule([candidate.detail]),
            worst=self.amounts.money(candidate.worst_usd),
            user=clean(context.user),
            seconds=self.amounts.duration(candidate.seconds),
            left=self.amounts.duration(max(context.deadline_s, 0.0)) if late else self._money_left(candidate),
            tokens=f"{context.prompt_tokens + context.max_tokens:,}",
            most=f"{int(most):,}" if (most := _beyond(candidate)).isdigit() else self.words("why_step.less_text"),
        )
        earlier = [f for f in context.failures if f.model == candidate.name]
        if candidate.reason == "failed_before" and earlier:
            return said + self.colon + self.words(f"failure.{earlier[-1].kind}")
        if candidate.reason == "unavailable" and candidate.detail:
            return said + self.colon + short(candidate.detail)
        return said

    def _limit(self, candidate: Candidate) -> str:
        label = _beyond(candidate)
        return self.words(f"label.{label}") if label in LABELS else self.words("why_step.less_sensitive")

    def _money_left(self, candidate: Candidate) -> str:
        try:
            return self.amounts.money(Decimal(_beyond(candidate)))
        except InvalidOperation:
            return self.words("why_step.less_money")

    def mend(self, candidate: Candidate) -> str:
        """What to change so that the candidate may serve; empty when it may."""
        if candidate.verdict != "filtered" or not candidate.reason:
            return ""
        return self.words(f"mend.{candidate.reason}", model=clean(candidate.name))

    def failure(self, failure: Failure) -> str:
        """An earlier failure with what was said of it."""
        first = self.words("why.first", model=clean(failure.model), failure=self.words(f"failure.{failure.kind}"))
        detail = self.words("why_step.own_words", text=short(failure.detail)) if failure.detail else ""
        return self.gap.join(part for part in (first, detail) if part)

    @property
    def gap(self) -> str:
        """What stands between two sentences."""
        return "" if self.words.language == "zh" else " "

    @property
    def colon(self) -> str:
        """A colon as the language sets it."""
        return "：" if self.words.language == "zh" else ": "


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _beyond(candidate: Candidate) -> str:
    """The limit in a detail such as 'internal > public' or '0.02 > 0.01'."""
    return candidate.detail.rpartition(" > ")[2]


def short(text: str) -> str:
    """Text of a program in one line, cut where it gets long; without its full stop, since a sentence goes on."""
    line = " ".join(clean(text).split()).rstrip(".。")
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…"
