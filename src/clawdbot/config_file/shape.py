"""The configuration's shape, walked key by key: what may stand where."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from clawdbot.config import Config


@dataclass(frozen=True, kw_only=True)
class Shape:
    """The type at one place of the configuration, without Optional and Annotated; None when anything may stand."""

    kind: Any
    name: str = ""

    @property
    def model(self) -> type[BaseModel] | None:
        """The section's model when a section stands here."""
        return self.kind if isinstance(self.kind, type) and issubclass(self.kind, BaseModel) else None

    @property
    def is_named(self) -> bool:
        """A table whose keys the person chooses (models, databases, contacts)."""
        return get_origin(self.kind) in (dict, Mapping)

    @property
    def is_list(self) -> bool:
        return get_origin(self.kind) in (tuple, list)

    @property
    def is_path(self) -> bool:
        return self.kind is Path

    @property
    def is_list_of_paths(self) -> bool:
        return self.is_list and (_plain(get_args(self.kind)[0]) is Path or self.name == "paths")  # these may be globs

    @property
    def is_url(self) -> bool:
        """A database's address, in which a file may stand."""
        return self.kind is str and self.name == "url"

    def known(self) -> tuple[str, ...]:
        """The keys that are known here, as they are written in TOML."""
        if self.model is None:
            return ()
        return tuple(field.alias or name for name, field in self.model.model_fields.items())

    def part(self, key: str) -> Shape:
        """What stands under a key; anything when the key is not known."""
        if self.is_named:
            return Shape(kind=_plain(get_args(self.kind)[1]), name=key)
        for name, field in self.model.model_fields.items() if self.model else ():
            if key in (name, field.alias):
                return Shape(kind=_plain(field.annotation, field.metadata), name=key)
        return Shape(kind=None, name=key)


def _plain(annotation: Any, metadata: Any = ()) -> Any:
    """The type without Optional and Annotated."""
    if get_origin(annotation) is Annotated:
        return _plain(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        kept = [part for part in get_args(annotation) if part is not type(None)]
        return _plain(kept[0]) if len(kept) == 1 else None
    return None if annotation is Any else annotation


MODEL = Shape(kind=Config)
"""The whole file."""
