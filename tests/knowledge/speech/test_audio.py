"""Recordings as documents.  What needs the model runs where it was pulled into the default [app] home."""

from __future__ import annotations

import importlib
import shutil
import subprocess
import sys
import wave
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from rapidfuzz.distance import Levenshtein

from clawdbot.config import AppConfig, Config, KnowledgeConfig
from clawdbot.errors import LoadFailed
from clawdbot.knowledge.loaders.audio import load
from clawdbot.knowledge.loaders.limits import LoadLimits
from clawdbot.knowledge.loading.loading import Loading
from clawdbot.knowledge.speech.model import is_fetched

MODELS = AppConfig().home / "models"
ENGLISH = "The invoice must be paid within thirty days. Please send it to the finance department."
TRANSCRIBER = "clawdbot.knowledge.speech.transcriber"

needs_extra = pytest.mark.skipif(
    find_spec("faster_whisper") is None or find_spec("opencc") is None, reason="the extra 'speech' is not installed"
)
needs_model = pytest.mark.skipif(
    not is_fetched(MODELS), reason="the speech model is not here: clawdbot models pull whisper-base"
)
needs_voice = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")


def written(path: Path, samples: bytes, *, rate: int = 16_000) -> Path:
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(samples)
    return path


def silence(folder: Path, seconds: float) -> Path:
    return written(folder / "silence.wav", bytes(round(seconds * 16_000) * 2))


def test_without_the_extra_the_reason_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, TRANSCRIBER, raising=False)
    monkeypatch.setitem(sys.modules, "faster_whisper", None)
    with pytest.raises(LoadFailed, match=r"not installed.*clawdbot\[speech\]"):
        load(silence(tmp_path, 1).read_bytes(), LoadLimits())


@needs_extra
def test_without_the_model_the_reason_says_how_to_get_it(tmp_path: Path) -> None:
    noise = (np.random.default_rng(0).normal(size=16_000) * 3000).astype("<i2").tobytes()
    with pytest.raises(LoadFailed, match="models pull whisper-base"):
        load(written(tmp_path / "noise.wav", noise).read_bytes(), LoadLimits(), models=tmp_path)


@needs_extra
def test_silence_needs_no_model(tmp_path: Path) -> None:
    heard = load(silence(tmp_path, 2).read_bytes(), LoadLimits(), models=tmp_path)
    assert heard.blocks == () and heard.notes == ("nobody speaks in the recording",)
    assert heard.metadata == {"language": "", "seconds": 2.0}


def spoken(folder: Path) -> tuple[int, bytes]:
    """Rate and samples of the English text, read out."""
    path = folder / "spoken.wav"
    subprocess.run(["espeak-ng", "-v", "en-us", "-s", "140", "-w", str(path), ENGLISH], check=True)
    with wave.open(str(path)) as file:
        return file.getframerate(), file.readframes(file.getnframes())


def words(text: str) -> list[str]:
    return text.lower().replace(".", "").replace(",", "").split()


@needs_extra
@needs_model
@needs_voice
def test_a_recording_that_is_too_long_is_heard_to_its_limit(tmp_path: Path) -> None:
    rate, samples = spoken(tmp_path)
    transcriber = importlib.import_module(TRANSCRIBER).Transcriber(MODELS)
    with written(tmp_path / "long.wav", samples, rate=rate).open("rb") as file:
        heard = transcriber.transcribe(file, most_seconds=3.0)
    assert heard.seconds == 3.0 and "only the first" in heard.notes[0]
    assert heard.language == "en" and words(heard.paragraphs[0].text)[:2] == ["the", "invoice"]


@needs_extra
@needs_model
@needs_voice
def test_speech_becomes_paragraphs_with_times(tmp_path: Path) -> None:
    rate, samples = spoken(tmp_path)
    path = written(tmp_path / "twice.wav", samples + bytes(2 * rate * 4) + samples, rate=rate)
    config = Config(app=AppConfig(home=MODELS.parent), knowledge=KnowledgeConfig(load_timeout_s=300))
    with Loading.from_config(config) as loading:
        heard = loading.load(path)
    assert heard.metadata["language"] == "en"
    assert [block.kind for block in heard.blocks] == ["paragraph", "paragraph"]
    assert heard.blocks[0].part < "00:00:02" < "00:00:07" < heard.blocks[1].part
    for block in heard.blocks:
        assert Levenshtein.distance(words(ENGLISH), words(block.text)) <= 0.35 * len(words(ENGLISH))
