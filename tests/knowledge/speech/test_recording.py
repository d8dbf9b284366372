"""Decoding recordings in the formats that people have."""

from __future__ import annotations

import io
import wave
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest

from clawdbot.errors import LoadFailed

av = pytest.importorskip("av", reason="the extra 'speech' is not installed")
recording = pytest.importorskip("clawdbot.knowledge.speech.recording", reason="the extra 'speech' is not installed")

RATE = 16_000


def tone(seconds: float, *, rate: int = 44_100) -> npt.NDArray[np.int16]:
    return (np.sin(np.arange(round(seconds * rate)) * 2 * np.pi * 440 / rate) * 12_000).astype(np.int16)


def wav(samples: npt.NDArray[np.int16], *, rate: int = 44_100, channels: int = 1) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(np.repeat(samples, channels).astype("<i2").tobytes())
    return file.getvalue()


def encoded(samples: npt.NDArray[np.int16], *, container: str, codec: str) -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format=container) as out:
        stream = out.add_stream(codec, rate=48_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
        frame.rate = 44_100
        resampler = av.AudioResampler(format=stream.format, layout="mono", rate=48_000)
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            out.mux(stream.encode(part))
        out.mux(stream.encode(None))
    return file.getvalue()


FORMATS: dict[str, Callable[[npt.NDArray[np.int16]], bytes]] = {
    "wav": wav,
    "stereo": lambda samples: wav(samples, channels=2),
    "mp3": lambda samples: encoded(samples, container="mp3", codec="libmp3lame"),
    "m4a": lambda samples: encoded(samples, container="ipod", codec="aac"),
    "ogg": lambda samples: encoded(samples, container="ogg", codec="libopus"),
}


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_becomes_the_same_sound(kind: str) -> None:
    (window,) = recording.windows(io.BytesIO(FORMATS[kind](tone(3.0))), most_seconds=60)
    assert window.start == 0.0 and window.samples.dtype == np.float32
    assert abs(window.samples.size / RATE - 3.0) < 0.12
    assert 0.2 < np.abs(window.samples).max() < 0.6
    heard = np.fft.rfftfreq(window.samples.size, 1 / RATE)[np.abs(np.fft.rfft(window.samples)).argmax()]
    assert abs(heard - 440) < 2


def test_a_long_recording_comes_in_pieces_cut_where_it_is_quiet() -> None:
    rate = 8_000
    sound = tone(1300.0, rate=rate)
    sound[592 * rate : 593 * rate] = 0
    pieces = list(recording.windows(io.BytesIO(wav(sound, rate=rate)), most_seconds=7200))
    assert len(pieces) == 3 and 592 <= pieces[1].start <= 593
    for one, next_one in pairwise(pieces):
        assert one.start + one.samples.size / RATE == pytest.approx(next_one.start)
    assert pieces[-1].start + pieces[-1].samples.size / RATE == pytest.approx(1300, abs=0.1)


def test_listening_stops_at_the_limit() -> None:
    (window,) = recording.windows(io.BytesIO(wav(tone(30.0))), most_seconds=12.5)
    assert window.samples.size == 12.5 * RATE


@pytest.mark.parametrize("data", [b"", b"hello " * 100, b"ID3" + bytes(3000), wav(tone(1.0))[:30]])
def test_what_is_no_recording_is_refused(data: bytes) -> None:
    with pytest.raises(LoadFailed, match=r"damaged or of an unknown kind.*MP3 or WAV"):
        list(recording.windows(io.BytesIO(data), most_seconds=60))


def test_a_video_without_sound_is_refused() -> None:
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as out:
        stream = out.add_stream("mpeg4", rate=5)
        stream.width = stream.height = 32
        for _ in range(5):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")))
        out.mux(stream.encode(None))
    with pytest.raises(LoadFailed, match="no sound"):
        list(recording.windows(io.BytesIO(file.getvalue()), most_seconds=60))


def test_a_recording_that_was_cut_off_gives_what_there_is() -> None:
    whole = FORMATS["mp3"](tone(10.0))
    heard = sum(w.samples.size for w in recording.windows(io.BytesIO(whole[: len(whole) // 2]), most_seconds=60))
    assert 4.0 < heard / RATE < 6.0
