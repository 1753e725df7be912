"""What the records' own checks say and their fields do not, as far as JSON Schema can say it.

A reader refuses more than this (weights that do not add up, names that bind to nothing, a limit
that nothing could violate in its unit); it refuses everything that this refuses.
"""

from __future__ import annotations

import math
from typing import Any, Final

from specship.contracts.expectation import OPERATORS
from specship.units import KNOWN_UNITS, OWN_UNIT

Schema = dict[str, Any]

_COMPARISONS: Final = ("at_most", "at_least", "below", "above", "between")
_PATTERN_CHARACTERS: Final = 200
_COUNT: Final = "^[a-z][a-z_]*s$"
_OWN: Final = f"^{OWN_UNIT}$"
_GIVEN: Final = {"not": {"type": "null"}}
_TEXT: Final = {"type": "string", "minLength": 1}


def _has(key: str, like: Schema) -> Schema:
    return {"required": [key], "properties": {key: like}}


def _expectation() -> Schema:
    """Exactly one operator; what a confidence needs; no comparison of texts; none that always holds."""
    from_below = [unit.name for unit in KNOWN_UNITS.values() if math.isinf(unit.lowest)]
    to_one = [unit.name for unit in KNOWN_UNITS.values() if unit.highest == 1]
    return {
        "oneOf": [_has(operator, _GIVEN) for operator in OPERATORS],
        "allOf": [
            {
                "if": _has("confidence", _GIVEN),
                "then": {
                    "oneOf": [_has(name, _GIVEN) for name in ("error", "count")],
                    "anyOf": [_has(name, _GIVEN) for name in _COMPARISONS],
                },
                "else": {"properties": {"error": {"type": "null"}, "count": {"type": "null"}}},
            },
            {
                "if": _has("unit", {"const": "text"}),
                "then": {"properties": {name: {"type": "null"} for name in _COMPARISONS}},
            },
            {
                "if": _has("unit", {"not": {"anyOf": [{"enum": from_below}, {"pattern": _OWN}]}}),
                "then": {"properties": {"at_least": {"exclusiveMinimum": 0}, "above": {"minimum": 0}}},
            },
            {
                "if": _has("unit", {"enum": to_one}),
                "then": {"properties": {"at_most": {"exclusiveMaximum": 1}, "below": {"maximum": 1}}},
            },
        ],
    }


def _gate() -> Schema:
    """A probe is expected of something, and an expectation is measured by somebody."""
    probe, expect = _has("probe", _TEXT), _has("expect", {"type": "object", "minProperties": 1})
    return {"allOf": [{"if": probe, "then": expect}, {"if": expect, "then": probe}]}


def _override() -> Schema:
    return {
        "anyOf": [
            _has("expect", {"minProperties": 1}),
            _has("drop", {"minItems": 1}),
            _has("requires", _GIVEN),
        ]
    }


def _profile() -> Schema:
    nothing = {"maxProperties": 0}
    return {
        "if": _has("kind", {"const": "release"}),
        "then": {"properties": {"overrides": nothing, "not_judged": nothing}},
    }


def _recommendation() -> Schema:
    return {"if": _has("state", {"enum": ["RESOLVED", "SUPERSEDED"]}), "then": _has("pointer", _TEXT)}


_RULES: Final = {
    "Expectation": _expectation,
    "Gate": _gate,
    "Override": _override,
    "Profile": _profile,
    "Recommendation": _recommendation,
}


def with_rules(record: str, schema: Schema) -> Schema:
    """The schema of a record, by the record's name, with what its own checks say."""
    if record == "Expectation":
        fields = dict(schema["properties"])
        fields["one_of"] = fields["one_of"] | {"minItems": 1}
        fields["matches"] = fields["matches"] | {"maxLength": _PATTERN_CHARACTERS}
        names = {"anyOf": [{"enum": list(KNOWN_UNITS)}, {"pattern": _COUNT}, {"pattern": _OWN}]}
        schema = schema | {"properties": fields | {"unit": fields["unit"] | names}}
    return schema | _RULES[record]() if record in _RULES else schema
