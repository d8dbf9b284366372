"""Ctrl-C: once stops at a safe place and leaves a run to resume, twice ends the process at once."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator

from clawdbot.cli.exit_codes import INTERRUPTED

_SHOW_CURSOR = b"\x1b[?25h"


@contextlib.contextmanager
def second_ends_at_once() -> Iterator[None]:
    """While inside, the first SIGINT raises KeyboardInterrupt as ever and the second ends the process.

    The second is seen by a thread of its own through the signal's wake-up descriptor, since the main thread may
    sit in native code (a model that reads a prompt) where Python handles no signals.
    """
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGINT) in (
        signal.SIG_IGN,
        None,
    ):
        yield
        return
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    before = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    watcher = threading.Thread(target=_watch, args=(reader,), daemon=True, name="ctrl-c")
    watcher.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        os.close(writer)
        watcher.join()
        os.close(reader)


def _watch(reader: int) -> None:
    seen = 0
    while number := os.read(reader, 1):
        seen += number[0] == signal.SIGINT
        if seen >= 2:
            if sys.stderr.isatty():
                os.write(2, _SHOW_CURSOR)  # a spinner may have hidden it
            os._exit(INTERRUPTED)
