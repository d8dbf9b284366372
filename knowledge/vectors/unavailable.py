"""Why a vector index does not answer.  None of it loses anything: the library has all that an index held."""

from __future__ import annotations

from clawdbot.errors import KnowledgeError


class IndexUnavailable(KnowledgeError):
    """The vector index cannot be used now; search is exact meanwhile."""

    code = "index_unavailable"


class ChromaFailed(IndexUnavailable):
    """Chroma does not open, read or write its folder."""


class IndexClosing(IndexUnavailable):
    """The process that owns the index is letting it go; another one may take it."""


class OwnerGone(IndexUnavailable):
    """Nobody listens, or the owner went away while it worked: whoever asks may become the owner."""


class OwnerSilent(IndexUnavailable):
    """The owner lives and gives no sign of life."""


class OwnerFailed(IndexUnavailable):
    """The owner cannot do what it is asked, and says why."""
