"""Report templates: Jinja2 with delimiters that suit TeX, every value escaped, in a sandbox.

``\\VAR{value}`` prints a value, ``\\BLOCK{for x in xs}`` ... ``\\BLOCK{endfor}`` controls, ``\\#{ ... }`` comments.
Values are escaped by the environment's finalizer, so a template cannot forget it; TeX made here is marked by
:class:`Tex` and passes as it is.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, FileSystemLoader, StrictUndefined, TemplateError, TemplateNotFound
from jinja2.sandbox import ImmutableSandboxedEnvironment

from clawdbot.errors import ConfigError, TerminalToolError

BUILTIN = Path(__file__).with_name("templates")
SUFFIX = ".tex.j2"


class Tex(str):
    """TeX source that was made by this package; any operation on it gives a plain, escaped text again."""

    __slots__ = ()


def available(folder: Path | None) -> tuple[str, ...]:
    """Names of the templates that exist, one's own and the shipped ones."""
    places = [BUILTIN, *([folder] if folder else [])]
    found = {p.name.removesuffix(SUFFIX) for place in places for p in place.glob(f"*{SUFFIX}")}
    return tuple(sorted(name for name in found if not name.startswith("_")))


def render(name: str, values: Mapping[str, Any], *, escape: Callable[[str], str], folder: Path | None) -> str:
    """The TeX source of a document; one's own ``folder`` is looked in first.

    Raises ConfigError for an unknown name, TerminalToolError with template and line for a broken one.
    """
    if name not in available(folder):
        raise ConfigError(
            f"There is no report template {name!r}.", hint=f"[report] template can be: {', '.join(available(folder))}."
        )
    try:
        return _environment(escape, folder).get_template(name + SUFFIX).render(values)
    except TemplateNotFound as error:
        raise _broken(name, 0, f"it includes {error.name!r}, which does not exist") from error
    except TemplateError as error:
        line = getattr(error, "lineno", None) or _line(error)
        raise _broken(getattr(error, "name", None) or name, line, error.message or "it cannot be read") from error
    except (TypeError, ValueError, LookupError, ArithmeticError, OverflowError) as error:
        raise _broken(name, _line(error), str(error)) from error


def _environment(escape: Callable[[str], str], folder: Path | None) -> ImmutableSandboxedEnvironment:
    def finalize(value: Any) -> str:
        if isinstance(value, Tex):
            return str(value)
        return escape("" if value is None else str(value))

    places = [FileSystemLoader(p) for p in ([folder] if folder else []) + [BUILTIN]]
    return ImmutableSandboxedEnvironment(
        block_start_string=r"\BLOCK{",
        block_end_string="}",
        variable_start_string=r"\VAR{",
        variable_end_string="}",
        comment_start_string=r"\#{",
        comment_end_string="}",
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
        undefined=StrictUndefined,
        finalize=finalize,
        loader=ChoiceLoader(places),
    )


def _line(error: BaseException) -> int:
    """The line of the innermost template in the error's traceback."""
    lines = [f.lineno or 0 for f in traceback.extract_tb(error.__traceback__) if f.filename.endswith(SUFFIX)]
    return lines[-1] if lines else 0


def _broken(name: str, line: int, reason: str) -> TerminalToolError:
    where = f", line {line}" if line else ""
    return TerminalToolError(
        f"The report template {name.removesuffix(SUFFIX)!r} is broken{where}: {reason.rstrip('.')}.",
        hint="See docs/howto/report-template.md for what a template may use.",
    )
