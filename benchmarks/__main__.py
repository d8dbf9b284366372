"""``python -m benchmarks``: the framework's overhead; ``python -m benchmarks.office_tasks`` plays the tasks."""

from __future__ import annotations

from benchmarks.overhead import main

if __name__ == "__main__":
    raise SystemExit(main())
