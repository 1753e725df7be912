"""JSON Schemas of what specship reads and writes, made from the records themselves."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from specship.contracts.records import Contract
from specship.specs.records import Amendment, Profile, Spec
from specship.status.report import Report

_RECORDS: dict[str, type[BaseModel]] = {
    "contract": Contract,
    "spec": Spec,
    "profile": Profile,
    "amendment": Amendment,
    "report": Report,
}


def schema_of(kind: str) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of one kind of document."""
    schema = _RECORDS[kind].model_json_schema(mode="serialization" if kind == "report" else "validation")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"{kind}.schema.json", **schema}
