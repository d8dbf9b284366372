"""The small office of the planner's tests."""

from __future__ import annotations

from tests.agents.conftest import mail, office

__all__ = ["mail", "office"]
