"""The small office of the planner's tests, and the ledger on both of its databases."""

from __future__ import annotations

from tests.agents.conftest import mail, office
from tests.store.conftest import ledger, ledger_url, postgres
from tests.workflows.shared_office import opened

__all__ = ["ledger", "ledger_url", "mail", "office", "opened", "postgres"]
