"""Recordings as paragraphs with times: Whisper (Radford et al., 2022, arXiv:2212.04356) run by CTranslate2."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from faster_whisper import WhisperModel  # type: ignore[import-untyped]  # it ships no types
from opencc import OpenCC

from clawdbot.errors import LoadFailed
from clawdbot.knowledge.speech.model import is_fetched, speech_folder
from clawdbot.knowledge.speech.paragraph import Paragraph, paragraphs
from clawdbot.knowledge.speech.recording import RATE, Samples, Window, windows

MOST_SECONDS = 4 * 3600.0
_CHINESE = "zh"
_PROMPT = "以下是普通话的句子，请加标点符号。"
"""Without such a beginning Whisper writes Chinese without punctuation, mostly in traditional characters."""
_UNSURE = -1.0
"""Mean log probability of an utterance's tokens below which Whisper's authors call it failed."""
_UNSURE_SHARE = 0.2


@dataclass(frozen=True, kw_only=True)
class Transcript:
    """What was said.  ``language`` is ISO 639-1, empty when nobody speaks; ``seconds`` were listened to."""

    paragraphs: tuple[Paragraph, ...]
    language: str
    seconds: float
    notes: tuple[str, ...] = ()


class Transcriber:
    """Listens to recordings in any format that FFmpeg reads; the model, below ``models``, is loaded when needed."""

    def __init__(self, models: Path) -> None:
        self._models = models
        self._simplified = OpenCC("t2s")

    def transcribe(self, file: BinaryIO, *, most_seconds: float = MOST_SECONDS) -> Transcript:
        """The words of a recording in its own language; LoadFailed when it has no sound or the model is missing."""
        language, seconds, unsure = "", 0.0, 0
        said: list[Paragraph] = []
        for window in windows(file, most_seconds=most_seconds):
            seconds = window.start + window.samples.size / RATE
            language = language or self._language(window.samples)
            for utterance, sure in self._utterances(window, language):
                said.append(utterance)
                unsure += not sure
        notes = []
        if seconds >= most_seconds:
            notes.append(f"only the first {most_seconds / 3600:g} hours of the recording are loaded")
        if not said:
            notes.append("nobody speaks in the recording")
        elif unsure > _UNSURE_SHARE * len(said):
            notes.append(f"{unsure} of {len(said)} utterances were hard to understand")
        return Transcript(
            paragraphs=tuple(paragraphs(said, language=language)),
            language=language if said else "",
            seconds=seconds,
            notes=tuple(notes),
        )

    def _language(self, samples: Samples) -> str:
        language: str = self._model.detect_language(samples, vad_filter=True)[0] if samples.any() else ""
        return language

    def _utterances(self, window: Window, language: str) -> Iterator[tuple[Paragraph, bool]]:
        if not language:
            return
        chinese = language == _CHINESE
        found, _ = self._model.transcribe(
            window.samples,
            language=language,
            initial_prompt=_PROMPT if chinese else None,
            condition_on_previous_text=False,  # one misheard sentence would otherwise be repeated to the end
            vad_filter=True,
        )
        for segment in found:
            text = segment.text.strip()
            if not text or (chinese and text in _PROMPT):
                continue
            yield (
                Paragraph(
                    text=self._simplified.convert(text) if chinese else text,
                    start=window.start + segment.start,
                    end=window.start + segment.end,
                ),
                segment.avg_logprob > _UNSURE,
            )

    @cached_property
    def _model(self) -> WhisperModel:
        if not is_fetched(self._models):
            raise LoadFailed(
                "The speech model is not on this machine.", hint="Get it with: clawdbot models pull whisper-base"
            )
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        return WhisperModel(
            str(speech_folder(self._models)),
            device="cpu",
            compute_type="int8",
            cpu_threads=min(4, cores),
            local_files_only=True,
        )
