"""Clawdbot: an agent that finishes office work on the person's own machine and proves it."""

__version__ = "0.1.0"
