"""The arguments of a call as a person changes them: in an editor as TOML, or one by one with ``--set``."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from clawdbot.errors import UsageError

_MULTI = '"""'


def as_toml(arguments: Mapping[str, Any], *, comment: str = "") -> str:
    """The arguments as TOML 1.0, texts of several lines as such; what has no value is left out."""
    head = "".join(f"# {line}\n" for line in comment.splitlines())
    return head + "".join(f"{_key(n)} = {_value(v, top=True)}\n" for n, v in arguments.items() if v is not None)


def read_toml(text: str) -> dict[str, Any]:
    """What :func:`as_toml` wrote and a person changed; UsageError says where it is no TOML."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"That is not TOML: {error}.", hint="Write NAME = VALUE, texts in quotes.") from error


def in_editor(file: Path) -> None:
    """Let the person change the file; UsageError when the editor cannot be started or fails."""
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    try:
        code = subprocess.run([*shlex.split(editor), str(file)], check=False).returncode
    except (OSError, ValueError) as error:
        raise UsageError(
            f"The editor {editor!r} cannot be started: {error}.", hint="Set EDITOR, or use --set NAME=VALUE."
        ) from error
    if code != 0:
        raise UsageError(f"The editor ended with {code}; nothing was recorded.")


def with_settings(
    arguments: Mapping[str, Any], settings: Sequence[str], properties: Mapping[str, Any]
) -> dict[str, Any]:
    """The arguments with ``NAME=VALUE`` put in place; ``properties`` are the schema's.

    A value is JSON where the argument is no text; for a list, naming it several times gives its members; an empty value
    takes the argument out.  UsageError for what is no NAME=VALUE, and for a name that the call has no argument of.
    """
    changed = {name: value for name, value in arguments.items() if value is not None}
    given: dict[str, list[str]] = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals or name not in properties:
            known = ", ".join(properties) or "none"
            raise UsageError(f"--set {setting!r} names no argument of the call.", hint=f"NAME=VALUE, one of: {known}.")
        given.setdefault(name, []).append(value)
    for name, values in given.items():
        wants = json.dumps(properties[name])
        if values == [""]:
            changed.pop(name, None)
        elif '"array"' not in wants:
            changed[name] = values[-1] if '"string"' in wants else _read(values[-1])
        elif len(values) == 1 and values[0].lstrip().startswith("["):
            changed[name] = _read(values[0])
        else:
            changed[name] = [_read(value) if '"object"' in wants else value for value in values]
    return changed


def _read(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return value


def _key(name: str) -> str:
    plain = name.replace("_", "").replace("-", "")
    return name if plain.isascii() and plain.isalnum() else _text(name)


def _value(value: Any, *, top: bool = False) -> str:
    if isinstance(value, str):
        return _lines(value) if top and "\n" in value else _text(value)
    if isinstance(value, Mapping):
        inside = ", ".join(f"{_key(str(n))} = {_value(v)}" for n, v in value.items() if v is not None)
        return f"{{ {inside} }}" if inside else "{}"
    if isinstance(value, list):
        return f"[{', '.join(_value(one) for one in value if one is not None)}]"
    return json.dumps(value)


def _text(text: str) -> str:
    """A basic string; JSON's escapes are TOML's."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _lines(text: str) -> str:
    body = "\n".join(_text(line)[1:-1] for line in text.split("\n"))
    return f"{_MULTI}\n{body}{_MULTI}"
