"""What a prompt would show to a model: its label with the personal data in it, and without."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache

from clawdbot.access.masking.found import personal_label
from clawdbot.access.masking.masker import Masker
from clawdbot.config import LABELS, Label, MaskingConfig
from clawdbot.models.step_request import Question

_REMEMBERED = 512
"""Texts whose label is remembered: the beginning of a prompt comes again with each step."""


@dataclass(frozen=True, kw_only=True)
class Exposure:
    """``label`` of everything that the step can see; ``masked_label`` of what masking leaves of it."""

    label: Label
    masked_label: Label


class Sight:
    """Finds personal data in what models are asked.  Thread-safe."""

    def __init__(self, config: MaskingConfig, masker: Masker, *, looks: bool = True) -> None:
        """``looks`` False where nobody goes by what is found: no model is in a cloud, no rule asks for labels."""
        self._looks = looks
        self._masks = config.enabled
        self._label_of = lru_cache(maxsize=_REMEMBERED)(lambda text: personal_label(masker.find(text)))

    def of(self, question: Question, label: Label) -> Exposure:
        """The labels of a question about data of ``label``."""
        if not self._looks:
            return Exposure(label=label, masked_label=label)
        texts = [message.text for prompt in question.prompts for message in prompt]
        schema = json.dumps(question.schema, ensure_ascii=False)
        found = [self._label_of(text) for text in (*texts, schema)]
        whole = max(label, *found, key=LABELS.index)
        return Exposure(label=whole, masked_label=label if self._masks else whole)
