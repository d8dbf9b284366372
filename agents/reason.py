"""The reason node: build the live schema, ask the model, keep its intent."""

from __future__ import annotations

from typing import Any

from clawdbot.agents.answering import write_answer
from clawdbot.agents.events import Listener, event
from clawdbot.agents.facts import facts
from clawdbot.agents.guards import reason_text, should_stop
from clawdbot.agents.judging import judge_quotes
from clawdbot.agents.offers import FINISH, Offer, make_offers
from clawdbot.agents.planner import Frame, Planner
from clawdbot.agents.progress import is_data_tool
from clawdbot.agents.prompting import closing_line, messages, system_prompt, task_prompt
from clawdbot.agents.quotations import QUOTE, SEARCH
from clawdbot.agents.reasoning import MAX_CALL_TOKENS, MAX_TOKENS, price_of, reason
from clawdbot.agents.state import RunState
from clawdbot.agents.steps import Intent, Step
from clawdbot.errors import ContextOverflow, InvalidStep, ModelError, ModelUnavailable, PolicyRefused
from clawdbot.knowledge.evidence.statement import Statement

_FACTS_LENGTH = 600
_QUOTES_LENGTH = 2_400


def reason_node(planner: Planner, state: RunState, listener: Listener) -> dict[str, Any]:
    """One reasoning step; gives ``intent``, or ``stopped`` when a guard or the model ends the run."""
    frame = Frame.of(planner, state)
    language = frame.brief.language
    stop = should_stop(frame.steps, planner.config, elapsed_s=frame.elapsed_s, language=language)
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
        intent = _judge(frame, offers) or _answer(frame, offers) or _ask(frame, offers)
    except InvalidStep as error:
        step = _invalid(frame, error)
        planner.ledger.add_step(state["run_id"], step.n, step.as_json())
        listener(event("step", state["run_id"], **step.as_json()))
        return {"steps": [*state["steps"], step.as_json()], "intent": None, **_time(frame)}
    except PolicyRefused as error:
        return {"stopped": str(error), "stop_kind": "refused", "intent": None, **_time(frame)}
    except (ModelUnavailable, ContextOverflow, ModelError) as error:
        return {
            "stopped": reason_text("model", str(error), language),
            "stop_kind": "model",
            "intent": None,
            **_time(frame),
        }
    return {"intent": intent.as_json(), **_time(frame)}


def _time(frame: Frame) -> dict[str, float]:
    return {"elapsed_s": frame.elapsed_s}


def _judge(frame: Frame, offers: tuple[Offer, ...]) -> Intent | None:
    """The quote step, where the model can judge statement by statement; None for every other step."""
    if [o.name for o in offers] != [QUOTE]:
        return None
    found = [Statement.from_json(s) for s in frame.found_statements()]
    if not found:
        return None
    rung = frame.planner.router.choose("search", frame.label)
    question = str(frame.hints().get("document_question") or frame.brief.goal)
    return judge_quotes(rung, question, found, deadline_s=frame.remaining_s)


def _answer(frame: Frame, offers: tuple[Offer, ...]) -> Intent | None:
    """The answer to a question that documents alone answer; None for every other step."""
    brief, found = frame.brief, frame.quotations
    if [o.name for o in offers] != [FINISH] or not found.quotes or brief.documents != "only":
        return None
    if brief.deliverables != {"answer", "passages"}:
        return None
    failure = frame.progress.last_failure
    return write_answer(
        frame.planner.router.choose("final", frame.label),
        brief.goal,
        found,
        brief.language,
        problem=failure.observation if failure else "",
        deadline_s=frame.remaining_s,
    )


def _ask(frame: Frame, offers: tuple[Offer, ...]) -> Intent:
    planner, brief = frame.planner, frame.brief
    rung = planner.router.choose("plan", frame.label)
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
    return reason(rung, prompt, offers, max_tokens=limit, deadline_s=frame.remaining_s)


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


def _invalid(frame: Frame, error: InvalidStep) -> Step:
    rung = frame.planner.router.choose("plan", frame.label)
    return Step(
        n=len(frame.steps) + 1,
        thought="",
        tool="",
        args={},
        observation=str(error),
        outcome="invalid",
        part=frame.progress.part,
        model=rung.name,
        label=frame.label,
        prompt_tokens=error.prompt_tokens,
        completion_tokens=error.completion_tokens,
        cost_usd=str(price_of(rung, error.prompt_tokens, error.completion_tokens)),
    )
