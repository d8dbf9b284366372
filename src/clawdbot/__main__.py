"""``python -m clawdbot``: the command line."""

from clawdbot.cli.__main__ import main

if __name__ == "__main__":
    raise SystemExit(main())
