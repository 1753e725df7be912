"""Documents made from a published schema, sound ones and ones that were damaged.

The generator knows the part of draft-07 that our schemas use, and nothing of the records behind
them: what it makes is what an editor would let somebody write.
"""

import copy
import functools
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from jsonschema import Draft7Validator

from specship.report.schema.documents import schema_of

Schema = dict[str, Any]
Draw = Callable[[st.SearchStrategy[Any]], Any]

ODD_TEXTS = (
    "",
    " ",
    "null",
    "1.0",
    "yes",
    "a: b",
    "#",
    "- a",
    "\n",
    "\x07",
    "\u202e",
    "<<",
    "é",
    "&a",
    "GATE-",
)
ODD_VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 1.0, 2.5, 1e300, 10**18, 10**30, "text", "", [], {}, [None], {"a": None}, [[]], {"": {}}, "1",
)  # fmt: skip
_ODD = st.sampled_from(ODD_VALUES).map(copy.deepcopy)
"""Copies: a later damage inside of one must not change the next document's."""


@functools.cache
def _schema(kind: str) -> Schema:
    return schema_of(kind)


@functools.cache
def _texts_like(pattern: str) -> st.SearchStrategy[str]:
    """Short ones: of a long name nothing more is learned, and each letter takes time."""
    for endless, few in (
        ("+", "{1,2}"),
        (")*", "){0,1}"),
        ("_]*", "_]{0,2}"),
        ("{0,8}", "{0,1}"),
        ("]*", "]{0,2}"),
    ):
        pattern = pattern.replace(endless, few)
    return st.from_regex(pattern, fullmatch=True)


@functools.cache
def _texts(shortest: int, longest: int) -> st.SearchStrategy[str]:
    odd = [text for text in ODD_TEXTS if shortest <= len(text) <= longest]
    return st.text("abc XYZ-.", min_size=shortest, max_size=min(longest, 8)) | st.sampled_from(odd)


@st.composite
def documents(draw: Draw, kind: str, damages: int = 0) -> Any:
    """A document of a kind, damaged in so many places at most."""
    schema = _schema(kind)
    value = _Maker(draw, schema["definitions"]).value(schema)
    for _ in range(draw(st.integers(0, damages))):
        value = _damaged(draw, value)
    return value


class _Maker:
    def __init__(self, draw: Draw, definitions: dict[str, Schema]) -> None:
        self.draw = draw
        self.definitions = definitions

    def value(self, schema: Schema) -> Any:
        """A value that the keywords of a schema ask for, its conditions for the most part included."""
        for part in [schema, *schema.get("allOf", [])]:
            if "$ref" in part:
                return self.value(self.definitions[part["$ref"].removeprefix("#/definitions/")])
        if "enum" in schema or "const" in schema:
            return self.draw(st.sampled_from(schema.get("enum") or [schema["const"]]))
        kinds = schema.get("type", ["string", "number", "boolean", "null"])
        kinds = [kinds] if isinstance(kinds, str) else list(kinds)
        if schema.get("not") == {"type": "null"} and len(kinds) > 1:
            kinds.remove("null")
        made: Callable[[Schema], Any] = getattr(self, f"_{self.draw(st.sampled_from(kinds))}")
        return made(schema)

    def _null(self, _: Schema) -> None:
        return None

    def _boolean(self, _: Schema) -> bool:
        return bool(self.draw(st.booleans()))

    def _integer(self, schema: Schema) -> int:
        lowest = schema.get("minimum", schema.get("exclusiveMinimum", -4) + 1)
        highest = schema.get("maximum", schema.get("exclusiveMaximum", lowest + 10**6 + 1) - 1)
        return int(self.draw(st.integers(lowest, highest)))

    def _number(self, schema: Schema) -> float:
        above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
        lowest, highest = schema.get("minimum", above), schema.get("maximum", below)
        if highest is None and self.draw(st.booleans()):
            return self._integer(schema)
        numbers = st.floats(
            lowest, highest, allow_nan=False, allow_infinity=False,
            exclude_min=above is not None, exclude_max=below is not None,
        )  # fmt: skip
        return float(self.draw(numbers))

    def _string(self, schema: Schema) -> str:
        if "anyOf" in schema:
            return str(self.value({"type": "string"} | self.draw(st.sampled_from(schema["anyOf"]))))
        if "pattern" in schema:
            return str(self.draw(_texts_like(schema["pattern"])))
        return str(self.draw(_texts(schema.get("minLength", 0), schema.get("maxLength", 8))))

    def _array(self, schema: Schema) -> list[Any]:
        items = schema["items"]
        if isinstance(items, list):
            return [self.value(item) for item in items]
        fewest = schema.get("minItems", 0)
        return [self.value(items) for _ in range(self.draw(st.integers(fewest, fewest + 1)))]

    def _object(self, schema: Schema) -> dict[str, Any]:
        properties, wanted = dict(schema.get("properties", {})), set(schema.get("required", ()))
        branches = schema.get("oneOf", []) + schema.get("anyOf", [])
        if branches:
            chosen = self.draw(st.sampled_from(branches))
            wanted |= set(chosen["required"])
            for branch in schema.get("oneOf", []):
                properties = {
                    key: it
                    for key, it in properties.items()
                    if key in wanted or key not in branch["required"]
                }
            properties |= {key: properties[key] | like for key, like in chosen["properties"].items()}
        found = {
            key: self.value(it) for key, it in properties.items() if key in wanted or self.draw(st.booleans())
        }
        self._meet_conditions(schema, properties, found)
        return found | self._more(schema, found)

    def _meet_conditions(self, schema: Schema, properties: dict[str, Schema], found: dict[str, Any]) -> None:
        for part in [schema, *schema.get("allOf", [])]:
            if "if" in part and Draft7Validator(part["if"]).is_valid(found):
                for key in part["then"].get("required", ()):
                    if not Draft7Validator({"properties": part["then"]["properties"]}).is_valid(
                        {key: found.get(key)}
                    ):
                        found[key] = self.value(properties[key] | part["then"]["properties"][key])

    def _more(self, schema: Schema, found: dict[str, Any]) -> dict[str, Any]:
        """Keys of a mapping that are not named one by one."""
        inner = schema.get("additionalProperties", False)
        if not isinstance(inner, dict):
            return {}
        names = _texts_like(schema["propertyNames"]["pattern"]) if "propertyNames" in schema else _texts(1, 8)
        fewest = max(schema.get("minProperties", 0) - len(found), 0)
        return {
            self.draw(names): self.value(inner) for _ in range(self.draw(st.integers(fewest, fewest + 1)))
        }


def _places(value: Any, *path: Any) -> list[tuple[Any, ...]]:
    """The path of every value within a document."""
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for step, inner in steps for place in _places(inner, *path, step))]


def _damaged(draw: Draw, document: Any) -> Any:
    """The document with a key dropped, one added or misspelt, or a value of another type somewhere."""
    *path, last = draw(st.sampled_from([place for place in _places(document) if place] or [("",)]))
    parent = document
    for step in path:
        parent = parent[step]
    if not isinstance(parent, dict | list) or not parent:
        return draw(_ODD)
    damage = draw(st.sampled_from(["drop", "add", "misspell", "null", "turn", "turn"]))
    if damage == "drop":
        del parent[last]
    elif damage in {"add", "misspell"} and isinstance(parent, dict):
        value = parent.pop(last) if damage == "misspell" else draw(_ODD)
        parent[f"{last}s" if damage == "misspell" else draw(st.sampled_from(ODD_TEXTS))] = value
    else:
        parent[last] = None if damage == "null" else draw(_ODD)
    return document
