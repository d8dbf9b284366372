"""What well-known embedding models want in front of a question and of a passage."""

from __future__ import annotations

_REPRESENT = "Represent this sentence for searching relevant passages: "
_PREFIXES = {
    "bge-large": (_REPRESENT, ""),
    "embeddinggemma": ("task: search result | query: ", "title: none | text: "),
    "mxbai-embed-large": (_REPRESENT, ""),
    "nomic-embed-text": ("search_query: ", "search_document: "),
    "nomic-embed-text-v2-moe": ("search_query: ", "search_document: "),
    "qwen3-embedding": ("Instruct: Given a question, retrieve passages that answer it\nQuery: ", ""),
    "snowflake-arctic-embed": (_REPRESENT, ""),
    "snowflake-arctic-embed2": ("query: ", ""),
}
"""Name in Ollama's library -> before a question, before a passage; from the models' cards."""


def prefixes(model: str) -> tuple[str, str]:
    """The prefixes of a model by its tag, for example 'nomic-embed-text:v1.5'; empty ones for an unknown model."""
    name = model.lower().rpartition("/")[2].partition(":")[0]
    if name in _PREFIXES:
        return _PREFIXES[name]
    return ("query: ", "passage: ") if "e5-" in name else ("", "")
