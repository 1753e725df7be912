"""JSON Schema as pydantic writes it (2020-12) to draft-07, which is what YAML language servers read.

The translation accepts and refuses the same documents, but for one thing: a mapping whose keys have
a pattern refuses other keys, as its record does. Left out is what an editor would show or insert to
no use: titles made from names of fields, `default: null` of what may be absent, keywords of ours.
"""

from __future__ import annotations

from typing import Any, Final

Schema = dict[str, Any]

DRAFT: Final = "http://json-schema.org/draft-07/schema#"
_NAMED: Final = ("properties", "$defs", "patternProperties")
"""Keywords that hold a schema by name."""
_LISTED: Final = ("anyOf", "oneOf", "allOf", "prefixItems")
_SINGLE: Final = ("items", "additionalProperties", "propertyNames", "not")
_PLAIN: Final = frozenset({
    "additionalProperties", "const", "default", "description", "enum", "examples", "exclusiveMaximum",
    "exclusiveMinimum", "format", "items", "maximum", "maxItems", "maxLength", "maxProperties", "minimum",
    "minItems", "minLength", "minProperties", "multipleOf", "pattern", "required", "title", "type",
    "uniqueItems",
})  # fmt: skip
"""Keywords that mean the same in both drafts; no other one is taken over."""


def draft7(schema: Schema) -> Schema:
    """The same schema in draft-07."""
    found: Schema = {}
    for keyword, value in schema.items():
        if keyword in _NAMED:
            found[keyword] = {name: draft7(inner) for name, inner in value.items()}
        elif keyword in _LISTED:
            found[keyword] = [draft7(inner) for inner in value]
        elif keyword in _SINGLE and isinstance(value, dict):
            found[keyword] = draft7(value)
        elif keyword == "$ref":
            found[keyword] = value.replace("#/$defs/", "#/definitions/")
        elif _is_of_use(keyword, value, schema):
            found[keyword] = value
    return with_siblings(_joined(_keyed(_tuple(_renamed(found)))))


def _is_of_use(keyword: str, value: Any, schema: Schema) -> bool:
    """Whether an editor or a validator can do something with a keyword."""
    if keyword == "title":
        return "properties" in schema
    if keyword == "default":
        return value is not None and not (isinstance(value, dict) and value and set(value.values()) == {None})
    return keyword in _PLAIN


def _renamed(schema: Schema) -> Schema:
    if "$defs" in schema:
        schema["definitions"] = schema.pop("$defs")
    return schema


def _tuple(schema: Schema) -> Schema:
    """Items by position: `prefixItems` and `items` were `items` and `additionalItems`."""
    if "prefixItems" in schema:
        rest = schema.pop("items", None)
        schema["items"] = schema.pop("prefixItems")
        if rest is not None:
            schema["additionalItems"] = rest
    return schema


def _keyed(schema: Schema) -> Schema:
    """A mapping whose keys have one pattern, as the record reads it: other keys are refused."""
    if len(schema.get("patternProperties", ())) == 1:
        ((pattern, inner),) = schema.pop("patternProperties").items()
        schema["propertyNames"] = {"pattern": pattern}
        schema["additionalProperties"] = inner
    return schema


def _joined(schema: Schema) -> Schema:
    """Alternatives as one `type` or `enum` where they can be: what an editor says of them is shorter."""
    branches: list[Schema] = schema.get("anyOf", [])
    if branches and all(branch.keys() == {"type"} for branch in branches):
        return _without(schema, "anyOf") | {"type": _types(branches)}
    values = [_values(branch) for branch in branches]
    if values and all(values):
        return _without(schema, "anyOf") | {"enum": [value for listed in values for value in listed]}
    null, others = {"type": "null"}, [branch for branch in branches if branch != {"type": "null"}]
    if null in branches and len(others) == 1 and isinstance(others[0].get("type"), str) and not values[0]:
        # Every other keyword of such a branch speaks of its own type only, and passes null over.
        return others[0] | _without(schema, "anyOf") | {"type": [others[0]["type"], "null"]}
    return schema


def _values(branch: Schema) -> list[Any]:
    if branch == {"type": "null"}:
        return [None]
    return [branch["const"]] if "const" in branch else list(branch.get("enum", ()))


def _types(branches: list[Schema]) -> str | list[str]:
    """Types of several schemas in one; every whole number is a number too."""
    listed = [branch["type"] for branch in branches]
    kept = [name for name in dict.fromkeys(listed) if name != "integer" or "number" not in listed]
    return kept if len(kept) > 1 else kept[0]


def _without(schema: Schema, keyword: str) -> Schema:
    return {name: value for name, value in schema.items() if name != keyword}


def with_siblings(schema: Schema) -> Schema:
    """Beside `$ref`, draft-07 reads nothing: what stands there gets the reference as a part."""
    if "$ref" not in schema or len(schema) == 1:
        return schema
    return {"allOf": [{"$ref": schema["$ref"]}], **_without(schema, "$ref")}
