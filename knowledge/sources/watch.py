"""Noticing changes: folders by the system's own notices, everything else by looking from time to time."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import watchfiles

from clawdbot.knowledge.sources.files import FilesSource
from clawdbot.knowledge.sources.source import Source

EVERY_S = 300.0
"""How often all sources are looked at: web pages, mailboxes and databases send no notice, network disks often none."""
_TICK_MS = 500
_DEBOUNCE_MS = 1600
_QUIET_MS = 200
_POLL_MS = 3000

Identity = tuple[tuple[int, int] | None, ...]


def watch(sources: Sequence[Source], stop: threading.Event, *, every_s: float = EVERY_S) -> Iterator[set[str]]:
    """Names of sources whose documents may have changed, until ``stop`` is set.

    The first set names every source, for what changed before watching began; from then on a change is noticed
    however long the caller takes with a set.  A folder that goes and comes back is watched again.
    """
    folders = [source for source in sources if isinstance(source, FilesSource)]
    everything = {source.name for source in sources}
    due = time.monotonic()
    polling = False
    while not stop.is_set():
        before = _identities(folders)
        try:
            for changed in _changes(folders, stop, polling=polling):
                names = {source.name for source in folders if any(map(source.concerns, changed))}
                now = _identities(folders)
                names |= {name for name, identity in now.items() if identity != before[name]}
                if time.monotonic() >= due:
                    names, due = everything, time.monotonic() + every_s
                if names:
                    yield set(names)
                if now != before:
                    break
        except FileNotFoundError:  # a folder went while its watch was made
            stop.wait(_TICK_MS / 1000)
        except (RuntimeError, OSError):  # the system is out of watches
            polling = True
        due = time.monotonic()  # what happens until there is a new watch goes unnoticed


def _changes(folders: Sequence[FilesSource], stop: threading.Event, *, polling: bool) -> Iterator[set[str]]:
    """Changed paths, and an empty set at each tick."""
    places = {place for source in folders for place in source.watched if place.exists()}
    if not places:
        while not stop.wait(_TICK_MS / 1000):
            yield set()
        return
    for changes in watchfiles.watch(
        *places,
        watch_filter=None,
        debounce=_DEBOUNCE_MS,
        step=_QUIET_MS,
        stop_event=stop,
        rust_timeout=_TICK_MS,
        yield_on_timeout=True,
        force_polling=polling or None,
        poll_delay_ms=_POLL_MS,
        ignore_permission_denied=True,
    ):
        yield {path for _, path in changes}


def _identities(folders: Sequence[FilesSource]) -> dict[str, Identity]:
    """Which folders stand behind the paths: another folder under the same path needs a watch of its own."""
    return {source.name: tuple(_identity(place) for place in source.watched) for source in folders}


def _identity(place: Path) -> tuple[int, int] | None:
    try:
        state = os.stat(place)
    except OSError:
        return None
    return state.st_dev, state.st_ino
