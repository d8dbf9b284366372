"""One model at one place: its breaker, its queue and its measured speed, fed by the calls themselves."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from clawdbot.config import HealthConfig, ModelConfig
from clawdbot.errors import ModelError, ModelUnavailable
from clawdbot.models.calls.admission import Admission, Shed
from clawdbot.models.calls.breaker import Breaker
from clawdbot.models.calls.failures import failure_kind, is_ours
from clawdbot.models.calls.health import Health
from clawdbot.models.interface import ModelAnswer
from clawdbot.models.unavailable import LEFT_ALONE, OVERLOADED, TIMEOUT

T = TypeVar("T")

_SLOTS = {"llamacpp": 1, "ollama": 2}
_MANY = 8
_KEPT_S = 15 * 60.0
"""How long Ollama keeps a model in memory after a call (our keep_alive)."""
_LOADING_S = 0.5
"""Less than this is no loading: Ollama names a few milliseconds for a model that is there."""
_NEW = 0.3
_SHOWN = 300


class Endpoint:
    """Calls of one model.  Thread-safe."""

    def __init__(
        self, name: str, settings: ModelConfig | None, config: HealthConfig, clock: Callable[[], float]
    ) -> None:
        self._name = name
        self._provider = settings.provider if settings else ""
        self._queue_s = settings.queue_s if settings else ModelConfig.model_fields["queue_s"].default
        # The embedded model runs on this machine's own processor: leaving it alone would not make it faster.
        self._slow_s = float("inf") if self._provider == "llamacpp" else config.slow_s
        own = (settings.first_token_timeout_s, settings.timeout_s) if settings else ()
        self._own_limit_s = min(*own, config.slow_s) if own else config.slow_s
        self._clock = clock
        self._breaker = Breaker(config, clock)
        slots = (settings.concurrency if settings else 0) or _SLOTS.get(self._provider, _MANY)
        self._admission = Admission(slots=slots, clock=clock)
        self._lock = threading.Lock()
        self._last_failure = ""
        self._answered_at: float | None = None
        self._speeds: dict[str, float] = {}

    @property
    def is_open(self) -> bool:
        """No call may go now."""
        return self._breaker.state == "open"

    def run(self, call: Callable[[float], T], *, until: float) -> T:
        """``call(seconds left)`` once it is its turn.

        Raises ModelUnavailable without calling when the model is left alone or its queue is too long, else what
        ``call`` raises.
        """
        if self.is_open:
            raise self._left_alone()
        left = until - self._clock()
        try:
            with self._admission.slot(patience_s=self._queue_s, deadline_s=left):
                if not self._breaker.admit():
                    raise self._left_alone()
                return self._counted(call, until - self._clock())
        except Shed as shed:
            raise self._overloaded(shed) from None

    def learn(self, answer: ModelAnswer) -> None:
        """Speeds from an answer; a moving mean."""
        with self._lock:
            for key, value in (
                ("prompt", answer.prompt_tokens_s),
                ("completion", answer.completion_tokens_s),
                ("load", answer.load_s if answer.load_s > _LOADING_S else None),
            ):
                if value is not None:
                    before = self._speeds.get(key)
                    self._speeds[key] = value if before is None else (1 - _NEW) * before + _NEW * value

    def health(self) -> Health:
        """What is known now."""
        with self._lock:
            speeds, failure, loaded = dict(self._speeds), self._last_failure, self._loaded()
        return Health(
            name=self._name,
            breaker=self._breaker.state,
            opens_again_s=self._breaker.opens_again_s,
            concurrency=self._admission.slots,
            running=self._admission.running,
            waiting=self._admission.waiting,
            loaded=loaded,
            load_s=speeds.get("load", 0.0),
            prompt_tokens_s=speeds.get("prompt"),
            completion_tokens_s=speeds.get("completion"),
            last_failure=failure,
        )

    def _counted(self, call: Callable[[float], T], left_s: float) -> T:
        began = self._clock()
        try:
            value = call(left_s)
        except BaseException as error:
            self._failed(error, took_s=self._clock() - began)
            raise
        self._answered(took_s=self._clock() - began)
        return value

    def _answered(self, *, took_s: float) -> None:
        self._breaker.succeeded(slow=took_s > self._slow_s)
        with self._lock:
            self._answered_at = self._clock()
            self._last_failure = ""

    def _failed(self, error: BaseException, *, took_s: float) -> None:
        if not isinstance(error, ModelError) or self._ran_out_of_our_time(error, took_s):
            self._breaker.learned_nothing()
            return
        kind = failure_kind(error)
        if is_ours(kind):
            if kind in ("schema_invalid", "truncated"):
                self._answered(took_s=took_s)
            else:
                self._breaker.learned_nothing()
            return
        self._breaker.failed(for_good=kind == "auth")
        with self._lock:
            self._last_failure = str(error)[:_SHOWN]

    def _ran_out_of_our_time(self, error: ModelError, took_s: float) -> bool:
        """The run's deadline was shorter than any limit of the model: not the model's fault."""
        return error.code == TIMEOUT and took_s < self._own_limit_s

    def _loaded(self) -> bool:
        if self._provider == "llamacpp":
            return self._answered_at is not None
        if self._provider == "ollama":
            return self._answered_at is not None and self._clock() - self._answered_at < _KEPT_S
        return True

    def _left_alone(self) -> ModelUnavailable:
        wait = self._breaker.opens_again_s
        with self._lock:
            why = f" Last: {self._last_failure}" if self._last_failure else ""
        return ModelUnavailable(
            f"{self._name!r} failed too often and is left alone for {wait:.0f} s.{why}",
            hint="Wait, or use another model; [router.health] says when this happens.",
            code=LEFT_ALONE,
        )

    def _overloaded(self, shed: Shed) -> ModelUnavailable:
        waited = f"waited {shed.waited_s:.0f} s" if shed.waited_s else f"would wait about {shed.expected_s:.0f} s"
        return ModelUnavailable(
            f"The queue for {self._name!r} is too long: this call {waited}.",
            hint="Try later, use another model, or raise queue_s or concurrency of the model.",
            code=OVERLOADED,
        )
