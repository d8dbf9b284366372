"""The fence around a run's effects, fixed before any untrusted text is read.

The brief compiles it from the goal and the configuration.  What documents, mails or query results say
can never widen it.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True, kw_only=True)
class Envelope:
    """What this run may do.  Empty sets allow nothing."""

    tools: frozenset[str] = frozenset()
    databases: frozenset[str] = frozenset()
    recipients: frozenset[str] = frozenset()
    """Addresses that the goal names (or its contacts resolve to); lower case."""
    allow_recipients: tuple[str, ...] = ()
    """Operator's allow-list: addresses or '*@domain'; others need a person's approval."""
    approved_recipients: frozenset[str] = frozenset()
    """Approved by a person for this run; lower case."""

    def may_mail(self, address: str) -> bool:
        """The goal named this address."""
        return address.lower() in self.recipients

    def needs_approval(self, address: str) -> bool:
        """Allowed by the goal, but not on the operator's list and not yet approved."""
        low = address.lower()
        if low in self.approved_recipients:
            return False
        return not any(fnmatchcase(low, pattern.lower()) for pattern in self.allow_recipients)
