"""The one way to a model: what is repeated, what is counted, who waits, and what is known afterwards."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
import stamina
from langchain_core.messages import HumanMessage

from clawdbot.config import HealthConfig, ModelConfig, RetriesConfig, RouterConfig
from clawdbot.errors import ContextOverflow, InvalidStep, ModelUnavailable
from clawdbot.models import unavailable
from clawdbot.models.calls.caller import Caller
from clawdbot.models.calls.health import Health
from clawdbot.models.calls.retry_budget import SAVED
from clawdbot.models.fake import ScriptedChatModel
from clawdbot.models.interface import Rung
from tests.models.calls.conftest import ANSWER, SCHEMA, Clock

ASK = [HumanMessage("Which table?")]
EAGER = RouterConfig(health=HealthConfig(failures=3, window=5, open_s=30, slow_s=60))
ANYWHERE = ModelConfig(provider="langchain", model="package:Chat")


def busy(status: int = 503, **more: Any) -> ModelUnavailable:
    return ModelUnavailable("The server is busy.", code=unavailable.BUSY, status=status, **more)


def scripted(*script: Any, name: str = "m", **more: Any) -> Rung:
    chat = ScriptedChatModel(script=list(script), **more)
    return Rung(name=name, provider="fake", model=name, chat=chat, context=8192)


def ask(caller: Caller, rung: Rung, **more: Any) -> tuple[Any, int]:
    with stamina.set_testing(True, attempts=3):
        answer, tries = caller.ask(rung, ASK, SCHEMA, max_tokens=60, **{"deadline_s": 20.0, **more})
    return answer.value, tries


def fails(caller: Caller, rung: Rung, **more: Any) -> ModelUnavailable:
    with pytest.raises(ModelUnavailable) as caught:
        ask(caller, rung, **more)
    return caught.value


def test_what_may_pass_is_repeated_and_what_the_model_wrote_is_not() -> None:
    assert ask(Caller(EAGER, {}), scripted(busy(), busy(429), ANSWER)) == (ANSWER, 3)
    rung = scripted("prose", ANSWER)
    with pytest.raises(InvalidStep) as caught:
        ask(Caller(EAGER, {}), rung)
    assert caught.value.tries == 1
    assert isinstance(rung.chat, ScriptedChatModel) and rung.chat.left == 1


def test_an_interrupt_is_not_repeated_and_leaves_nothing_behind() -> None:
    caller = Caller(EAGER, {})

    def interrupt(messages: Any, schema: Any) -> dict[str, Any]:
        raise KeyboardInterrupt

    rung = scripted(interrupt, ANSWER)
    with pytest.raises(KeyboardInterrupt):
        ask(caller, rung)
    assert caller.health("m") == Health(name="m", concurrency=8)
    assert ask(caller, rung) == (ANSWER, 1)


def test_a_standby_makes_impatient() -> None:
    waiting = busy(429, retry_after_s=15.0)
    with pytest.raises(ModelUnavailable) as caught:
        Caller(EAGER, {}).ask(scripted(waiting, ANSWER), ASK, SCHEMA, max_tokens=60, deadline_s=60, patience_s=0.5)
    assert caught.value is waiting and caught.value.tries == 1


def test_an_answer_that_does_not_begin_is_asked_for_once_more_unless_another_model_stands_by() -> None:
    silent = [unavailable.not_begun("m", 3) for _ in range(3)]
    assert ask(Caller(EAGER, {}), scripted(silent[0], ANSWER)) == (ANSWER, 2)
    assert fails(Caller(EAGER, {}), scripted(*silent)).tries == 2
    assert fails(Caller(EAGER, {}), scripted(*silent), patience_s=2.0).tries == 1


def test_a_server_that_asks_for_more_time_than_there_is_is_not_waited_for() -> None:
    with pytest.raises(ModelUnavailable) as caught:
        Caller(EAGER, {}).ask(scripted(busy(retry_after_s=90.0), ANSWER), ASK, SCHEMA, max_tokens=60, deadline_s=30)
    assert caught.value.tries == 1


def test_all_runs_share_one_budget_of_repeats() -> None:
    router = RouterConfig(health=HealthConfig(failures=99, window=99), retries=RetriesConfig(budget=0.2))
    caller = Caller(router, {})
    calls = 20
    tries = [fails(caller, scripted(*[busy()] * 3, name=f"m{n}")).tries for n in range(calls)]
    assert tries[0] == 3 and tries[-1] == 1
    assert sum(tries) - calls <= SAVED + 0.2 * calls


def test_a_model_that_keeps_failing_is_left_alone_then_tried_once(clock: Clock) -> None:
    caller = Caller(EAGER, {}, clock=clock)
    rung = scripted(*[busy()] * 3, ANSWER)
    assert fails(caller, rung).tries == 3
    health = caller.health("m")
    assert (health.breaker, health.opens_again_s) == ("open", 30)
    assert "busy" in health.last_failure

    refused = fails(caller, rung)
    assert refused.code == unavailable.LEFT_ALONE and "busy" in refused.message
    assert isinstance(rung.chat, ScriptedChatModel) and len(rung.chat.calls) == 3, "nothing was asked"

    clock.now += 31
    assert caller.health("m").breaker == "half_open"
    assert ask(caller, rung) == (ANSWER, 1)
    assert caller.health("m") == Health(name="m", concurrency=8)


def test_repeats_end_when_the_breaker_opens() -> None:
    caller = Caller(RouterConfig(health=HealthConfig(failures=2, window=5)), {})
    error = fails(caller, scripted(busy(), busy(), ANSWER))
    assert (error.tries, error.code) == (2, unavailable.BUSY), "the real reason is told"


def test_a_refused_key_opens_at_once_and_for_longer(clock: Clock) -> None:
    caller = Caller(EAGER, {}, clock=clock)
    error = ModelUnavailable("The key was refused.", code=unavailable.REFUSED, status=401)
    assert fails(caller, scripted(error)).tries == 1
    assert caller.health("m").opens_again_s == 300


@pytest.mark.parametrize(
    "error",
    [
        ContextOverflow("too long"),
        ContextOverflow("cut", code=unavailable.PROMPT_CUT),
        "prose",
        {"table": "nothing"},
    ],
)
def test_our_own_mistakes_open_nothing(error: Any) -> None:
    caller = Caller(EAGER, {})
    rung = scripted(*[error] * 10)
    for _ in range(10):
        with pytest.raises((ContextOverflow, InvalidStep)):
            ask(caller, rung)
    health = caller.health("m")
    assert (health.breaker, health.last_failure) == ("closed", "")


def slow(clock: Clock, seconds: float) -> Any:
    def answer(messages: Any, schema: Any) -> dict[str, Any]:
        clock.now += seconds
        return ANSWER

    return answer


@pytest.mark.parametrize(("provider", "state"), [("openai", "open"), ("llamacpp", "closed")])
def test_slow_answers_count_but_not_those_of_our_own_processor(provider: str, state: str, clock: Clock) -> None:
    models = {"m": ModelConfig.model_validate({"provider": provider, "model": "x"})}
    caller = Caller(EAGER, models, clock=clock)
    for _ in range(3):
        ask(caller, scripted(slow(clock, 61)), deadline_s=1000)
    assert caller.health("m").breaker == state


def test_a_deadline_of_our_own_is_not_the_models_fault(clock: Clock) -> None:
    caller = Caller(EAGER, {"m": ANYWHERE}, clock=clock)

    def late(seconds: float) -> Any:
        def answer(messages: Any, schema: Any) -> dict[str, Any]:
            clock.now += seconds
            raise unavailable.late("m", seconds)

        return answer

    for _ in range(5):
        assert fails(caller, scripted(late(2)), deadline_s=2).code == unavailable.TIMEOUT
    assert caller.health("m").breaker == "closed"
    for _ in range(3):
        fails(caller, scripted(late(120)), deadline_s=500)
    assert caller.health("m").breaker == "open"


def test_the_deadline_shrinks_with_every_try(clock: Clock) -> None:
    given: list[float] = []

    class Watching(ScriptedChatModel):
        def _request(self, messages: Any, stop: Any, options: Any) -> Any:
            given.append(options["timeout_s"])
            clock.now += 4
            return super()._request(messages, stop, options)

    chat = Watching(script=[busy(), busy(), ANSWER])
    rung = Rung(name="m", provider="fake", model="m", chat=chat, context=8192)
    assert ask(Caller(EAGER, {}, clock=clock), rung, deadline_s=10) == (ANSWER, 3)
    assert given == [10, 6, 2]


def test_one_at_a_time_in_turn_and_the_queue_is_seen() -> None:
    models = {"m": ANYWHERE.model_copy(update={"concurrency": 1, "queue_s": 0.05})}
    caller = Caller(EAGER, models)
    inside, go_on = threading.Event(), threading.Event()

    def hold(messages: Any, schema: Any) -> dict[str, Any]:
        inside.set()
        assert go_on.wait(20)
        return ANSWER

    rung = scripted(hold, ANSWER)
    holder = threading.Thread(target=lambda: ask(caller, rung))
    holder.start()
    assert inside.wait(20)
    assert (caller.health("m").running, caller.health("m").concurrency) == (1, 1)
    error = fails(caller, rung)
    assert error.code == unavailable.OVERLOADED and "queue" in error.message and "queue_s" in error.hint
    assert caller.health("m").breaker == "closed", "a queue of ours says nothing of the server"
    go_on.set()
    holder.join()
    assert ask(caller, rung) == (ANSWER, 1)
    assert caller.health("m").running == 0


def test_names_of_one_model_at_one_place_share_its_queue_and_breaker(tmp_path: Path) -> None:
    same = {"provider": "ollama", "model": "q", "base_url": "http://one"}
    models = {
        "a": ModelConfig.model_validate(same),
        "b": ModelConfig.model_validate({**same, "temperature": 1.0}),
        "elsewhere": ModelConfig.model_validate({**same, "base_url": "http://two"}),
        "x": ANYWHERE,
        "y": ANYWHERE,
    }
    caller = Caller(EAGER, models)
    fails(caller, scripted(*[busy()] * 3, name="a"))
    fails(caller, scripted(*[busy()] * 3, name="x"))
    states = {name: caller.health(name).breaker for name in models}
    assert states == {"a": "open", "b": "open", "elsewhere": "closed", "x": "open", "y": "closed"}


@pytest.mark.parametrize(
    ("settings", "slots", "loaded"),
    [
        ({"provider": "llamacpp", "model": "q"}, 1, False),
        ({"provider": "ollama", "model": "q"}, 2, False),
        ({"provider": "openai", "model": "q"}, 8, True),
        ({"provider": "ollama", "model": "q", "concurrency": 5}, 5, False),
    ],
)
def test_each_kind_of_model_takes_its_number_of_calls(settings: dict[str, Any], slots: int, loaded: bool) -> None:
    health = Caller(EAGER, {"m": ModelConfig.model_validate(settings)}).health("m")
    assert (health.concurrency, health.loaded) == (slots, loaded)


def test_ollama_forgets_a_model_after_a_while(clock: Clock) -> None:
    models = {"m": ModelConfig(provider="ollama", model="q"), "own": ModelConfig(provider="llamacpp", model="q")}
    caller = Caller(EAGER, models, clock=clock)
    ask(caller, scripted(ANSWER))
    ask(caller, scripted(ANSWER, name="own"))
    assert caller.health("m").loaded and caller.health("own").loaded
    clock.now += 16 * 60
    assert not caller.health("m").loaded and caller.health("own").loaded


def test_judgements_go_the_same_way() -> None:
    caller = Caller(EAGER, {})
    found = caller.judge(scripted(yes=lambda text: 0.75), ASK, deadline_s=5)
    assert found is not None and found.yes == 0.75
    assert caller.judge(scripted(), ASK, deadline_s=5) is None

    def gone(text: str) -> float:
        raise busy()

    with stamina.set_testing(True, attempts=3), pytest.raises(ModelUnavailable) as caught:
        caller.judge(scripted(yes=gone), ASK, deadline_s=5)
    assert caught.value.tries == 3
    assert caller.health("m").breaker == "open"
