"""``python -m benchmarks.routing simulate`` and ``python -m benchmarks.routing real``: policies compared."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from benchmarks.routing import real_command, simulate_command
from clawdbot.errors import ClawdbotError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for; returns 0 when it was measured, 2 when it could not begin."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.routing", description=__doc__)
    commands = parser.add_subparsers(required=True)
    for command in (simulate_command, real_command):
        command.add_to(commands)
    chosen = parser.parse_args(arguments)
    try:
        chosen.run(chosen)
    except ClawdbotError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
