"""What masking is compared with: the patterns that everybody writes, and Presidio's recognizers without a model."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.masking.people import WORDS

Finder = Callable[[str], list[tuple[str, int, int]]]
"""Text -> (kind, start, end)."""

PRESIDIO_FOLDER = Path(".cache/benchmarks/presidio")
"""``pip install --target .cache/benchmarks/presidio presidio-analyzer``; no language model is needed."""

_PLAIN = {
    "resident_id": re.compile(r"\b\d{17}[\dXx]\b|\b\d{15}\b"),
    "credit_code": re.compile(r"\b[0-9A-HJ-NPQRTUWXY]{2}\d{6}[0-9A-HJ-NPQRTUWXY]{10}\b"),
    "phone": re.compile(r"\b1[3-9]\d{9}\b|\b0\d{2,3}-\d{7,8}\b"),
    "bank_card": re.compile(r"\b\d{16,19}\b"),
    "mail_address": re.compile(r"\b[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}\b"),
    "passport": re.compile(r"\b[EG]\d{8}\b|\b[A-Z]{1,2}\d{7,8}\b"),
    "secret": re.compile(
        r"\bsk-[A-Za-z0-9-]{20,}|\bghp_\w{36}|\bAKIA[0-9A-Z]{16}|(?<=password=)\S+|\beyJ[\w-]+\.[\w-]+\.[\w-]+"
    ),
    "word": re.compile("|".join(map(re.escape, WORDS))),
}
_ENTITIES = {
    "EMAIL_ADDRESS": "mail_address", "CREDIT_CARD": "bank_card", "PHONE_NUMBER": "phone", "US_PASSPORT": "passport",
}  # fmt: skip


def plain(text: str) -> list[tuple[str, int, int]]:
    """Patterns as they stand in a hundred projects."""
    return [(kind, *match.span()) for kind, pattern in _PLAIN.items() for match in pattern.finditer(text)]


def presidio() -> tuple[Finder, str] | str:
    """Presidio's recognizers that need no language model, with the version; or why there are none.

    It has none for Chinese identity numbers, credit codes, passports, UnionPay cards or keys.
    """
    sys.path.append(str(PRESIDIO_FOLDER.resolve()))
    try:
        # Its check of domains would fetch the list of suffixes from the network; the list that it brings does as well.
        domains: Any = importlib.import_module("tldextract")
        domains.extract = domains.TLDExtract(suffix_list_urls=())
        recognizers = list(_recognizers(importlib.import_module("presidio_analyzer.predefined_recognizers")))
        version = importlib.import_module("importlib.metadata").version("presidio-analyzer")
    except ImportError as error:
        return f"presidio-analyzer is not in {PRESIDIO_FOLDER} ({error})"

    def find(text: str) -> list[tuple[str, int, int]]:
        found = []
        for recognizer in recognizers:
            for one in recognizer.analyze(text, recognizer.supported_entities, None) or ():
                found.append((_ENTITIES[one.entity_type], one.start, one.end))
        return found

    return find, version


def _recognizers(module: Any) -> Iterator[Any]:
    yield module.EmailRecognizer()
    yield module.CreditCardRecognizer()
    yield module.PhoneRecognizer(supported_regions=("CN", "US", "GB"))
    yield module.UsPassportRecognizer()
