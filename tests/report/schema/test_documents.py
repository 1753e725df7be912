"""Documents made from the schemas: the reader accepts each, or says with a place and a code why not."""

import functools
import json
from collections import Counter
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from specship.codes import CODES
from specship.report.schema.documents import schema_of
from tests.contracts.yaml_writing import yaml_text
from tests.report.schema.documents import documents
from tests.report.schema.readers import faults_of

KINDS = ("contract", "spec", "profile", "amendment")


@functools.cache
def validator(kind: str) -> Draft7Validator:
    return Draft7Validator(schema_of(kind))


def name_of(values: Any) -> str:
    """The file name that a document asks for, so that its name is no fault of it."""
    if not isinstance(values, dict):
        return "a-v1.yaml"
    version = str(values.get("version", "1")).split(".", 1)[0]
    return (
        f"{values.get('contract_id', values.get('profile', 'a'))}"
        + (f"-v{version}" if "version" in values else "")
        + ".yaml"
    )


def read(kind: str, values: Any, chance: Random) -> list[Any]:
    """The faults of the document as written somehow; each has a place and a code."""
    text = yaml_text(values, chance)
    faults = faults_of(kind, text.encode(), name_of(values))
    for fault in faults:
        assert fault.at is not None, f"{fault}\n{text}"
        assert fault.at.line, f"{fault}\n{text}"
        assert fault.at.column, f"{fault}\n{text}"
        assert fault.at.line <= text.count("\n") + 1
        assert fault.code in CODES, f"{fault}\n{text}"
        assert str(fault).startswith(f"{name_of(values)}:{fault.at.line}:{fault.at.column} {fault.code} ")
    return faults


def with_sound_sums(values: Any) -> Any:
    """The weights of a spec's models as they must add up, which a schema cannot say."""
    for model in values.get("models", ()):
        for criterion in model["criteria"]:
            criterion["weight"] = 1
        model["criteria"][0]["weight"] = 101 - len(model["criteria"])
    return values


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_schema_allows_is_read_or_refused_at_its_place(kind: str) -> None:
    """And a good part of it is read: the schema says most of what the reader asks for."""
    outcomes: Counter[bool] = Counter()

    @settings(deadline=None, max_examples=80, database=None)
    @given(values=documents(kind).map(with_sound_sums), chance=st.integers(0, 2**32).map(Random))
    def check(values: Any, chance: Random) -> None:
        faults = read(kind, values, chance)
        outcomes[not faults] += 1
        assert faults or validator(kind).is_valid(values)

    check()
    assert outcomes[True] >= 10, outcomes


@pytest.mark.parametrize("kind", KINDS)
@settings(deadline=None, max_examples=150)
@given(data=st.data(), chance=st.integers(0, 2**32).map(Random))
def test_what_the_schema_refuses_the_reader_refuses_too(
    kind: str, data: st.DataObject, chance: Random
) -> None:
    """The other way round it need not be: names, sums and impossible patterns are no matter of a schema."""
    values = data.draw(documents(kind, damages=2), label="values")
    faults = read(kind, values, chance)

    assert faults or validator(kind).is_valid(json.loads(json.dumps(values)))
