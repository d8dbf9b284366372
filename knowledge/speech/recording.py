"""The sound of a recording, decoded piece by piece so that its length costs no memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import av
import numpy as np
import numpy.typing as npt
from av.audio.resampler import AudioResampler

from clawdbot.errors import LoadFailed

RATE = 16_000
"""Samples a second, as Whisper takes them."""

Samples = npt.NDArray[np.float32]

_WINDOW_S = 600
_CUT_S = 30
"""A long recording is cut at the quietest place of the last seconds of each window, not within a word."""
_QUIET = RATE // 5
_FULL = 32768.0


@dataclass(frozen=True, kw_only=True)
class Window:
    """A piece of the recording: mono, values from -1 to 1, beginning at ``start`` seconds."""

    start: float
    samples: Samples


def windows(file: BinaryIO, *, most_seconds: float) -> Iterator[Window]:
    """The first ``most_seconds`` of a recording, in pieces of ten minutes at most; LoadFailed when it has no sound."""
    held = np.empty(0, np.int16)
    done = 0
    for piece in _decoded(file):
        held = np.concatenate([held, piece])
        if done + held.size >= most_seconds * RATE:
            held = held[: round(most_seconds * RATE) - done]
            break
        if held.size >= _WINDOW_S * RATE:
            cut = _quietest(held)
            yield _window(done, held[:cut])
            done, held = done + cut, held[cut:]
    if held.size:
        yield _window(done, held)


def _decoded(file: BinaryIO) -> Iterator[npt.NDArray[np.int16]]:
    resampler = AudioResampler(format="s16", layout="mono", rate=RATE)
    try:
        with av.open(file, mode="r", metadata_errors="ignore") as container:
            if not container.streams.audio:
                raise LoadFailed("The recording has no sound.", hint="Leave it out, or get another copy.")
            gathered: list[npt.NDArray[np.int16]] = []
            for frame in container.decode(audio=0):
                frame.pts = None  # gaps and jumps in a stream's clock are not silence
                gathered += [part.to_ndarray()[0] for part in resampler.resample(frame)]
                if sum(part.size for part in gathered) > 10 * RATE:
                    yield np.concatenate(gathered)
                    gathered = []
            gathered += [part.to_ndarray()[0] for part in resampler.resample(None)]
            if gathered:
                yield np.concatenate(gathered)
    except av.error.FFmpegError as error:
        raise LoadFailed(
            f"The recording is damaged or of an unknown kind ({error.strerror}).", hint="Save it as MP3 or WAV."
        ) from error


def _quietest(samples: npt.NDArray[np.int16]) -> int:
    tail = samples[-_CUT_S * RATE :].astype(np.float32)
    loud = np.abs(tail[: tail.size // _QUIET * _QUIET]).reshape(-1, _QUIET).mean(axis=1)
    return samples.size - tail.size + int(loud.argmin()) * _QUIET + _QUIET // 2


def _window(done: int, samples: npt.NDArray[np.int16]) -> Window:
    return Window(start=done / RATE, samples=samples.astype(np.float32) / _FULL)
