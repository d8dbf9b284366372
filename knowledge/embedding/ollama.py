"""Embedding models that an Ollama server runs (POST /api/embed)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from functools import cached_property

import numpy as np
import stamina

from clawdbot.config import ModelConfig
from clawdbot.errors import ContextOverflow, EmbeddingError, ModelError, ModelUnavailable
from clawdbot.knowledge.embedding.embedder import Vectors
from clawdbot.knowledge.embedding.prefixes import prefixes
from clawdbot.models.ollama_server import OllamaServer
from clawdbot.models.tokens import estimate_tokens
from clawdbot.models.unavailable import BUSY

_BATCH = 32  # texts in one request: large enough for the server, small enough to lose little when it fails
_ATTEMPTS = 4
_COLLECTION_NAME = 63
_PROBE = "dimension"


class OllamaEmbedder:
    """A model of ``[models.NAME]``.  Its dimension and revision are asked of the server when they are first needed.

    A text that is too long for the model is embedded in halves, so that nothing of it is lost silently.
    """

    def __init__(self, config: ModelConfig) -> None:
        self._model = config.model
        self._timeout_s = config.timeout_s
        self._server = OllamaServer(config.base_url)
        self._query_prefix, self._passage_prefix = prefixes(config.model)
        options = dict(config.options)
        self._keep_alive = options.pop("keep_alive", "15m")
        self._options = options
        self._learned: int | None = None  # the dimension, from the first answer

    @property
    def collection(self) -> str:
        ends = f"-{self._revision}-{self.dimension}"
        name = re.sub(r"[^a-zA-Z0-9._-]+", "-", f"ollama-{self._model}")
        return name[: _COLLECTION_NAME - len(ends)] + ends

    @property
    def dimension(self) -> int:
        if self._learned is None:
            self._whole([_PROBE])
        assert self._learned is not None
        return self._learned

    def passages(self, texts: Sequence[str]) -> Vectors:
        if not texts:
            return np.empty((0, self.dimension), np.float32)
        prefixed = [self._passage_prefix + text for text in texts]
        return np.concatenate([self._vectors(prefixed[at : at + _BATCH]) for at in range(0, len(texts), _BATCH)])

    def query(self, text: str) -> Vectors:
        vector: Vectors = self._vectors([self._query_prefix + text])[0]
        return vector

    def tokens(self, text: str) -> int:
        return estimate_tokens(text)  # the server tells only what it has already embedded

    @cached_property
    def _revision(self) -> str:
        """Changes with the weights and with what is put in front of a text: both change the vectors."""
        try:
            digest = self._server.digest(self._model)
        except ModelError as error:
            raise _as_embedding_error(error) from error
        if not digest:
            raise EmbeddingError(
                f"Ollama has no model {self._model!r}.", hint=f"Get it with: ollama pull {self._model}"
            )
        known = f"{digest}\n{self._query_prefix}\n{self._passage_prefix}"
        return hashlib.sha256(known.encode()).hexdigest()[:8]

    def _vectors(self, texts: list[str]) -> Vectors:
        """Unit vectors, shape (texts, dimension)."""
        found = np.array(self._whole(texts), np.float64)
        lengths = np.linalg.norm(found, axis=1, keepdims=True)
        if not np.isfinite(lengths).all() or not lengths.all():
            raise EmbeddingError(
                f"{self._model!r} answered with a vector that has no direction.",
                hint="Update Ollama, or choose another model in [knowledge] embedding.",
            )
        unit: Vectors = (found / lengths).astype(np.float32)
        return unit

    def _whole(self, texts: list[str]) -> list[list[float]]:
        try:
            found = self._ask(texts)
        except ContextOverflow as error:
            # The server does not say which text it was.
            if len(texts) > 1:
                middle = len(texts) // 2
                return self._whole(texts[:middle]) + self._whole(texts[middle:])
            if len(texts[0]) < 2:
                raise _as_embedding_error(error) from error
            return [self._in_halves(texts[0])]
        self._learned = self._learned or len(found[0])
        for vector in found:
            if len(vector) != self._learned:
                raise EmbeddingError(
                    f"{self._model!r} answered with {len(vector)} dimensions, before with {self._learned}.",
                    hint="The model was changed on the server: run clawdbot knowledge rebuild.",
                )
        return found

    def _in_halves(self, text: str) -> list[float]:
        middle = len(text) // 2
        one, other = (np.array(self._whole([part])[0]) for part in (text[:middle], text[middle:]))
        mean: list[float] = ((one * middle + other * (len(text) - middle)) / len(text)).tolist()
        return mean

    def _ask(self, texts: list[str]) -> list[list[float]]:
        """One request, again while the server is busy; EmbeddingError, or ContextOverflow for what is too long."""
        more = {"keep_alive": self._keep_alive, **({"options": self._options} if self._options else {})}
        patiently = stamina.RetryingCaller(attempts=_ATTEMPTS, timeout=self._timeout_s).on(_is_busy)
        try:
            return patiently(self._server.embed, self._model, texts, timeout_s=self._timeout_s, **more)
        except ContextOverflow:
            raise
        except ModelError as error:
            raise _as_embedding_error(error) from error


def _is_busy(error: Exception) -> bool:
    return isinstance(error, ModelUnavailable) and error.code == BUSY


def _as_embedding_error(error: ModelError) -> EmbeddingError:
    return EmbeddingError(error.message, hint=error.hint)
