"""The way out to a model: masked for a cloud, asked within the call's limits, put back together.

Everything that leaves for a cloud model passes :meth:`Egress.ask`; a test holds this.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any

from jsonschema import Draft202012Validator
from langchain_core.messages import BaseMessage

from clawdbot.access.masking.masker import Masker
from clawdbot.access.masking.pseudonyms import Pseudonyms
from clawdbot.config import MaskingConfig
from clawdbot.errors import InvalidStep, ModelError
from clawdbot.models.calls.caller import Caller
from clawdbot.models.chat import Schema
from clawdbot.models.interface import ModelAnswer, Rung
from clawdbot.models.step_request import Question

_RUNS = 64
"""Runs whose pseudonyms are kept in memory; they come out the same when they are made anew."""


@dataclass(frozen=True, kw_only=True)
class Sent:
    """What leaves for a model; ``masked`` counts by kind what was replaced, None when nothing had to be looked for."""

    prompts: tuple[tuple[BaseMessage, ...], ...]
    schema: Schema | None
    max_tokens: int
    masked: Mapping[str, int] | None = None


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An answer under the question's own schema, or the shares of 'yes'; ``tries`` are calls over the network."""

    answer: ModelAnswer
    tries: int = 1
    yes: tuple[float, ...] | None = None


class Egress:
    """Asks rungs; thread-safe.  ``key_of`` gives the bytes that a run's pseudonyms are made with."""

    def __init__(
        self, caller: Caller, config: MaskingConfig, masker: Masker, *, key_of: Callable[[str], bytes]
    ) -> None:
        self._caller = caller
        self._config = config
        self._masker = masker
        self._key_of = key_of
        self._runs: OrderedDict[str, Pseudonyms] = OrderedDict()
        self._lock = Lock()

    def prepare(self, rung: Rung, question: Question, *, run_id: str) -> Sent:
        """What ``rung`` will be sent: for a cloud everything that masking knows is replaced."""
        if not (rung.cloud and self._config.enabled):
            return Sent(prompts=question.prompts, schema=question.schema, max_tokens=question.max_tokens)
        names = self._pseudonyms(run_id)
        prompts = tuple(tuple(_masked(m, names) for m in prompt) for prompt in question.prompts)
        schema: Schema | None = None if question.schema is None else names.mask(question.schema)
        return Sent(
            prompts=prompts,
            schema=schema,
            max_tokens=question.max_tokens,
            masked={str(kind): count for kind, count in names.counts.items()},
        )

    def ask(
        self,
        rung: Rung,
        sent: Sent,
        question: Question,
        *,
        run_id: str,
        deadline_s: float,
        patience_s: float | None = None,
    ) -> Reply | None:
        """The answer to what was prepared, with the originals back in it; None when the model cannot judge.

        ``patience_s`` is the most that may pass between two calls, when another model stands by.  Raises the ModelError
        of the last try; InvalidStep also when the answer is not valid with the originals.
        """
        if question.schema is None:
            return self._judged(rung, sent, deadline_s, patience_s)
        assert sent.schema is not None, "a question under a schema is sent under one"
        try:
            answer, tries = self._caller.ask(
                rung,
                sent.prompts[0],
                sent.schema,
                max_tokens=sent.max_tokens,
                deadline_s=deadline_s,
                patience_s=patience_s,
            )
        except ModelError as error:
            if sent.masked is not None:
                error.message = self._pseudonyms(run_id).restore(error.message)
            raise
        if sent.masked is None:
            return Reply(answer=answer, tries=tries)
        return Reply(answer=self._restored(answer, question.schema, run_id), tries=tries)

    def _judged(self, rung: Rung, sent: Sent, deadline_s: float, patience_s: float | None) -> Reply | None:
        began = time.monotonic()
        yes: list[float] = []
        tokens = 0
        for prompt in sent.prompts:
            left = deadline_s - (time.monotonic() - began)
            found = self._caller.judge(rung, prompt, deadline_s=max(0.1, left), patience_s=patience_s)
            if found is None:
                return None
            yes.append(found.yes)
            tokens += found.prompt_tokens
        answer = ModelAnswer(
            text="",
            value={},
            prompt_tokens=tokens,
            cached_tokens=0,
            completion_tokens=len(yes),
            ms=round((time.monotonic() - began) * 1000),
        )
        return Reply(answer=answer, yes=tuple(yes))

    def _restored(self, answer: ModelAnswer, schema: Schema, run_id: str) -> ModelAnswer:
        names = self._pseudonyms(run_id)
        value: dict[str, Any] = names.restore(answer.value)
        if not Draft202012Validator(schema).is_valid(value):
            raise InvalidStep(
                "The answer is not valid once the masked words are put back.",
                raw=answer.text,
                prompt_tokens=answer.prompt_tokens,
                completion_tokens=answer.completion_tokens,
            )
        return replace(answer, text=names.restore(answer.text), value=value)

    def _pseudonyms(self, run_id: str) -> Pseudonyms:
        with self._lock:
            found = self._runs.pop(run_id, None) or Pseudonyms(self._masker, self._key_of(run_id))
            self._runs[run_id] = found
            while len(self._runs) > _RUNS:
                self._runs.popitem(last=False)
            return found


def _masked(message: BaseMessage, names: Pseudonyms) -> BaseMessage:
    return message.model_copy(update={"content": names.mask(message.text)})


def plain(messages: Sequence[BaseMessage]) -> list[dict[str, str]]:
    """Role and content, as they are kept for a replay and as the key of a kept answer."""
    roles = {"system": "system", "ai": "assistant"}
    return [{"role": roles.get(message.type, "user"), "content": message.text} for message in messages]
