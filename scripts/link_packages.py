"""Give an editable install the package names of the wheel, through links in ``.links/clawdbot/``.

The wheel maps ``agents/``, ``tools/``, ``workflows/`` and ``knowledge/`` into ``clawdbot`` (pyproject.toml);
an editable install cannot rewrite paths, so the same names are made as git-ignored links.  Hatchling calls
:class:`LinkPackages` for editable builds; ``python scripts/link_packages.py`` refreshes the links by hand.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PACKAGES = ("agents", "tools", "workflows", "knowledge")


def link_packages(root: Path) -> Path:
    """Make ``root/.links/clawdbot`` mirror the wheel's ``clawdbot`` package; stale links go away.

    Raises OSError where the file system has no symbolic links.
    """
    folder = root / ".links" / "clawdbot"
    folder.mkdir(parents=True, exist_ok=True)
    targets = {entry.name: entry for entry in (root / "src" / "clawdbot").iterdir() if entry.name != "__pycache__"}
    targets |= {name: root / name for name in PACKAGES}
    for entry in folder.iterdir():
        if entry.is_symlink() and entry.name not in targets:
            entry.unlink()
    for name, target in targets.items():
        link, relative = folder / name, Path("../..") / target.relative_to(root)
        if link.is_symlink() and link.readlink() == relative:
            continue
        link.unlink(missing_ok=True)
        link.symlink_to(relative, target_is_directory=target.is_dir())
    return folder


class LinkPackages(BuildHookInterface[Any]):
    """Hatchling build hook (https://hatch.pypa.io/latest/plugins/build-hook/custom/)."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make the links when the build is an editable one."""
        if version == "editable":
            link_packages(Path(self.root))


if __name__ == "__main__":
    link_packages(Path(__file__).resolve().parent.parent)
