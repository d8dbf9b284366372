"""The one way to a model: admitted, within its deadline, counted by the breaker, and repeated when that may help."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import stamina
from langchain_core.messages import BaseMessage

from clawdbot.config import ModelConfig, RouterConfig
from clawdbot.errors import ModelError, ModelUnavailable
from clawdbot.models import interruption
from clawdbot.models.calls.endpoint import Endpoint
from clawdbot.models.calls.health import Health
from clawdbot.models.calls.pause import pause_s
from clawdbot.models.calls.retry_budget import RetryBudget
from clawdbot.models.chat import Judgement, Schema, SchemaChat
from clawdbot.models.interface import ModelAnswer, Rung, complete_step

T = TypeVar("T")

_Key = tuple[str, ...]


class Caller:
    """Asks models; one for the process, thread-safe.  ``clock`` is monotonic and in seconds.

    Names in ``models`` that mean the same model at the same place share a breaker and a queue.
    """

    def __init__(
        self,
        router: RouterConfig,
        models: Mapping[str, ModelConfig],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._router = router
        self._models = models
        self._clock = clock
        self._budget = RetryBudget(router.retries.budget)
        self._lock = threading.Lock()
        self._endpoints: dict[_Key, Endpoint] = {}

    def ask(
        self,
        rung: Rung,
        messages: Sequence[BaseMessage],
        schema: Schema,
        *,
        max_tokens: int,
        deadline_s: float,
        patience_s: float | None = None,
    ) -> tuple[ModelAnswer, int]:
        """One step of ``rung`` within ``deadline_s``, and how many calls it took.

        ``patience_s`` is the most that may pass between two calls while another rung stands by; unset: none does.
         Raises the ModelError of the last call with ``tries``; an InvalidStep is never asked again here.
        """

        def once(left_s: float) -> ModelAnswer:
            return complete_step(rung, messages, schema, max_tokens=max_tokens, deadline_s=left_s)

        endpoint = self._endpoint(rung.name)
        answer, tries = self._repeated(endpoint, once, deadline_s=deadline_s, patience_s=patience_s)
        endpoint.learn(answer)
        return answer, tries

    def judge(
        self, rung: Rung, messages: Sequence[BaseMessage], *, deadline_s: float, patience_s: float | None = None
    ) -> Judgement | None:
        """A yes-no judgement on the same way; None when the model cannot judge."""
        chat = rung.chat
        if not isinstance(chat, SchemaChat):
            return None

        def once(left_s: float) -> Judgement | None:
            return chat.judge(list(messages), timeout_s=left_s)

        found, _ = self._repeated(self._endpoint(rung.name), once, deadline_s=deadline_s, patience_s=patience_s)
        return found

    def health(self, name: str) -> Health:
        """What is known of the model ``name`` now; nothing is asked."""
        return self._endpoint(name).health()

    def _repeated(
        self,
        endpoint: Endpoint,
        once: Callable[[float], T],
        *,
        deadline_s: float,
        patience_s: float | None,
    ) -> tuple[T, int]:
        until = self._clock() + deadline_s
        tries = 0

        def again(error: Exception) -> bool | float:
            left = until - self._clock()
            wait = pause_s(error, tried=tries, left_s=left, config=self._router.retries, patience_s=patience_s)
            return wait if wait is not None and not endpoint.is_open and self._budget.spend() else False

        self._budget.earn()
        try:
            for attempt in stamina.retry_context(on=again, attempts=self._router.retries.attempts, timeout=None):
                with attempt:
                    interruption.check()
                    tries += 1
                    return endpoint.run(once, until=until), tries
        except ModelError as error:
            error.tries = tries
            raise
        raise ModelUnavailable("The model was not asked.")  # unreachable: the last attempt returns or raises

    def _endpoint(self, name: str) -> Endpoint:
        settings = self._models.get(name)
        key = _place(name, settings)
        with self._lock:
            if key not in self._endpoints:
                self._endpoints[key] = Endpoint(name, settings, self._router.health, self._clock)
            return self._endpoints[key]


def _place(name: str, settings: ModelConfig | None) -> _Key:
    if settings is None:
        return (name,)
    options = settings.options
    url = settings.base_url or str(options.get("base_url", ""))
    model = str(options.get("model") or options.get("model_name") or "")
    if not url and not model and settings.provider == "langchain":
        return (name,)  # nothing says where it lives
    return (settings.provider, url, str(settings.path or ""), settings.model, model)
