"""Reading ``clawdbot.toml``: where it is found, overrides from the environment, and errors in plain words."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from clawdbot.config import Config, WrongValue
from clawdbot.config_file.naming import check_names
from clawdbot.config_file.overrides import apply
from clawdbot.config_file.shape import MODEL, Shape
from clawdbot.config_file.wording import explain
from clawdbot.errors import ConfigError

NAME = "clawdbot.toml"

_AT_LINE = re.compile(r"\(at line (\d+), column \d+\)$")
_RELATIVE_SQLITE = re.compile(r"^(sqlite(?:\+\w+)?:///)(?!/|:memory:|file:|[A-Za-z]:)(.+)$")


def find(path: Path | None = None) -> Path | None:
    """The file that :func:`load` reads: ``path``, else ``./clawdbot.toml``, else ``~/.clawdbot/clawdbot.toml``."""
    if path is not None:
        return path.expanduser()
    for place in (Path(NAME), Path("~/.clawdbot").expanduser() / NAME):
        if place.is_file():
            return place
    return None


def load(path: Path | None = None, *, environ: Mapping[str, str] | None = None) -> Config:
    """The configuration of the found file with the environment's overrides; defaults where there is no file.

    Relative paths in the file start at its folder, those from the environment at the working directory.
    Raises ConfigError that names the file, the section and the key, and the nearest known one.
    """
    found = find(path)
    body = {} if found is None else _absolute(_read(found), MODEL, found.absolute().parent)
    overridden = apply(body, os.environ if environ is None else environ)
    try:
        config = Config.model_validate(body)
        check_names(config)
    except ValidationError as error:
        raise explain(error, file=found, overridden=overridden) from None
    except WrongValue as error:
        raise ConfigError(f"{found}: {error}." if found else f"{error}.", hint=error.hint) from None
    return config


def _read(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text("utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(
            f"There is no configuration file {str(path)!r}.", hint="Make one with: clawdbot init"
        ) from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not UTF-8 text.", hint="Save it as UTF-8 in your editor.") from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.", hint="Check --config and the rights.") from None
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _not_toml(path, text, str(error)) from None


def _not_toml(path: Path, text: str, said: str) -> ConfigError:
    found = _AT_LINE.search(said)
    what = _AT_LINE.sub("", said).strip().rstrip(".")
    if found is None:
        return ConfigError(f"{path} is not valid TOML: {what}.", hint="Look at its end: a quote or bracket is open.")
    number = int(found[1])
    line = text.split("\n")[number - 1].strip()[:120]
    return ConfigError(
        f"{path}, line {number} is not valid TOML: {what}: {line!r}.",
        hint='Text stands in quotes, lists in brackets, a section once: name = "text", names = ["a", "b"].',
    )


def _absolute(value: Any, shape: Shape, folder: Path) -> Any:
    """The value with the paths in it made absolute; an empty path is none."""
    if isinstance(value, Mapping):
        found = {key: _absolute(part, shape.part(key), folder) for key, part in value.items()}
        return {key: part for key, part in found.items() if not (part == "" and shape.part(key).is_path)}
    if isinstance(value, list) and shape.is_list_of_paths:
        return [_joined(part, folder) for part in value]
    if shape.is_path:
        return _joined(value, folder)
    if shape.is_url and isinstance(value, str) and (match := _RELATIVE_SQLITE.match(value)):
        file, mark, query = match[2].partition("?")
        return f"{match[1]}{_joined(file, folder)}{mark}{query}"
    return value


def _joined(value: Any, folder: Path) -> Any:
    return str(folder / Path(value).expanduser()) if isinstance(value, str) and value else value
