"""From a question to the passages that fit it and that the asker may see."""

from clawdbot.knowledge.retrieval.retriever import Retriever

__all__ = ["Retriever"]
