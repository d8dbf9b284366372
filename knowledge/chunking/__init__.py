"""Documents into chunks: along headings, whole sentences, tables with their header."""

from clawdbot.knowledge.chunking.chunking import chunk

__all__ = ["chunk"]
