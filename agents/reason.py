"""The reason node: build the live schema, ask the model, keep its intent."""

from __future__ import annotations

from typing import Any

from clawdbot.agents.answering import write_answer
from clawdbot.agents.events import Ask, Listener, event
from clawdbot.agents.facts import facts
from clawdbot.agents.guards import StopKind, reason_text, should_stop
from clawdbot.agents.judging import judge_quotes
from clawdbot.agents.offers import FINISH, Offer, make_offers
from clawdbot.agents.planner import Frame, Planner
from clawdbot.agents.progress import is_data_tool
from clawdbot.agents.prompting import closing_line, messages, system_prompt, task_prompt
from clawdbot.agents.quotations import QUOTE, SEARCH
from clawdbot.agents.reasoning import MAX_CALL_TOKENS, MAX_TOKENS, reason
from clawdbot.agents.routing import Allowed, step_request
from clawdbot.agents.state import RunState
from clawdbot.agents.steps import Intent, Step
from clawdbot.agents.translating import translate_question
from clawdbot.errors import (
    ApprovalNeeded,
    BudgetExceeded,
    ClawdbotError,
    ContextOverflow,
    InvalidStep,
    ModelError,
    PolicyRefused,
)
from clawdbot.knowledge.evidence.statement import Statement
from clawdbot.models.routing.intent import step_kind
from clawdbot.text.language import detect

_FACTS_LENGTH = 600
_QUOTES_LENGTH = 2_400


def reason_node(planner: Planner, state: RunState, listener: Listener, ask: Ask) -> dict[str, Any]:
    """One reasoning step; gives ``intent``, or ``stopped`` when a guard or the model ends the run."""
    frame = Frame.of(planner, state)
    stop = should_stop(frame.steps, planner.config, elapsed_s=frame.elapsed_s, language=frame.brief.language)
    if stop is not None:
        return {"stopped": stop[1], "stop_kind": stop[0], "intent": None}
    offers = make_offers(
        frame.brief,
        frame.progress,
        frame.steps,
        planner.tools,
        frame.view(),
        grounded=frame.grounding.grounded,
        answer=frame.not_found(),
    )
    listener(event("thinking", state["run_id"], step=len(frame.steps) + 1, offers=[o.name for o in offers]))
    try:
        intent = _allowed(frame, offers, ask)
    except InvalidStep as error:
        return {**_paid(frame, error, listener), "intent": None, **_time(frame)}
    except PolicyRefused as error:
        return _stopped(frame, error, listener, "refused", str(error))
    except BudgetExceeded as error:
        return _stopped(frame, error, listener, "budget", reason_text("budget", error, frame.brief.language))
    except ModelError as error:
        return _stopped(frame, error, listener, "model", reason_text("model", error, frame.brief.language))
    return {"intent": intent.as_json(), **_time(frame)}


def _allowed(frame: Frame, offers: tuple[Offer, ...], ask: Ask) -> Intent:
    """The next call; a person is asked first where more money is needed and ``[budget] on_stop`` says so."""
    planner = frame.planner
    may_ask = "ask" in planner.config.budget.on_stop
    approvals = planner.ledger.approvals.granted(frame.state["run_id"]) if may_ask else frozenset()
    while True:
        allowed = Allowed(may_ask=may_ask, approvals=approvals)
        try:
            return (
                _translate(frame, offers, allowed)
                or _judge(frame, offers, allowed)
                or _answer(frame, offers, allowed)
                or _ask(frame, offers, allowed)
            )
        except ApprovalNeeded as needed:
            if ask(needed).approved:
                approvals |= {needed.payload_hash}
            else:
                may_ask = False


def _stopped(frame: Frame, error: ClawdbotError, listener: Listener, kind: StopKind, why: str) -> dict[str, Any]:
    paid = _paid(frame, error, listener) if error.spent.prompt_tokens or error.spent.cost_usd else {}
    return {**paid, "stopped": why, "stop_kind": kind, "intent": None, **_time(frame)}


def _paid(frame: Frame, error: ClawdbotError, listener: Listener) -> dict[str, Any]:
    """A step that gave no call, with what it took."""
    step = _invalid(frame, error)
    run_id = frame.state["run_id"]
    frame.planner.ledger.add_step(run_id, step.n, step.as_json())
    listener(event("step", run_id, **step.as_json()))
    return {"steps": [*frame.state["steps"], step.as_json()]}


def _time(frame: Frame) -> dict[str, float]:
    return {"elapsed_s": frame.elapsed_s}


def _translate(frame: Frame, offers: tuple[Offer, ...], allowed: Allowed) -> Intent | None:
    """The search for a question, where documents are written in another language too; None for every other step."""
    question = frame.hints().get("document_question")
    if [o.name for o in offers] != [SEARCH] or not question:
        return None
    other = frame.planner.knowledge.languages() - {detect(str(question))}
    if not other:
        return None
    request = step_request(frame, "search", allowed)
    try:
        return translate_question(frame.planner.models, request, str(question), min(other))
    except (InvalidStep, ContextOverflow):  # it is a help, no more
        return None


def _judge(frame: Frame, offers: tuple[Offer, ...], allowed: Allowed) -> Intent | None:
    """The quote step, where the model can judge statement by statement; None for every other step."""
    if [o.name for o in offers] != [QUOTE]:
        return None
    found = [Statement.from_json(s) for s in frame.found_statements()]
    if not found:
        return None
    question = str(frame.hints().get("document_question") or frame.brief.goal)
    return judge_quotes(frame.planner.models, step_request(frame, "search", allowed), question, found)


def _answer(frame: Frame, offers: tuple[Offer, ...], allowed: Allowed) -> Intent | None:
    """The answer to a question that documents alone answer; None for every other step."""
    brief, found = frame.brief, frame.quotations
    if [o.name for o in offers] != [FINISH] or not found.quotes or brief.documents != "only":
        return None
    if brief.deliverables != {"answer", "passages"}:
        return None
    failure = frame.progress.last_failure
    return write_answer(
        frame.planner.models,
        step_request(frame, "final", allowed),
        brief.goal,
        found,
        brief.language,
        problem=failure.observation if failure else "",
    )


def _ask(frame: Frame, offers: tuple[Offer, ...], allowed: Allowed) -> Intent:
    planner, brief = frame.planner, frame.brief
    failure = frame.progress.last_failure
    prompt = messages(
        system_prompt({n: t for n, t in planner.tools.items() if n in brief.envelope.tools}),
        task_prompt(brief, frame.grounding.text),
        frame.steps,
        closing_line(
            brief,
            frame.progress,
            offers,
            planner.tools,
            facts=_true_facts(frame),
            problem=failure.observation if failure else "",
            question=str(frame.hints().get("document_question") or brief.goal),
        ),
        hidden=_hidden(frame),
    )
    prose = any(o.name == FINISH or planner.tools[o.name].provides in ("report", "mail") for o in offers)
    limit = MAX_TOKENS if prose else MAX_CALL_TOKENS
    request = step_request(frame, step_kind([o.name for o in offers]), allowed)
    return reason(planner.models, request, prompt, offers, max_tokens=limit)


def _hidden(frame: Frame) -> frozenset[int]:
    """Failed attempts leave the context, since they would be copied: all but the last query while it is not mended.
    Refused words are never shown again; the closing line says what was wrong with them."""
    last = frame.progress.last_failure
    tool = frame.planner.tools.get(last.tool) if last else None
    keep = {last.n} if last and tool and is_data_tool(tool) and last.outcome != "repeat" else set()
    judged = [s.n for s in frame.steps if s.tool == QUOTE and s.ok]
    read = {s.n for s in frame.steps if s.tool == SEARCH and judged and s.n < judged[-1]}
    return frozenset(read | {s.n for s in frame.steps if not s.ok and s.n not in keep})


def _true_facts(frame: Frame) -> str:
    found: list[str] = []
    if frame.quotations.cited:
        found.append(f"<documents>\n{frame.quotations.facts()}\n</documents>\n")
    for info, table in frame.results():
        found.extend(facts(info, table, frame.brief.language))
    return " ".join(found)[: _FACTS_LENGTH + (_QUOTES_LENGTH if frame.quotations.cited else 0)]


def _invalid(frame: Frame, error: ClawdbotError) -> Step:
    spent = error.spent
    return Step(
        n=len(frame.steps) + 1,
        thought="",
        tool="",
        args={},
        observation=str(error),
        outcome="invalid",
        part=frame.progress.part,
        model=spent.model,
        label=frame.label,
        prompt_tokens=spent.prompt_tokens,
        cached_tokens=spent.cached_tokens,
        completion_tokens=spent.completion_tokens,
        cost_usd=str(spent.cost_usd),
        attempts=spent.attempts,
    )
