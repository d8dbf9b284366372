"""A workflow as a TOML file that people read: comments on top, one block for each step."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from clawdbot.workflows.definition import Definition

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_INLINE = 100
"""Characters up to which a table or a list stands in one line."""
_WIDE = 110


def laid_out(definition: Definition, *, comments: Sequence[str]) -> str:
    """The file's text; each comment is one paragraph of its head."""
    body = definition.as_json()
    lines = [f"# {line}".rstrip() for text in comments for line in _wrapped(text)]
    lines += ["", *_pairs({k: v for k, v in body.items() if k not in ("inputs", "step", "outputs")})]
    for name, given in body.get("inputs", {}).items():
        lines += ["", f"[inputs.{_key(name)}]", *_pairs(given)]
    for step in body["step"]:
        lines += ["", "[[step]]", *_pairs({k: v for k, v in step.items() if not isinstance(v, Mapping)})]
        for key, value in step.items():
            if isinstance(value, Mapping):
                lines += _table(f"step.{key}", value)
    if body.get("outputs"):
        lines += ["", "[outputs]", *_pairs(body["outputs"])]
    return "\n".join(lines) + "\n"


def _table(path: str, values: Mapping[str, Any]) -> Iterator[str]:
    """A table with what is short in it first, and what is long in tables of its own after it."""
    long = {k: v for k, v in values.items() if isinstance(v, Mapping) and len(_value(v)) > _INLINE}
    yield f"[{path}]"
    yield from _pairs({k: v for k, v in values.items() if k not in long})
    for key, value in long.items():
        yield from _table(f"{path}.{_key(key)}", value)


def _pairs(values: Mapping[str, Any]) -> Iterator[str]:
    for key, value in values.items():
        shown = _value(value)
        if isinstance(value, list) and len(shown) > _INLINE:
            shown = "[\n" + "".join(f"    {_value(one)},\n" for one in value) + "]"
        yield f"{_key(key)} = {shown}"


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items()) + " }" if value else "{}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, str) and "\n" in value:
        return _paragraph(value)
    if isinstance(value, str) and '"' in value and "'" not in value and value.isprintable():
        return f"'{value}'"
    # JSON's strings, numbers and truth values are TOML's; DEL stands in JSON as it is.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _paragraph(text: str) -> str:
    """A string of several lines, as it reads; quotes and backslashes keep their meaning."""
    lines = [json.dumps(line, ensure_ascii=False)[1:-1].replace("\x7f", "\\u007f") for line in text.split("\n")]
    return '"""\n' + "\n".join(line.replace('\\"', '"').replace('""', '"\\"') for line in lines) + '"""'


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else json.dumps(name, ensure_ascii=False)


def _wrapped(text: str) -> Iterator[str]:
    """Lines of about the width of a page; Chinese is cut anywhere, other text between words."""
    for line in text.split("\n"):
        rest = line
        while sum(2 if ord(c) > 0x2E80 else 1 for c in rest) > _WIDE:
            cut = _cut(rest)
            yield rest[:cut].rstrip()
            rest = rest[cut:].lstrip()
        yield rest


def _cut(text: str) -> int:
    width = 0
    for at, letter in enumerate(text):
        width += 2 if ord(letter) > 0x2E80 else 1
        if width > _WIDE:
            blank = text.rfind(" ", at // 2, at)
            return blank if blank > 0 else at
    return len(text)
