"""``python -m clawdbot``: the command line."""

from clawdbot.cli.__main__ import main

raise SystemExit(main())
