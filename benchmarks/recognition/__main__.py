"""``python -m benchmarks.recognition pages`` reads scanned pages, ``speech`` listens; both print error rates."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from benchmarks.recognition import listening, reading

_PARTS = {"pages": reading.main, "speech": listening.main}


def main(arguments: Sequence[str]) -> int:
    """Run the part that is named first; 2 when none is."""
    if not arguments or arguments[0] not in _PARTS:
        print("usage: python -m benchmarks.recognition {pages,speech} [--help]", file=sys.stderr)
        return 2
    return _PARTS[arguments[0]](arguments[1:])


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
