"""The one place where models are asked: chosen, mended, passed on, paid for, recorded, kept."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import HumanMessage

from clawdbot.config import ModelConfig
from clawdbot.errors import (
    ContextOverflow,
    InvalidStep,
    ModelError,
    ModelUnavailable,
    PolicyRefused,
)
from clawdbot.models.fake import ScriptedChatModel
from clawdbot.models.interface import Rung
from clawdbot.models.ladder import Ladder, Place
from clawdbot.models.routing.attempt import Validation
from clawdbot.models.routing.step_context import Failure
from tests.models.desk import CHEAP, DEAR, PRECIOUS, RIGHT, SCHEMA, Desk, asked, request, rung

PHONE = "13812345678"


def outcomes(desk: Desk) -> list[tuple[str, str | None]]:
    """Model and error of each attempt."""
    return [(a.call.model, a.call.error) if a.call else ("", None) for a in desk.attempts()]


def test_an_answer_is_recorded_with_its_decision_and_its_request(tmp_path: Path) -> None:
    desk = Desk(tmp_path, rung("m", [RIGHT]))
    answer = desk.ask(kind="final", intent="question")
    assert (answer.value, answer.model, answer.attempts, answer.cost_usd) == (RIGHT, "m", 1, Decimal(0))
    (attempt,) = desk.attempts()
    assert (attempt.context.kind, attempt.context.intent, attempt.decision.chosen) == ("final", "question", "m")
    assert attempt.validations == (Validation(name="schema", ok=True),)
    assert attempt.call is not None and attempt.call.prompt_tokens == answer.prompt_tokens
    (sent,) = desk.requests()
    assert sent is not None and sent["schema"] == SCHEMA
    assert sent["messages"][-1] == {"role": "user", "content": "How many orders?"}
    assert desk.money() == {"reserved": [], "settled": [], "released": []}, "a free call writes no money"


def test_a_model_that_is_left_alone_for_a_moment_is_waited_for(tmp_path: Path) -> None:
    health = {"failures": 1, "window": 1, "open_s": 0.3}
    only = rung("only", [ModelUnavailable("It was away."), RIGHT])
    desk = Desk(tmp_path, only, router={"health": health, "retries": {"attempts": 1}})
    with pytest.raises(ModelUnavailable, match="It was away"):
        desk.ask()
    assert desk.ask(step=2).value == RIGHT
    assert outcomes(desk) == [("only", "transient"), ("only", None)]


def test_nobody_waits_beyond_the_time_of_the_step(tmp_path: Path) -> None:
    health = {"failures": 1, "window": 1, "open_s": 600.0}
    desk = Desk(tmp_path, rung("only", [ModelUnavailable("It was away."), RIGHT]), router={"health": health})
    for step in (1, 2):
        with pytest.raises(ModelUnavailable):
            desk.ask(step=step)


def test_a_wrong_answer_is_mended_by_its_model_with_the_error(tmp_path: Path) -> None:
    model = rung("m", ["nonsense", RIGHT])
    desk = Desk(tmp_path, model)
    answer = desk.ask()
    assert answer.value == RIGHT and answer.attempts == 2
    assert answer.notes[0].startswith("repaired: The answer is not JSON")
    assert "Not valid: The answer is not JSON" in asked(model)[1]
    assert outcomes(desk) == [("m", "schema_invalid"), ("m", None)]
    first, second = desk.attempts()
    assert first.call and second.call
    assert answer.prompt_tokens == first.call.prompt_tokens + second.call.prompt_tokens


def test_then_the_next_model_is_asked_without_the_wrong_answers(tmp_path: Path) -> None:
    weak, strong = rung("weak", ["a", "b"]), rung("strong", [RIGHT], price=PRECIOUS)
    desk = Desk(tmp_path, weak, strong)
    answer = desk.ask()
    assert (answer.model, answer.attempts) == ("strong", 3)
    assert asked(strong) == ["How many orders?"]
    assert outcomes(desk) == [("weak", "schema_invalid"), ("weak", "schema_invalid"), ("strong", None)]
    assert desk.attempts()[-1].decision.why == "escalated"
    assert all(note.startswith("weak failed: ") for note in answer.notes)


def test_when_all_answer_wrong_the_last_wrong_answer_is_the_error_and_is_paid_for(tmp_path: Path) -> None:
    desk = Desk(tmp_path, rung("a", ["x", "x"]), rung("b", ["y", "y"], price=CHEAP))
    with pytest.raises(InvalidStep, match="not JSON") as caught:
        desk.ask()
    spent = caught.value.spent
    paid = [a for a in desk.attempts() if a.call]
    assert spent.attempts == len(paid) == 4
    assert spent.cost_usd == sum(a.spent_usd for a in paid) > 0
    assert spent.prompt_tokens == sum(a.call.prompt_tokens for a in paid if a.call)


def test_no_repair_where_the_operator_wants_none(tmp_path: Path) -> None:
    weak, strong = rung("weak", ["a", RIGHT]), rung("strong", [RIGHT], price=DEAR)
    desk = Desk(tmp_path, weak, strong, router={"escalate_after": 0})
    assert desk.ask().model == "strong"
    assert len(asked(weak)) == 1


def test_what_the_run_failed_at_before_counts(tmp_path: Path) -> None:
    weak, strong = rung("weak", [RIGHT]), rung("strong", [RIGHT], price=DEAR)
    desk = Desk(tmp_path, weak, strong)
    failed = tuple(Failure(model="weak", kind="tool_refused") for _ in range(2))
    assert desk.ask(failures=failed).model == "strong"
    assert asked(weak) == []


def test_a_model_that_is_not_there_makes_room_for_the_next(tmp_path: Path) -> None:
    off = rung("off", [ModelUnavailable("The server does not answer.", hint="Start it.")])
    desk = Desk(tmp_path, off, rung("on", [RIGHT], price=DEAR))
    answer = desk.ask()
    assert (answer.model, answer.attempts) == ("on", 2)
    assert answer.notes == ("off failed: The server does not answer. Start it.",)
    assert outcomes(desk) == [("off", "transient"), ("on", None)]


def test_when_nobody_answers_the_reason_is_told(tmp_path: Path) -> None:
    desk = Desk(tmp_path, rung("off", [ModelUnavailable("The server does not answer.")]), rung("over"))
    with pytest.raises(ModelError, match="script is over") as caught:
        desk.ask()
    assert (caught.value.spent.attempts, caught.value.spent.prompt_tokens) == (2, 0)


def test_a_model_that_could_not_serve_from_the_start_is_told_with_its_reason(tmp_path: Path) -> None:
    settings = ModelConfig(provider="ollama", model="m")
    ladder = Ladder([Place(name="m", settings=settings, rung=None, unavailable="Ollama has no model 'm'.")])
    with pytest.raises(ModelUnavailable, match="m: Ollama has no model 'm'"):
        Desk(tmp_path, ladder=ladder).ask()


def test_each_model_is_told_with_its_reason(tmp_path: Path) -> None:
    gone = Place(name="gone", settings=ModelConfig(provider="ollama", model="m"), rung=None, unavailable="It is off.")
    small, barred = (Ladder.single(one).places()[0] for one in (rung("small", context=1024), rung("barred", [RIGHT])))
    rules = [{"deny": ["barred"]}]
    desk = Desk(tmp_path, ladder=Ladder([gone, barred, small]), router={"rule": rules})
    with pytest.raises(ContextOverflow, match="'small'"):
        desk.ask("word " * 3000)
    desk = Desk(tmp_path, ladder=Ladder([gone, barred]), router={"rule": rules})
    with pytest.raises(ModelUnavailable, match=r"gone: It is off\. barred: denied by a rule\.") as caught:
        desk.ask()
    assert "[router] order" in caught.value.hint


def test_a_model_without_its_tokenizer_is_asked_all_the_same(tmp_path: Path) -> None:
    class Untokenized(ScriptedChatModel):
        def get_num_tokens(self, text: str) -> int:
            raise ModelUnavailable("llama.cpp cannot load it.")

    broken = Rung(name="m", provider="fake", model="m", chat=Untokenized(script=[RIGHT]), context=8192)
    with pytest.raises(ModelUnavailable, match="cannot load it"):
        Desk(tmp_path, broken).ask()
    assert Desk(tmp_path, broken, rung("other", [RIGHT], price=DEAR)).ask().model == "other"


def test_an_answer_that_the_asker_refuses_is_mended(tmp_path: Path) -> None:
    model = rung("m", [{"answer": " "}, RIGHT])
    desk = Desk(tmp_path, model)
    answer = desk.ask(check=lambda value: None if value["answer"].strip() else "The answer is empty.")
    assert answer.value == RIGHT
    assert "The answer is empty." in asked(model)[1]


def test_a_prompt_that_does_not_fit(tmp_path: Path) -> None:
    small = rung("small", context=1024)
    with pytest.raises(ContextOverflow, match="do not fit the 1024 tokens of 'small'") as caught:
        Desk(tmp_path, small).ask("word " * 3000)
    assert "[models.small]" in caught.value.hint
    large = rung("large", [RIGHT], context=32_000, price=DEAR)
    assert Desk(tmp_path, small, large).ask("word " * 3000).model == "large"


def test_no_time_is_left(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="No time is left"):
        Desk(tmp_path, rung("m", [RIGHT])).ask(deadline_s=0.0)


def test_an_interrupted_call_counts_as_paid(tmp_path: Path) -> None:
    class Stopped(KeyboardInterrupt):
        """Ctrl-C in the middle of the call."""

    def stop(*_: Any) -> dict[str, Any]:
        raise Stopped

    desk = Desk(tmp_path, rung("m", [stop], price=CHEAP))
    with pytest.raises(Stopped):
        desk.ask()
    ((reserved, spent),) = desk.money()["settled"]
    assert spent == reserved > 0


# --- labels and masking -----------------------------------------------------------------------------------------


def test_a_label_above_the_limit_never_reaches_a_cloud(tmp_path: Path) -> None:
    cloud = rung("c", [RIGHT], cloud=True, price=CHEAP)
    desk = Desk(tmp_path, cloud, router={"cloud_max_label": "internal"})
    with pytest.raises(PolicyRefused, match="'confidential' data may not go to the cloud model 'c'") as caught:
        desk.ask(label="confidential")
    assert "cloud_max_label" in caught.value.hint and asked(cloud) == []
    assert [a.decision.outcome for a in desk.attempts()] == ["refused"]
    assert desk.ask(label="internal").model == "c", "the limit is inclusive"


def test_a_local_model_serves_what_a_cloud_may_not_see(tmp_path: Path) -> None:
    cloud = rung("c", [RIGHT], cloud=True, price=CHEAP)
    assert Desk(tmp_path, cloud, rung("l", [RIGHT])).ask(label="secret").model == "l"
    assert asked(cloud) == []


def test_personal_data_is_masked_for_a_cloud_and_comes_back(tmp_path: Path) -> None:
    def echo(messages: Any, schema: Any) -> dict[str, Any]:
        return {"answer": messages[-1]["content"]}

    cloud = rung("c", [echo], cloud=True, price=CHEAP)
    desk = Desk(tmp_path, cloud)
    answer = desk.ask(f"Call {PHONE} now")
    assert answer.value == {"answer": f"Call {PHONE} now"}
    assert PHONE not in asked(cloud)[0]
    (attempt,) = desk.attempts()
    assert attempt.call and attempt.call.masked == {"phone": 1}
    assert attempt.decision.masked and attempt.context.label != attempt.context.masked_label == "public"
    assert PHONE not in str(desk.requests()), "kept as it was sent"


def test_personal_data_stays_here_when_nothing_is_masked(tmp_path: Path) -> None:
    cloud = rung("c", [RIGHT], cloud=True, price=CHEAP)
    with pytest.raises(PolicyRefused):
        Desk(tmp_path, cloud, masking={"enabled": False}).ask(f"Call {PHONE} now")
    assert asked(cloud) == []


def test_what_a_masked_model_did_wrong_is_told_in_the_runs_words(tmp_path: Path) -> None:
    def refused(messages: Any, schema: Any) -> dict[str, Any]:
        return {"answer": "", "extra": messages[-1]["content"]}

    cloud = rung("c", [refused, refused], cloud=True, price=CHEAP)
    desk = Desk(tmp_path, cloud)
    with pytest.raises(InvalidStep) as caught:
        desk.ask(f"Call {PHONE} now")
    assert PHONE not in "".join(asked(cloud))
    assert all("Q" not in str(a.call.error_text) or PHONE in a.call.error_text for a in desk.attempts() if a.call)
    assert caught.value.spent.attempts == 2


def test_a_local_model_reads_the_plain_words(tmp_path: Path) -> None:
    local = rung("l", [RIGHT])
    Desk(tmp_path, local, rung("c", cloud=True, price=DEAR)).ask(f"Call {PHONE} now")
    assert PHONE in asked(local)[0]


# --- what is learned -----------------------------------------------------------------------------------------------


def test_checks_are_kept_with_the_attempt_and_learned_from(tmp_path: Path) -> None:
    desk = Desk(tmp_path, rung("m", [RIGHT] * 12))
    for step in range(6):
        desk.ask(step=step)
        desk.models.report("run", step, Validation(name="sql", ok=False, detail="no such column"))
    assert [a.validations[-1] for a in desk.attempts()] == [
        Validation(name="sql", ok=False, detail="no such column")
    ] * 6
    worse = desk.ask(step=6)
    assert worse.model == "m"
    success = [a.decision.candidates[0].success for a in desk.attempts()]
    assert success[-1] < success[0] / 1.5


def test_an_answer_counts_once_and_for_good_when_nothing_is_said_of_it(tmp_path: Path) -> None:
    desk = Desk(tmp_path, rung("m", [RIGHT] * 8))
    for step in range(6):
        desk.ask(step=step)
        desk.models.flush()
        desk.models.flush()
    desk.ask(step=6)
    success = [a.decision.candidates[0].success for a in desk.attempts()]
    assert success == sorted(success) and success[-1] > success[0]


def test_a_check_in_another_process_finds_the_attempt(tmp_path: Path) -> None:
    desk = Desk(tmp_path, rung("m", [RIGHT]))
    desk.ask()
    other = Desk(tmp_path, rung("m"))
    other.models.report("run", 1, Validation(name="chart", ok=False, detail="no"))
    other.models.report("run", 9, Validation(name="chart", ok=True))
    assert [v.name for v in other.attempts()[0].validations] == ["schema", "chart"]


# --- judgements, models aside ---------------------------------------------------------------------------------------


def test_judgements_are_one_decision(tmp_path: Path) -> None:
    model = rung("m", yes=lambda text: 0.9 if "yes" in text else 0.1)
    desk = Desk(tmp_path, model)
    found = desk.models.judge(request(kind="search"), [[HumanMessage("yes")], [HumanMessage("no")]])
    assert found is not None and (found.yes, found.model, found.prompt_tokens) == ((0.9, 0.1), "m", 20)
    assert len(desk.attempts()) == 1 and desk.requests() == [None]


def test_a_model_that_cannot_judge_says_so_and_costs_nothing(tmp_path: Path) -> None:
    desk = Desk(tmp_path, rung("m", price=CHEAP))
    assert desk.models.judge(request(kind="search"), [[HumanMessage("yes?")]]) is None
    assert desk.attempts() == [] and desk.money()["settled"] == [] and len(desk.money()["released"]) == 1


def test_a_model_aside_is_asked_by_name_only(tmp_path: Path) -> None:
    main, aside = rung("main", [RIGHT]), rung("aside", [{"answer": "aside"}])
    (place,) = Ladder.single(aside).places()
    ladder = Ladder(Ladder.single(main).places(), aside=[place])
    desk = Desk(tmp_path, ladder=ladder)
    assert desk.models.describe() == ("main",)
    assert desk.ask(pinned="aside").value == {"answer": "aside"}
    assert desk.ask(step=2).model == "main"
    assert [c.name for c in desk.attempts()[0].decision.candidates] == ["aside"]


def test_the_model_of_the_last_step_is_known_to_have_its_prompt(tmp_path: Path) -> None:
    desk = Desk(tmp_path, rung("a", [RIGHT, RIGHT]), rung("b", price=CHEAP))
    desk.ask("The same long beginning of a prompt. " * 40)
    desk.ask("The same long beginning of a prompt. " * 40 + "And more.", step=2, previous="a")
    first, second = desk.attempts()
    assert second.decision.chosen == first.decision.chosen == "a"
    assert second.decision.candidates[0].seconds < first.decision.candidates[0].seconds
