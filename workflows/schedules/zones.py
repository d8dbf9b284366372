"""Time zones by name; 'local' is the machine's, with its rules and not only today's offset."""

from __future__ import annotations

import os
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from clawdbot.config import WrongValue

_LOCALTIME = Path("/etc/localtime")
_DATABASE = "zoneinfo/"


def zone(name: str) -> ZoneInfo:
    """The zone of an IANA name, or of 'local'; WrongValue for an unknown one."""
    if name == "local":
        return _local()
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise WrongValue(
            f"the time zone {name!r} is not known", hint="Use an IANA name such as Asia/Shanghai."
        ) from None


def _local() -> ZoneInfo:
    """What the machine is set to: TZ, else /etc/localtime, which is a link into the zones or a copy of one."""
    try:
        if chosen := os.environ.get("TZ", "").lstrip(":"):
            return ZoneInfo(chosen)
        _, found, name = _LOCALTIME.resolve().as_posix().partition(_DATABASE)
        if found:
            return ZoneInfo(name)
        with _LOCALTIME.open("rb") as file:
            return ZoneInfo.from_file(file)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")
