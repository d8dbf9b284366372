"""Commands in processes of their own without the seconds that Python takes to import: forked from one that has.

``python -m benchmarks.chaos.nursery`` reads lines of JSON ``{id, argv, env, log}`` and forks for each a process that
runs ``clawdbot ARGV``; it writes ``{id, pid}`` at once and ``{id, code}`` when that process has ended (-9: killed).  A
forked process is killed, stopped and continued like any other.  When the input ends, what still runs is killed.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import select
import signal
import sys
import traceback
from collections.abc import Mapping, Sequence
from typing import Any

from clawdbot.cli.__main__ import main as clawdbot

_PATIENCE_S = 0.02
_HARNESS = (signal.SIGINT, signal.SIGTERM)
"""They reach everybody in the terminal, and are the harness's business: it ends us by closing the pipe."""


def main() -> None:
    """Serve until the input ends."""
    for number in _HARNESS:
        signal.signal(number, signal.SIG_IGN)
    _warm_up()
    running: dict[int, int] = {}
    waiting = b""
    print(json.dumps({"ready": True}), flush=True)
    while True:
        ready, _, _ = select.select([0], [], [], _PATIENCE_S)
        if ready:
            read = os.read(0, 65536)
            if not read:
                break
            *lines, waiting = (waiting + read).split(b"\n")
            for line in lines:
                order = json.loads(line)
                child = _fork(order)
                running[child] = order["id"]
                print(json.dumps({"id": order["id"], "pid": child}), flush=True)
        for child, code in _ended(running):
            print(json.dumps({"id": running.pop(child), "code": code}), flush=True)
    for child in running:
        os.kill(child, signal.SIGKILL)
        os.kill(child, signal.SIGCONT)


def _ended(running: Mapping[int, int]) -> list[tuple[int, int]]:
    found = []
    for child in list(running):
        number, status = os.waitpid(child, os.WNOHANG)
        if number:
            found.append((child, os.waitstatus_to_exitcode(status)))
    return found


def _fork(order: Mapping[str, Any]) -> int:
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.setsid()
        log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for target, source in ((0, nothing), (1, log), (2, log)):
            os.dup2(source, target)
        os.environ.update(order["env"])
        code = _run(order["argv"])
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)


def _run(argv: Sequence[str]) -> int:
    return clawdbot(argv)


def _warm_up() -> None:
    """Import what the commands given as arguments import: told by a fork that runs them, so that no thread is here.

    Each argument is a command line as JSON.
    """
    importlib.import_module("clawdbot.app")
    for line in sys.argv[1:]:
        reader, writer = os.pipe()
        child = os.fork()
        if not child:
            os.close(reader)
            try:
                quiet = os.open(os.devnull, os.O_RDWR)
                for target in (0, 1, 2):
                    os.dup2(quiet, target)
                _run(json.loads(line))
                os.write(writer, "\n".join(sys.modules).encode())
            finally:
                os._exit(0)
        os.close(writer)
        with os.fdopen(reader) as told:
            names = told.read().split("\n")
        os.waitpid(child, 0)
        for name in names:
            if name not in sys.modules and name != "__main__":
                try:
                    importlib.import_module(name)
                except Exception:  # a module of an order of its own; the fork imports it when it needs it
                    continue
    gc.collect()
    gc.freeze()


if __name__ == "__main__":
    main()
