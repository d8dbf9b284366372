"""How long runs may take to stop, once they are told to."""

from __future__ import annotations

GRACE_S = 10.0
"""Seconds to reach the next safe place; then their worker ends without them, and others go on with them."""
