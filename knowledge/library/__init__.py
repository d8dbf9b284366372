"""The library of documents in SQL, which indexes and answers stand on."""

from clawdbot.knowledge.library.library import Library

__all__ = ["Library"]
