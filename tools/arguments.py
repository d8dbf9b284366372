"""A function's type hints as a small JSON Schema (draft 2020-12) and a checker of arguments.

The checker is pydantic's in its lax mode, as for ``pydantic.validate_call``: ``"5"`` is an int, ``"2026-07-01"``
a date.  The schema is what a small model reads and what decoding is constrained by, so it carries no titles, no
references where they can be written out, and closed objects.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NotRequired, Required

from pydantic import ConfigDict, TypeAdapter
from pydantic.errors import PydanticInvalidForJsonSchema, PydanticSchemaGenerationError, PydanticUserError
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import PydanticSerializationError, core_schema, to_jsonable_python
from typing_extensions import TypedDict

from clawdbot.errors import InvalidTool
from clawdbot.tools.contract import Schema, Validate

MISSING: Any = object()
"""The default of an argument that must be given."""

_typed_dict: Any = TypedDict
"""Typed as Any, for the fields are known only when a tool is loaded."""


class _SelfContaining(Exception):
    """A model that has itself as a part cannot be written out without references."""


class _PlainNumbers(GenerateJsonSchema):
    def decimal_schema(self, schema: core_schema.DecimalSchema) -> JsonSchemaValue:
        """A number; pydantic's own 'number or numeric string' doubles the grammar for nothing."""
        plain: JsonSchemaValue = {"type": "number"}
        self.update_with_validations(plain, dict(schema), self.ValidationsMapping.numeric)
        return plain


def compile_arguments(
    owner: str, hints: Mapping[str, Any], defaults: Mapping[str, Any], descriptions: Mapping[str, str]
) -> tuple[Schema, Validate]:
    """The schema and the checker of the arguments ``hints``; InvalidTool names the argument that has no schema.

    ``defaults`` holds a value, or :data:`MISSING`, for each argument.
    """
    properties: Schema = {}
    for name, hint in hints.items():
        properties[name] = _argument(owner, name, hint, defaults[name], descriptions.get(name, ""))
    required = [name for name in hints if defaults[name] is MISSING]
    fields = {name: (Required[hint] if name in required else NotRequired[hint]) for name, hint in hints.items()}
    kind = _typed_dict("Arguments", fields)
    kind.__pydantic_config__ = ConfigDict(extra="forbid", coerce_numbers_to_str=True)
    adapter: TypeAdapter[dict[str, Any]] = TypeAdapter(kind)
    schema: Schema = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    return schema, adapter.validator.validate_python


def _argument(owner: str, name: str, hint: Any, default: Any, description: str) -> Schema:
    try:
        made = TypeAdapter(hint).json_schema(schema_generator=_PlainNumbers)
    except (PydanticSchemaGenerationError, PydanticInvalidForJsonSchema, PydanticUserError) as error:
        raise InvalidTool(
            f"Tool {owner!r}: argument {name!r} has type {_written(hint)}, which no JSON Schema describes.",
            hint="Use str, int, float, bool, date, Decimal, Literal, Enum, list, dict, Optional or a pydantic model.",
        ) from error
    try:
        schema = _small(made, made.pop("$defs", {}), ())
    except _SelfContaining as error:
        raise InvalidTool(
            f"Tool {owner!r}: argument {name!r} has a type that contains itself.",
            hint="Models cannot be held to such a schema; use a flat list with references by name.",
        ) from error
    if default is None:
        schema = _without_null(schema)
    if description and "description" not in schema:
        schema = {**schema, "description": description}
    if default is not MISSING and default is not None and "default" not in schema:
        schema = _with_default(owner, name, schema, default)
    return schema


def _with_default(owner: str, name: str, schema: Schema, default: Any) -> Schema:
    try:
        return {**schema, "default": to_jsonable_python(default)}
    except PydanticSerializationError as error:
        raise InvalidTool(
            f"Tool {owner!r}: the default of argument {name!r} is not a JSON value.",
            hint="Give a plain default; Field(...) belongs into Annotated.",
        ) from error


def _small(schema: Schema, definitions: Schema, inside: tuple[str, ...]) -> Schema:
    """The schema without titles, its references written out, its objects closed."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        if name in inside:
            raise _SelfContaining
        rest = {key: value for key, value in schema.items() if key not in ("$ref", "title")}
        return {**_small(definitions[name], definitions, (*inside, name)), **rest}
    small: Schema = {}
    for key, value in schema.items():
        if key == "properties":
            small[key] = {name: _small(part, definitions, inside) for name, part in value.items()}
        elif key in ("anyOf", "oneOf", "allOf", "prefixItems"):
            small[key] = [_small(part, definitions, inside) for part in value]
        elif key in ("items", "additionalProperties", "propertyNames") and isinstance(value, dict):
            small[key] = _small(value, definitions, inside)
        elif key not in ("title", "discriminator"):
            small[key] = value
    if "properties" in small:
        small["additionalProperties"] = False
    return small


def _without_null(schema: Schema) -> Schema:
    """An argument that may be left out need not also be null."""
    branches = [part for part in schema.get("anyOf", ()) if part != {"type": "null"}]
    if len(branches) != 1:
        return {**schema, "anyOf": branches} if branches else schema
    return {**branches[0], **{key: value for key, value in schema.items() if key not in ("anyOf", "default")}}


def _written(hint: Any) -> str:
    return str(getattr(hint, "__name__", hint))
