"""The short ``clawdbot.toml`` that ``clawdbot init`` writes."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from clawdbot.errors import UsageError

_HEAD = "# Written by `clawdbot init`. Every key is explained in the clawdbot.toml that ships with Clawdbot.\n"


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What the wizard learnt; empty values are left out of the file."""

    language: str = "auto"
    model: dict[str, str] = field(default_factory=dict)
    database_url: str = ""
    sample: str = ""
    """TOML sections of the sample company, written as they are."""
    sample_today: str = ""
    mail: dict[str, str | int] = field(default_factory=dict)


def render(answers: Answers) -> str:
    """The file's text."""
    app = _keys({"language": answers.language})
    if answers.sample_today:
        app += f'today = "{answers.sample_today}"   # the sample\'s data ends then; remove it with the sample\n'
    parts = [_HEAD, f"[app]\n{app}"]
    if answers.model:
        parts.append("[models.main]\n" + _keys(answers.model))
    if answers.database_url:
        parts.append("[databases.main]\n" + _keys({"url": answers.database_url}))
    if answers.sample:
        parts.append(answers.sample.strip() + "\n")
    if answers.mail:
        parts.append("[mail]\n" + _keys(answers.mail))
    return "\n".join(parts)


def _keys(values: dict[str, str] | dict[str, str | int]) -> str:
    # JSON's strings are TOML's basic strings.
    return "".join(
        f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in values.items() if value not in ("", None)
    )


def write_new(path: Path, text: str) -> None:
    """Write the file; UsageError when one is there or the folder cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise UsageError(f"{path} exists.", hint="Change it, or name another with --config FILE.") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}.", hint="Choose another with --config.") from None
