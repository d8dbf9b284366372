"""Two models behind one name, chosen by chance for each call."""

from __future__ import annotations

import random
from collections.abc import Generator

from langchain_core.messages import BaseMessage
from pydantic import Field, PrivateAttr

from clawdbot.models.chat import End, Judgement, Request, SchemaChat


class CoinChat(SchemaChat):
    """Each call goes to ``strong`` with the chance ``share``, else to ``small``; ``small_calls`` counts those."""

    small: SchemaChat
    strong: SchemaChat
    share: float = Field(ge=0, le=1)
    seed: int = 1
    _rng: random.Random = PrivateAttr()
    _small_calls: int = PrivateAttr(default=0)

    @property
    def _llm_type(self) -> str:
        return "coin"

    def model_post_init(self, context: object, /) -> None:
        """Seed the coin."""
        super().model_post_init(context)
        self._rng = random.Random(self.seed)

    @property
    def small_calls(self) -> int:
        """Calls that the small model got."""
        return self._small_calls

    def get_num_tokens(self, text: str) -> int:
        """As the small model counts."""
        return self.small.get_num_tokens(text)

    def answer(self, request: Request) -> Generator[str | End, None, None]:
        """The answer of the model that the coin shows."""
        yield from self._chosen().answer(request)

    def judge(self, messages: list[BaseMessage], *, timeout_s: float) -> Judgement | None:
        """The judgement of the model that the coin shows."""
        return self._chosen().judge(messages, timeout_s=timeout_s)

    def _chosen(self) -> SchemaChat:
        if self._rng.random() < self.share:
            return self.strong
        self._small_calls += 1
        return self.small
