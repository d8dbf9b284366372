"""``clawdbot.toml``: found, read, overridden from the environment; errors in plain words."""

from clawdbot.config_file.reading import NAME, find, load

__all__ = ["NAME", "find", "load"]
