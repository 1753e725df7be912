"""What could stand where a cursor stands: names of the project, and the keys and words of the formats."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from specship.editor.cursor import Cursor, cursor_at, rows_below
from specship.editor.edited_project import EditedProject
from specship.report.schema.documents import schema_of

_GATE: Final = ("gates", "[]")
_OVERRIDE: Final = ("overrides",)
_CAUGHT: Final = (*_GATE, "falsified_by")
_CAUGHT_DEEP: Final = 4
"""Steps to a fault in a gate's list; what lies deeper are the quantities that it breaks."""
_KINDS_AT: Final[Mapping[tuple[str, tuple[str, ...], bool], tuple[str, ...]]] = {
    ("contract", (*_GATE, "probe"), False): ("probe",),
    ("contract", (*_GATE, "binds_to", "[]"), False): ("criterion",),
    ("contract", (*_CAUGHT, "[]"), False): ("fault",),
    ("contract", _CAUGHT, True): ("fault",),
    ("contract", ("references", "[]", "supports", "[]"), False): ("gate",),
    ("profile", _OVERRIDE, True): ("gate",),
    ("profile", ("not_judged",), True): ("criterion",),
    ("spec", ("models", "[]", "criteria", "[]", "depends_on", "[]"), False): ("criterion",),
    ("waiver", ("gate",), False): ("gate",),
    ("amendment", ("changes", "[]", "id"), False): ("gate", "criterion"),
}
"""What is named at a place: by kind of document, what is open there, and whether a key is written."""


class Offer(NamedTuple):
    """One text that could stand here."""

    text: str
    what: str
    """`gate`, `criterion`, `probe`, `fault`, `quantity`, `unit`, `key` or `value`."""
    says: str
    rank: int = 1
    """0 before all others."""


def offers(project: EditedProject, path: Path, line: int, character: int) -> tuple[Offer, ...]:
    """Everything that could stand at a place (from 0) of a file, most fitting first."""
    kind = project.kind_of(path)
    text = project.texts.get(path, "")
    cursor = cursor_at(text, line, character)
    if kind is None or cursor is None:
        return ()
    found = [*_names(project, kind, cursor, path, line), *_of_the_format(kind, cursor)]
    each = {offer.text: offer for offer in reversed(found)}
    written = dict(cursor.siblings[-1]) if cursor.in_key and cursor.siblings else {}
    if cursor.in_key and not text.split("\n")[line][: cursor.start].strip():
        written |= rows_below(text, line, cursor.start)
    fitting = [offer for offer in each.values() if offer.text not in written]
    return tuple(sorted(fitting, key=lambda offer: (offer.rank, offer.text)))


def _names(project: EditedProject, kind: str, cursor: Cursor, path: Path, line: int) -> Iterator[Offer]:
    limits = _limits_of(project, kind, cursor, path, line)
    if limits is not None:
        yield from _in_limits(project, limits, cursor)
    elif (
        kind == "contract" and cursor.keys[:3] == _CAUGHT and len(cursor.keys) > _CAUGHT_DEEP - cursor.in_key
    ):
        units = _units(project, _probe_of(project, cursor, path, line))
        yield from (Offer(name, "quantity", unit) for name, unit in units.items())
    elif kind == "profile" and cursor.keys[:1] == _OVERRIDE and cursor.keys[2:] == ("drop", "[]"):
        limited = _expected(project, cursor.keys[1])
        yield from (Offer(name, "quantity", "a limit of the contract") for name in limited)
    for what in _KINDS_AT.get((kind, cursor.keys, cursor.in_key), ()):
        yield from (
            Offer(name, what, entry.says, 0) for name, entry in project.named.items() if entry.what == what
        )


def _limits_of(
    project: EditedProject, kind: str, cursor: Cursor, path: Path, line: int
) -> tuple[Mapping[str, str], tuple[str, ...]] | None:
    """Units of the quantities that limits may be set on here, and the steps below `expect`."""
    keys = cursor.keys
    if kind == "contract" and keys[:3] == (*_GATE, "expect"):
        return _units(project, _probe_of(project, cursor, path, line)), keys[3:]
    if kind == "profile" and keys[:1] == _OVERRIDE and keys[2:3] == ("expect",):
        units = _units(project, _probe_named_by(project, keys[1]))
        limited = _expected(project, keys[1])
        return {name: unit for name, unit in units.items() if name in limited} or units, keys[3:]
    return None


def _in_limits(
    project: EditedProject, limits: tuple[Mapping[str, str], tuple[str, ...]], cursor: Cursor
) -> Iterator[Offer]:
    units, below = limits
    if not below and cursor.in_key:
        yield from (Offer(name, "quantity", f"in {unit}", 0) for name, unit in units.items())
    elif below[1:] == ("unit",) and below[0] in units:
        yield Offer(units[below[0]], "unit", f"what {below[0]} is measured in", 0)
    elif below[1:] == ("unit",):
        yield from (Offer(name, "unit", says) for name, says in project.unit_names.items() if name.isascii())
    elif below[1:] in {("error",), ("count",)}:
        yield from (Offer(name, "quantity", f"in {unit}", 0) for name, unit in units.items())


def _units(project: EditedProject, probe: str) -> Mapping[str, str]:
    known = project.known
    facts = known.probes.get(probe) if known else None
    return facts.units if facts else {}


def _probe_of(project: EditedProject, cursor: Cursor, path: Path, line: int) -> str:
    """The probe of the gate that the cursor stands in, written above or below it."""
    if len(cursor.siblings) > 1 and cursor.siblings[1].get("probe"):
        return cursor.siblings[1]["probe"]
    text = project.texts.get(path, "")
    rows = text.split("\n")
    above = (row for row in reversed(rows[: line + 1]) if row.lstrip(" -").startswith("id:"))
    column = next((len(row) - len(row.lstrip(" -")) for row in above), 4)
    gate = project.gate_at(path, line) or {}
    return rows_below(text, line, column).get("probe", "") or str(gate.get("probe", ""))


def _gate_named(project: EditedProject, name: str) -> Mapping[str, Any]:
    entry = project.named.get(name)
    return (project.gate_at(entry.path, entry.line - 1) if entry else None) or {}


def _probe_named_by(project: EditedProject, gate: str) -> str:
    return str(_gate_named(project, gate).get("probe", ""))


def _expected(project: EditedProject, gate: str) -> tuple[str, ...]:
    expect = _gate_named(project, gate).get("expect")
    return tuple(expect) if isinstance(expect, dict) else ()


@functools.cache
def _schema(kind: str) -> Mapping[str, Any]:
    return schema_of(kind)


def _of_the_format(kind: str, cursor: Cursor) -> Iterator[Offer]:
    """Keys where a key is written, words where only some words are allowed."""
    for node in _at(_schema(kind), cursor.keys):
        if cursor.in_key or cursor.keys[-1:] == ("[]",):
            for key, inner in node.get("properties", {}).items():
                yield Offer(key, "key", str(_resolved(_schema(kind), inner).get("description", "")), 1)
        else:
            for value in node.get("enum", ()):
                if isinstance(value, str):
                    yield Offer(value, "value", str(node.get("description", "")), 1)
            if node.get("type") == "boolean":
                yield from (
                    Offer(word, "value", str(node.get("description", "")), 1) for word in ("true", "false")
                )


def _resolved(schema: Mapping[str, Any], node: Mapping[str, Any]) -> Mapping[str, Any]:
    target = node.get("$ref")
    if target is None and len(node.get("allOf", ())) == 1:
        target = node["allOf"][0].get("$ref")
    if target is None:
        return node
    return {
        **schema["definitions"][target.rsplit("/", 1)[1]],
        **{k: v for k, v in node.items() if k == "description"},
    }


def _at(schema: Mapping[str, Any], keys: tuple[str, ...]) -> list[Mapping[str, Any]]:
    """The parts of a schema that speak of a path."""
    nodes: list[Mapping[str, Any]] = [schema]
    for key in keys:
        nodes = [inner for node in nodes for inner in _step(schema, node, key)]
    return [found for node in nodes for found in _alternatives(schema, node)]


def _alternatives(schema: Mapping[str, Any], node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    node = _resolved(schema, node)
    yield node
    for word in ("anyOf", "oneOf"):
        for inner in node.get(word, ()):
            if inner.keys() & {"$ref", "properties", "items", "enum", "additionalProperties"}:
                yield from _alternatives(schema, inner)


def _step(schema: Mapping[str, Any], node: Mapping[str, Any], key: str) -> Iterator[Mapping[str, Any]]:
    for inner in _alternatives(schema, node):
        if key == "[]":
            items = inner.get("items")
            yield from [items] if isinstance(items, dict) else items or []
        elif key in inner.get("properties", {}):
            yield inner["properties"][key]
        elif isinstance(inner.get("additionalProperties"), dict):
            yield inner["additionalProperties"]


def key_says(kind: str, keys: tuple[str, ...]) -> str:
    """What the format says of a key; empty where it says nothing."""
    told = (str(node.get("description", "")) for node in _at(_schema(kind), keys))
    return next((f"`{keys[-1]}`: {text}" for text in told if text), "")
