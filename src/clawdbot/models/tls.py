"""The certificates that servers are checked with."""

from __future__ import annotations

import ssl
from functools import lru_cache

import httpx


@lru_cache(maxsize=1)
def certificates() -> ssl.SSLContext:
    """Read once: reading them takes longer than a call on this machine."""
    return httpx.create_ssl_context()
