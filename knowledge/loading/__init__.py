"""Loading files that nobody vouches for, in a process that may be lost."""

from clawdbot.knowledge.loading.bounds import ProcessBounds
from clawdbot.knowledge.loading.loading import Loading

__all__ = ["Loading", "ProcessBounds"]
