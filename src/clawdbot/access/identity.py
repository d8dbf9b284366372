"""Who asks: a user and the groups of that user, as the access lists of documents name them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

EVERYONE = "everyone"
"""The principal that every user is."""


@dataclass(frozen=True, kw_only=True)
class Identity:
    """A user with groups.  Build it with :meth:`of`, which looks the groups up."""

    user: str
    groups: frozenset[str] = frozenset()

    @classmethod
    def of(cls, user: str, groups: Mapping[str, Sequence[str]]) -> Identity:
        """The user with every group of ``[groups]`` that lists this name."""
        return cls(user=user, groups=frozenset(name for name, members in groups.items() if user in members))

    @property
    def principals(self) -> frozenset[str]:
        """What an access list may hold to let this user in: 'everyone', 'user:NAME', 'group:NAME'."""
        return frozenset({EVERYONE, f"user:{self.user}", *(f"group:{name}" for name in self.groups)})

    def may_see(self, access: Sequence[str]) -> bool:
        """The access list names this user, a group of the user, or everyone.  An empty list lets nobody in."""
        return not self.principals.isdisjoint(access)
