"""The packaged networks: PaddleOCR's PP-OCRv6 (small), Apache-2.0, checked before use.

They come with the distribution ``rapidocr``, of which nothing is imported: its pipeline loses lines of crisp pages
and takes twice the memory (docs/adr/0012-ocr-and-speech.md).
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import numpy as np
import numpy.typing as npt
from onnxruntime import InferenceSession, SessionOptions  # type: ignore[import-untyped]  # it ships no types

from clawdbot.errors import KnowledgeError

Pixels = npt.NDArray[np.float32]

_DISTRIBUTION = "rapidocr"
_MEND = "Install the tested one: pip install 'rapidocr==3.10.0'. Or set [knowledge] ocr = false."
_ONLY_ERRORS = 3
_MOST_THREADS = 4


@dataclass(frozen=True, kw_only=True)
class NetworkFile:
    """A file of the distribution, and what its bytes must be."""

    name: str
    sha256: str


DETECTOR = NetworkFile(
    name="rapidocr/models/PP-OCRv6_det_small.onnx",
    sha256="090f04abcd9d9a7498bc4ebf677e4cb9bdce1fe4197ddb7e529f1ef44e1ff94f",
)
RECOGNISER = NetworkFile(
    name="rapidocr/models/PP-OCRv6_rec_small.onnx",
    sha256="6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884",
)


class Network:
    """One network on as many threads as this process may use, at most four; KnowledgeError when it is not usable."""

    def __init__(self, file: NetworkFile, *, distribution_name: str = _DISTRIBUTION) -> None:
        options = SessionOptions()
        options.intra_op_num_threads = min(_MOST_THREADS, _usable_cores())
        options.inter_op_num_threads = 1
        # Lines differ in width: an arena would keep a block for each size that ever occurred.
        options.enable_cpu_mem_arena = False
        options.log_severity_level = _ONLY_ERRORS
        # Threads that wait by spinning take the cores from the rest of the machine.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        weights = _weights(file, distribution_name)
        self._session = InferenceSession(weights, options, providers=["CPUExecutionProvider"])
        self._input: str = self._session.get_inputs()[0].name

    def run(self, picture: Pixels) -> Pixels:
        """The output for one picture of shape ``(height, width, 3)``, blue first, values 0 to 255."""
        given = np.ascontiguousarray((picture / 127.5 - 1).transpose(2, 0, 1)[None])
        answer: Pixels = self._session.run(None, {self._input: given})[0][0]
        return answer

    @property
    def classes(self) -> tuple[str, ...]:
        """What a recogniser's classes stand for: first the blank one, last the space between words."""
        listed = self._session.get_modelmeta().custom_metadata_map["character"].split("\n")
        count: int = self._session.get_outputs()[0].shape[-1]
        return ("", *listed[: count - 2], " ")


def _weights(file: NetworkFile, distribution_name: str) -> bytes:
    try:
        weights = Path(str(distribution(distribution_name).locate_file(file.name))).read_bytes()
    except (PackageNotFoundError, OSError) as error:
        raise KnowledgeError(f"Pictures cannot be read: {file.name!r} is missing.", hint=_MEND) from error
    if hashlib.sha256(weights).hexdigest() != file.sha256:
        raise KnowledgeError(
            f"Pictures cannot be read: {file.name!r} is another file than this version was tested with.", hint=_MEND
        )
    return weights


def _usable_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
