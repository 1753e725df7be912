"""JSON Schemas of what specship reads and writes, made from the records themselves.

They are draft-07, the newest that YAML language servers document, and say as much of a record's
own checks as JSON Schema can. Whatever they refuse, the reader refuses; the reader refuses more.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from pydantic import BaseModel

from specship.contracts.expectation import Expectation
from specship.contracts.records import Contract, Frozen
from specship.pull_request.records import MergeDecision
from specship.report.schema.draft7 import DRAFT, draft7
from specship.report.schema.rules import with_rules
from specship.report.schema.settings import attribute_docstrings, settings_definitions
from specship.review.records import Review
from specship.specs.records import Amendment, Profile, Spec
from specship.specs.waivers import Waiver
from specship.status.backlog_records import BacklogItems
from specship.status.report import Report

PUBLISHED_AT: Final = "https://raw.githubusercontent.com/specship/specship/main/schemas"
RECORDS: Final[dict[str, type[BaseModel]]] = {
    "contract": Contract,
    "spec": Spec,
    "profile": Profile,
    "amendment": Amendment,
    "waiver": Waiver,
    "report": Report,
    "review": Review,
    "gate": MergeDecision,
    "next": BacklogItems,
}
_WRITTEN: Final = frozenset({"report", "review", "gate", "next"})
"""What specship writes and nobody by hand."""


def schema_of(kind: str) -> dict[str, Any]:
    """The JSON Schema (draft-07) of one kind of document."""
    record = RECORDS[kind]
    plain = record.model_json_schema(mode="serialization" if kind in _WRITTEN else "validation")
    made = draft7(_with_texts(record, plain))
    made["description"] = made["description"].partition("\n\n")[0]
    definitions = made.pop("definitions", {})
    if kind == "profile":
        definitions |= settings_definitions()
        made["properties"]["pipeline"]["additionalProperties"] = {"$ref": "#/definitions/PipelineSettings"}
    return {
        "$schema": DRAFT,
        "$id": f"{PUBLISHED_AT}/{kind}.schema.json",
        **with_rules(record.__name__, made),
        "title": f"specship {kind}",
        "definitions": {name: with_rules(name, inner) for name, inner in sorted(definitions.items())},
    }


def _with_texts(record: type[BaseModel], schema: dict[str, Any]) -> dict[str, Any]:
    """The same schema with the text that stands under each field of its records."""
    known: tuple[type[BaseModel], ...] = (record, *_records(Frozen), Expectation)
    by_name = {one.__name__: one for one in known}
    for name, inner in {record.__name__: schema, **schema.get("$defs", {})}.items():
        texts = attribute_docstrings(by_name[name]) if name in by_name else {}
        for key, field in inner.get("properties", {}).items():
            if key in texts and "description" not in field:
                inner["properties"][key] = dict(sorted({**field, "description": texts[key]}.items()))
    return schema


def _records(base: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for record in base.__subclasses__():
        yield record
        yield from _records(record)


def schema_text(kind: str) -> str:
    """The text that is printed, and committed under `schemas/`."""
    return json.dumps(schema_of(kind), indent=2, ensure_ascii=False) + "\n"
