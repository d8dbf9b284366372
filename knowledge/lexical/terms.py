"""A question as weighted terms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Terms:
    """``own`` are the asker's, ``added`` what a glossary puts beside them; each has a weight above 0."""

    own: Mapping[str, float]
    added: Mapping[str, float] = field(default_factory=dict)

    def weights(self) -> dict[str, float]:
        """Every term with its weight; the asker's own counts where it is both."""
        return {**self.added, **self.own}
