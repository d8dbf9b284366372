"""The limits of one call, wherever it runs: connecting, beginning, going on, and all of it."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import RunnableLambda

from benchmarks.faults.fault import WIRES, Wire
from clawdbot.config import ModelConfig
from clawdbot.errors import ConfigError, ModelError, ModelUnavailable
from clawdbot.models import llamacpp, unavailable
from clawdbot.models.adapted import AdaptedChat
from clawdbot.models.calls.failures import failure_kind
from clawdbot.models.limits import Limits, TimeIsUp
from clawdbot.models.llamacpp import LlamaCppChat
from clawdbot.models.providers import build
from clawdbot.models.relay import Emit, InLoop, InThread, Relay
from tests.models.calls.conftest import SCHEMA, Serve, rung

ASK = [HumanMessage("Which table?")]
WIDE = Limits(first_s=20, stall_s=20, total_s=20)


def read(relay: Relay[str]) -> tuple[list[str], TimeIsUp | None]:
    found: list[str] = []
    try:
        found.extend(iter(relay))
    except TimeIsUp as up:
        return found, up
    return found, None


@pytest.fixture
def over() -> Iterator[threading.Event]:
    """Set when the test is over, for threads that wait for ever."""
    event = threading.Event()
    yield event
    event.set()


@pytest.mark.parametrize(
    ("items", "limits", "which"),
    [
        ([], Limits(first_s=0.05, stall_s=9, total_s=20), "first"),
        (["a"], Limits(first_s=9, stall_s=0.05, total_s=20), "stall"),
        (["a"], Limits(first_s=9, stall_s=9, total_s=0.05), "total"),
        (["."], Limits(first_s=0.05, stall_s=9, total_s=20), "first"),
    ],
)
def test_the_limit_that_passes_is_named(items: list[str], limits: Limits, which: str, over: threading.Event) -> None:
    def produce(emit: Emit[str]) -> None:
        for item in items:
            emit(item)
        over.wait()

    found, up = read(Relay(InThread(produce), limits=limits, begins=lambda item: item != "."))
    assert found == items
    assert up is not None and up.which == which


def test_pieces_that_keep_coming_buy_no_time() -> None:
    def produce(emit: Emit[str]) -> None:
        while not emit("a"):
            pass

    _, up = read(Relay(InThread(produce), limits=Limits(first_s=9, stall_s=9, total_s=0.05)))
    assert up is not None and up.which == "total"


@pytest.mark.parametrize("kind", ["thread", "loop"])
def test_what_the_source_raises_reaches_the_reader(kind: str) -> None:
    def in_thread(emit: Emit[str]) -> None:
        emit("a")
        raise LookupError("gone")

    async def in_loop(emit: Emit[str]) -> None:
        in_thread(emit)

    source: Any = InThread(in_thread) if kind == "thread" else InLoop(in_loop)
    pieces = iter(Relay[str](source, limits=WIDE))
    assert next(pieces) == "a"
    with pytest.raises(LookupError, match="gone"):
        next(pieces)


def test_leaving_cancels_what_waits_in_the_loop() -> None:
    cancelled = threading.Event()

    async def produce(emit: Emit[str]) -> None:
        emit("a")
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    pieces = iter(Relay(InLoop(produce), limits=WIDE))
    assert next(pieces) == "a"
    pieces.close()  # type: ignore[attr-defined]  # an iterator by its type, a generator in truth
    assert cancelled.wait(20)


@pytest.mark.parametrize("wire", WIRES)
def test_a_server_that_does_not_take_the_connection_is_given_up(wire: Wire) -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        # Connections beyond the backlog wait: the kernel answers no more of them.
        with socket.create_connection(listening.getsockname()), _another(listening):
            base = url if wire == "ollama" else f"{url}/v1"
            settings = ModelConfig.model_validate(
                {"provider": wire, "model": "m", "base_url": base, "connect_timeout_s": 0.2}
            )
            with pytest.raises(ModelUnavailable) as caught:
                build("m", settings, home=Path("/nowhere")).chat.invoke(ASK)
    assert caught.value.code == unavailable.UNREACHABLE
    assert failure_kind(caught.value) == "transient"


def _another(listening: socket.socket) -> socket.socket:
    more = socket.socket()
    more.setblocking(False)
    more.connect_ex(listening.getsockname())
    return more


# --- any LangChain model ------------------------------------------------------------------------------------------


class Slow(BaseChatModel):
    """A model that says ``said`` and then waits for ``over``, asynchronously or in a thread."""

    said: tuple[str, ...] = ()
    over: Any = None

    @property
    def _llm_type(self) -> str:
        return "slow"

    def with_structured_output(self, schema: Any, **more: Any) -> Any:
        return self | RunnableLambda(lambda message: message)

    def _generate(self, messages: Any, stop: Any = None, run_manager: Any = None, **more: Any) -> ChatResult:
        self.over.wait()
        return ChatResult(generations=[ChatGeneration(message=AIMessage("late"))])

    def _stream(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **more: Any
    ) -> Iterator[ChatGenerationChunk]:
        for text in self.said:
            yield ChatGenerationChunk(message=AIMessageChunk(content=text))
        self.over.wait()


class SlowAndAsynchronous(Slow):
    async def _astream(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **more: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        for text in self.said:
            yield ChatGenerationChunk(message=AIMessageChunk(content=text))
        await asyncio.sleep(60)


@pytest.mark.parametrize("kind", [Slow, SlowAndAsynchronous])
@pytest.mark.parametrize(("said", "code"), [((), unavailable.NOT_BEGUN), (('{"table"',), unavailable.STALLED)])
def test_any_langchain_model_is_held_to_the_limits(
    kind: type[Slow], said: tuple[str, ...], code: str, over: threading.Event
) -> None:
    chat = AdaptedChat(
        inner=kind(said=said, over=over), model_name="slow", first_token_timeout_s=0.3, stall_timeout_s=0.3
    )
    with pytest.raises(ModelUnavailable) as caught:
        chat.invoke(ASK)
    assert caught.value.code == code


def test_an_answer_that_comes_in_one_piece_has_the_whole_time(over: threading.Event) -> None:
    chat = AdaptedChat(inner=Slow(over=over), model_name="slow", first_token_timeout_s=0.05, ladder=("structured",))
    threading.Timer(0.3, over.set).start()
    assert chat.invoke(ASK, schema=SCHEMA).text == "late"


@pytest.mark.parametrize("provider", ["openai", "langchain"])
def test_a_client_must_not_repeat_calls_itself(provider: str) -> None:
    model = "m" if provider == "openai" else "langchain_openai:ChatOpenAI"
    options = {"max_retries": 4, **({} if provider == "openai" else {"model": "m"})}
    settings = ModelConfig.model_validate(
        {"provider": provider, "model": model, "base_url": "http://127.0.0.1:9/v1", "options": options}
    )
    with pytest.raises(ConfigError, match="max_retries") as caught:
        build("m", settings, home=Path("/nowhere"))
    assert "[router.retries]" in caught.value.hint


def test_a_langchain_client_is_told_not_to_repeat(serve: Serve) -> None:
    server = serve("openai", "unavailable")
    options = {"model": "m", "base_url": server.url}
    settings = ModelConfig(
        provider="langchain", model="langchain_openai:ChatOpenAI", api_key_env="PATH", options=options
    )
    with pytest.raises(ModelUnavailable, match="busy"):
        build("m", settings, home=Path("/nowhere")).chat.invoke(ASK)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'data: {"error": {"message": "overloaded", "type": "server_error"}}\n\n', unavailable.BUSY),
        (b"data: <html>bad gateway</html>\n\n", unavailable.BUSY),
        (b'data: {"error": {"message": "maximum context length is 4096 tokens"}}\n\n', "context_overflow"),
    ],
)
def test_errors_in_the_middle_of_an_openai_stream_are_understood(body: bytes, code: str, serve: Serve) -> None:
    server = serve("openai")
    server.raw = body
    with pytest.raises(ModelError) as caught:
        rung(server).chat.invoke(ASK, schema=SCHEMA)
    assert caught.value.code == code


# --- the embedded model -------------------------------------------------------------------------------------------


class Engine:
    """llama.cpp's events, without weights: what a slow machine or a stuck one would do."""

    def __init__(self, events: list[dict[str, Any]], over: threading.Event) -> None:
        self.events = events
        self.over = over
        self.stopped = threading.Event()

    def count(self, text: str) -> int:
        return len(text)

    def grammar(self, schema: Any) -> str:
        return "g"

    def chat(self, body: dict[str, Any], emit: Callable[[dict[str, Any]], bool]) -> None:
        for event in self.events:
            if emit(event):
                self.stopped.set()
                return
        self.over.wait()


PROGRESS = {"choices": [{"delta": {"role": "assistant", "content": None}}], "prompt_progress": {"processed": 256}}
TEXT = {"choices": [{"delta": {"content": '{"table"'}}]}


@pytest.mark.parametrize(
    ("events", "code"),
    [([], unavailable.NOT_BEGUN), ([PROGRESS] * 3, unavailable.NOT_BEGUN), ([PROGRESS, TEXT], unavailable.STALLED)],
)
def test_the_embedded_model_is_held_to_the_limits(
    events: list[dict[str, Any]], code: str, over: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Engine(events, over)
    monkeypatch.setattr(llamacpp, "load_engine", lambda path, **more: engine)
    chat = LlamaCppChat(model_name="e", path=Path("e.gguf"), first_token_timeout_s=0.1, stall_timeout_s=0.1)
    with pytest.raises(ModelUnavailable) as caught:
        chat.invoke(ASK, schema=SCHEMA, max_tokens=20)
    assert caught.value.code == code
    if not any(event is TEXT for event in events):
        with pytest.raises(ModelUnavailable) as judged:
            chat.judge(list(ASK), timeout_s=5)
        assert judged.value.code == code


# --- Ctrl-C -------------------------------------------------------------------------------------------------------

INTERRUPTED = """
import sys
from pathlib import Path
from langchain_core.messages import HumanMessage
from clawdbot.config import ModelConfig, RouterConfig
from clawdbot.models.calls.caller import Caller
from clawdbot.models.providers import build

settings = ModelConfig(provider=sys.argv[1], model="m", base_url=sys.argv[2])
rung = build("m", settings, home=Path("/nowhere"))
caller = Caller(RouterConfig(), {"m": settings})
try:
    print("asking", flush=True)
    caller.ask(rung, [HumanMessage("hello")], {"type": "object"}, max_tokens=20, deadline_s=300)
except KeyboardInterrupt:
    health = caller.health("m")
    print(health.running, health.waiting, health.breaker, flush=True)
"""


def test_an_interrupt_closes_the_connection_and_frees_the_slot(serve: Serve) -> None:
    server = serve("ollama", "slow_first_token")
    with subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, server.wire, server.url],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert server.came.wait(60)
        process.send_signal(signal.SIGINT)
        said, complained = process.communicate(timeout=60)
    assert server.left.wait(20)
    assert (said.split(), complained) == (["asking", "0", "0", "closed"], "")
