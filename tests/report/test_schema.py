"""The published schemas: made from the records, met by every shipped file, refusing what the reader refuses."""

import functools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from specship.cli.commands.schema import KINDS
from specship.contracts.document import read_document
from specship.report.schema.documents import PUBLISHED_AT, schema_of, schema_text
from specship.report.schema.draft7 import draft7
from specship.report.schema.settings import UNWRITTEN, attribute_docstrings, sections
from specship.units import KNOWN_UNITS
from tests.places import ROOT
from tests.processes import specship
from tests.projects.small_project import make_project
from tests.report.schema.readers import faults_of

SPEC = ROOT / "specs" / "ship-two-001"
SHIPPED = {
    "contract": sorted((ROOT / "contracts").glob("*.yaml")),
    "spec": [SPEC / "spec.yaml"],
    "profile": sorted((SPEC / "profiles").glob("*.yaml")),
    "amendment": sorted((SPEC / "amendments").glob("*.yaml")),
    "waiver": sorted((ROOT / "waivers").glob("*.yaml")),
}
FILES = [(kind, path) for kind, paths in SHIPPED.items() for path in paths]


def plain(values: Any) -> Any:
    return json.loads(json.dumps(values))


@functools.cache
def validator(kind: str) -> Draft7Validator:
    """Making a schema takes longer than asking it."""
    return Draft7Validator(schema_of(kind))


def refuses(kind: str, values: Any) -> bool:
    return not validator(kind).is_valid(plain(values))


@pytest.mark.parametrize("kind", KINDS)
def test_committed_and_printed_are_those_of_the_records(kind: str) -> None:
    committed = (ROOT / "schemas" / f"{kind}.schema.json").read_text()
    done = specship("schema", kind)
    assert done.returncode == 0

    assert committed == schema_text(kind), f"specship schema {kind} > schemas/{kind}.schema.json"
    assert done.stdout == committed


@pytest.mark.parametrize("kind", KINDS)
def test_each_is_sound_draft_7(kind: str) -> None:
    schema = schema_of(kind)

    Draft7Validator.check_schema(schema)
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert schema["$id"] == f"{PUBLISHED_AT}/{kind}.schema.json"
    for keyword in ("$defs", "prefixItems", "unevaluatedProperties", "dependentRequired"):
        assert f'"{keyword}"' not in schema_text(kind)


def described(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every property of a schema and of its definitions."""
    for name, part in {"": schema, **schema["definitions"]}.items():
        for key, inner in part.get("properties", {}).items():
            yield f"{name}.{key}", inner


@pytest.mark.parametrize("kind", KINDS)
def test_every_property_says_what_it_is(kind: str) -> None:
    schema = schema_of(kind)

    assert len(list(described(schema))) > 5
    assert [name for name, inner in described(schema) if not inner.get("description")] == []
    assert all(part.get("description") for part in schema["definitions"].values())


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_stands_beside_a_reference(kind: str) -> None:
    """Draft-07 would not read it."""

    def references(value: Any) -> Iterator[dict[str, Any]]:
        for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            yield from references(inner)
        if isinstance(value, dict) and "$ref" in value:
            yield value

    assert all(found.keys() == {"$ref"} for found in references(schema_of(kind)))


def test_texts_for_settings_are_those_that_no_docstring_gives() -> None:
    """A text that nobody shows would grow old unseen."""
    for section, texts in UNWRITTEN.items():
        record = sections()[section]
        assert texts.keys() <= record.model_fields.keys()
        assert not texts.keys() & attribute_docstrings(record).keys()


@pytest.mark.parametrize(("kind", "path"), FILES, ids=lambda value: getattr(value, "name", value))
def test_every_shipped_file_meets_its_schema(kind: str, path: Path) -> None:
    validator(kind).validate(plain(read_document(path).values))
    assert faults_of(kind, path.read_bytes(), path.name) == []


@pytest.mark.parametrize(("kind", "path"), FILES, ids=lambda value: getattr(value, "name", value))
def test_every_shipped_file_names_its_schema(kind: str, path: Path) -> None:
    """In the first line, where editors look for it."""
    first = path.read_text().splitlines()[0]
    named = first.removeprefix("# yaml-language-server: $schema=")

    assert named != first
    assert (path.parent / named).resolve() == ROOT / "schemas" / f"{kind}.schema.json"


def test_status_prints_what_its_schema_says(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    done = specship("status", "--format", "json", folder=project)

    assert not refuses("report", json.loads(done.stdout))
    assert refuses("report", json.loads(done.stdout) | {"ship_percent": 100})


LIMIT = {"at_most": 2.2, "unit": "nats/token"}
GATE = {"id": "GATE-A", "rule": "r", "ship_blocking": True, "probe": "a.b", "expect": {"loss": LIMIT}}
CONTRACT = {"contract_id": "a", "version": "1.0.0", "stage": "train", "summary": "s", "gates": [GATE]}
PROFILE = {"profile": "a", "kind": "rehearsal", "summary": "s"}
EFFORT = {"gpu_hours": 0, "person_hours": 1.5}
CRITERION = {"id": "AC-A", "statement": "s", "weight": 100, "because": "b", "effort": EFFORT}
SOUND_SPEC = {
    "spec_id": "SPEC-A",
    "title": "t",
    "models": [{"id": "M", "title": "t", "criteria": [CRITERION]}],
}
AMENDMENT = {"bump": "major", "after": "0.0.0", "why": "w", "changes": [{"id": "M", "what": "w"}]}


def gate(**changes: Any) -> dict[str, Any]:
    return CONTRACT | {"gates": [GATE | changes]}


def gate_without(*keys: str, **changes: Any) -> dict[str, Any]:
    return CONTRACT | {"gates": [{key: value for key, value in (GATE | changes).items() if key not in keys}]}


def limit(**expectation: Any) -> dict[str, Any]:
    return gate(expect={"loss": {"unit": "nats/token"} | expectation})


def section(name: str, /, **settings: Any) -> dict[str, Any]:
    return PROFILE | {"pipeline": {"MODEL-1": {name: settings}}}


def override(**changes: Any) -> dict[str, Any]:
    return PROFILE | {"overrides": {"GATE-A": {"reason": "r"} | changes}}


def criterion(**changes: Any) -> dict[str, Any]:
    return SOUND_SPEC | {"models": [{"id": "M", "title": "t", "criteria": [CRITERION | changes]}]}


def advice(**changes: Any) -> dict[str, Any]:
    return AMENDMENT | {"recommendations": [{"what": "w"} | changes]}


GOOD = {
    # plain words: (kind, document)
    "a contract": ("contract", CONTRACT),
    "a gate in prose": ("contract", gate_without("probe", "expect")),
    "no probe, in full": ("contract", gate_without("expect", probe=None)),
    "an operator left empty": ("contract", limit(at_most=1, below=None)),
    "a limit of the same sign": ("contract", limit(above=0, unit="tokens")),
    "a share": ("contract", limit(at_most=0.99, unit="fraction")),
    "a loss below zero": ("contract", limit(at_least=-3)),
    "a text of a choice": ("contract", limit(one_of=["F16", True, 1], unit="text")),
    "a truth value": ("contract", limit(equals=True, unit="text")),
    "a long pattern": ("contract", limit(matches="a" * 200, unit="text")),
    "no device, in full": ("contract", gate(requires={"device": None})),
    "a profile": ("profile", PROFILE),
    "a release": ("profile", PROFILE | {"kind": "release", "overrides": {}, "not_judged": {}}),
    "settings": ("profile", section("training", steps=2000, peak_learning_rate=None)),
    "an override": ("profile", override(requires={})),
    "a spec": ("spec", SOUND_SPEC),
    "an amendment": ("amendment", AMENDMENT),
    "open advice": ("amendment", advice(state="OPEN")),
    "closed advice": ("amendment", advice(state="RESOLVED", pointer="0002")),
}  # fmt: skip
BAD = {
    "a list": ("contract", [CONTRACT]),
    "unknown key": ("contract", CONTRACT | {"status": "DISCHARGED"}),
    "unknown key of a gate": ("contract", gate(verdict="PASS")),
    "unknown operator": ("contract", limit(at_mots=2)),
    "missing key": ("contract", gate_without("rule")),
    "null for a text": ("contract", gate(rule=None)),
    "empty text": ("contract", gate(rule="")),
    "no gates": ("contract", CONTRACT | {"gates": []}),
    "one gate, no list": ("contract", CONTRACT | {"gates": GATE}),
    "unknown stage": ("contract", CONTRACT | {"stage": "training"}),
    "short version": ("contract", CONTRACT | {"version": "1.0"}),
    "version as a number": ("contract", CONTRACT | {"version": 1.5}),
    "gate id in lower case": ("contract", gate(id="gate-a")),
    "criterion that is none": ("contract", gate(binds_to=["SHIP2-003"])),
    "text for a truth value": ("contract", gate(ship_blocking="yes")),
    "unknown device": ("contract", gate(requires={"device": "tpu"})),
    "probe that expects nothing": ("contract", gate_without("expect")),
    "probe that expects an empty mapping": ("contract", gate(expect={})),
    "expectation without probe": ("contract", gate_without("probe")),
    "expectation and no probe, in full": ("contract", gate(probe=None)),
    "null for expect": ("contract", gate_without("probe", expect=None)),
    "two operators": ("contract", limit(at_most=1, at_least=2)),
    "no operator": ("contract", limit()),
    "no operator, in full": ("contract", limit(at_most=None)),
    "no unit": ("contract", gate(expect={"loss": {"at_most": 1}})),
    "unknown unit": ("contract", limit(at_most=1, unit="banana")),
    "limit as a text": ("contract", limit(at_most="1")),
    "limit that is true": ("contract", limit(at_least=True)),
    "interval of one": ("contract", limit(between=[1])),
    "interval of three": ("contract", limit(between=[1, 2, 3])),
    "choice of none": ("contract", limit(one_of=[])),
    "choice of null": ("contract", limit(one_of=[None])),
    "pattern beyond bounds": ("contract", limit(matches="a" * 201, unit="text")),
    "comparison of texts": ("contract", limit(between=[1, 2], unit="text")),
    "count that cannot fail": ("contract", limit(at_least=0, unit="tokens")),
    "share that cannot fail": ("contract", limit(at_most=1, unit="fraction")),
    "unknown kind": ("profile", PROFILE | {"kind": "Release"}),
    "release with overrides": ("profile", override(requires={}) | {"kind": "release"}),
    "release that judges less": ("profile", PROFILE | {"kind": "release", "not_judged": {"AC-A": "r"}}),
    "override that changes nothing": ("profile", override()),
    "override of nothing at all": ("profile", override(expect={}, drop=[], requires=None)),
    "override of no gate": ("profile", PROFILE | {"overrides": {"AC-A": {"reason": "r", "requires": {}}}}),
    "reason that is empty": ("profile", PROFILE | {"not_judged": {"AC-A": ""}}),
    "model id in lower case": ("profile", PROFILE | {"pipeline": {"model-1": {}}}),
    "settings nobody reads": ("profile", section("trainning")),
    "unknown setting": ("profile", section("training", stesp=2)),
    "setting below its range": ("profile", section("training", steps=0)),
    "setting of another type": ("profile", section("shards", shard_tokens="many")),
    "setting left out": ("profile", section("gguf", name="a")),
    "no days at all": ("profile", PROFILE | {"oldest_evidence_days": 0}),
    "a version in the spec": ("spec", SOUND_SPEC | {"version": "1.0.0"}),
    "a typed status": ("spec", criterion(status="DISCHARGED")),
    "weight of nothing": ("spec", criterion(weight=0)),
    "weight of a fraction": ("spec", criterion(weight=99.5)),
    "effort below zero": ("spec", criterion(effort=EFFORT | {"gpu_hours": -1})),
    "effort missing": ("spec", criterion(effort=None)),
    "unknown bump": ("amendment", AMENDMENT | {"bump": "huge"}),
    "amendment of nothing": ("amendment", AMENDMENT | {"changes": []}),
    "closed advice without pointer": ("amendment", advice(state="SUPERSEDED")),
    "closed advice with empty pointer": ("amendment", advice(state="RESOLVED", pointer="")),
}  # fmt: skip


@pytest.mark.parametrize("case", GOOD, ids=lambda case: case.replace(" ", "-"))
def test_schema_and_reader_accept(case: str) -> None:
    kind, values = GOOD[case]

    assert faults_of(kind, json.dumps(values).encode(), "a-v1.yaml") == []
    assert not refuses(kind, values)


@pytest.mark.parametrize("case", BAD, ids=lambda case: case.replace(" ", "-"))
def test_schema_and_reader_refuse(case: str) -> None:
    kind, values = BAD[case]

    assert faults_of(kind, json.dumps(values).encode(), "a-v1.yaml")
    assert refuses(kind, values)


@pytest.mark.parametrize("unit", [*KNOWN_UNITS, "tokens", "s", "us", "Tokens", "token", "to-kens", "x_s"])
@pytest.mark.parametrize("operator", ["at_most", "at_least", "below", "above", "equals"])
def test_limits_at_the_ends_of_units(unit: str, operator: str) -> None:
    """What a unit cannot violate, both refuse; what it can, both accept."""
    for value in (-1, 0, 0.5, 1, 2):
        values = limit(unit=unit, **{operator: value})
        faults = faults_of("contract", json.dumps(values).encode(), "a-v1.yaml")

        assert bool(faults) == refuses("contract", values), value


TRANSLATED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    # plain words: (2020-12, draft-07)
    "definitions": ({"$defs": {"A": {"type": "null"}}}, {"definitions": {"A": {"type": "null"}}}),
    "a reference": ({"$ref": "#/$defs/A"}, {"$ref": "#/definitions/A"}),
    "a reference with a text": (
        {"$ref": "#/$defs/A", "description": "d"}, {"allOf": [{"$ref": "#/definitions/A"}], "description": "d"},
    ),
    "items by position": (
        {"prefixItems": [{"type": "null"}], "items": False}, {"items": [{"type": "null"}], "additionalItems": False},
    ),
    "keys with a pattern": (
        {"patternProperties": {"^a$": {"type": "null"}}},
        {"propertyNames": {"pattern": "^a$"}, "additionalProperties": {"type": "null"}},
    ),
    "a number or nothing": (
        {"anyOf": [{"type": "integer"}, {"type": "number"}, {"type": "null"}]}, {"type": ["number", "null"]},
    ),
    "a choice or nothing": ({"anyOf": [{"const": "a"}, {"type": "null"}]}, {"enum": ["a", None]}),
    "a bounded number or nothing": (
        {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}]}, {"type": ["integer", "null"], "minimum": 1},
    ),
    "a record or nothing": (
        {"anyOf": [{"$ref": "#/$defs/A"}, {"type": "null"}]},
        {"anyOf": [{"$ref": "#/definitions/A"}, {"type": "null"}]},
    ),
    "a title of no use": ({"title": "At Most", "type": "number", "default": None}, {"type": "number"}),
    "a field called title": (
        {"title": "Model", "properties": {"title": {"title": "Title", "type": "string"}}},
        {"title": "Model", "properties": {"title": {"type": "string"}}},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", TRANSLATED, ids=lambda case: case.replace(" ", "-"))
def test_translation(case: str) -> None:
    old, new = TRANSLATED[case]

    assert draft7(old) == new
