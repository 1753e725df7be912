"""One check for every record that is read with distrust."""

from pathlib import Path
from typing import Any, Self

import pytest
from pydantic import TypeAdapter, ValidationError, model_validator

from specship.errors import DamagedArtifact, Place
from specship.records import Count, OpenRecord, Record, Sha256, checked, read_record


class _Part(Record):
    sizes: list[Count]


class _Whole(Record):
    name: str
    part: _Part

    @model_validator(mode="after")
    def _named(self) -> Self:
        if not self.name:
            raise ValueError("it has no name")
        return self


class _Open(OpenRecord):
    name: str


GOOD = {"name": "a", "part": {"sizes": [0, 1]}}


def test_a_record_is_given_back() -> None:
    found = checked(_Whole, GOOD, Path("a.json"))
    assert (found.name, found.part.sizes) == ("a", [0, 1])


def test_a_record_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        checked(_Whole, GOOD, Path("a.json")).name = "b"


def test_an_open_record_ignores_other_keys() -> None:
    assert checked(_Open, {"name": "a", "other": 1}, Path("a.json")).model_dump() == {"name": "a"}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (
            {**GOOD, "part": {"sizes": [0, -1]}},
            "a.json:3:1: malformed: part.sizes.1: Input should be greater",
        ),
        ({**GOOD, "part": {"sizes": [0, True]}}, "part.sizes.1: Input should be a valid integer"),
        ({**GOOD, "part": {"sizes": ["1"]}}, "part.sizes.0: Input should be a valid integer"),
        ({**GOOD, "other": 1}, "malformed: other: Extra inputs are not permitted"),
        ({"name": "a"}, "malformed: part: Field required"),
        ({**GOOD, "name": ""}, "a.json:3:1: malformed: it has no name"),
        ([], "a.json:3:1: malformed: Input should be a valid dictionary"),
        (None, "a.json:3:1: malformed: Input should be a valid dictionary"),
    ],
)
def test_the_fault_is_named_with_its_place_and_key(value: Any, said: str) -> None:
    with pytest.raises(DamagedArtifact) as caught:
        checked(_Whole, value, Place("a.json", line=3), mend="write it again")
    assert said in str(caught.value)
    assert caught.value.mend == "write it again"


def test_what_and_why_are_the_callers(tmp_path: Path) -> None:
    with pytest.raises(DamagedArtifact) as caught:
        checked(_Whole, {}, tmp_path, what="no list of parts", why="its format is parts/1")
    assert str(caught.value).startswith(f"{tmp_path}: no list of parts: name: Field required")
    assert caught.value.why == "its format is parts/1"


@pytest.mark.parametrize("text", ["", "0" * 63, "0" * 65, "G" * 64, "A" * 64, "0" * 64 + "\n", 0])
def test_what_is_no_digest(text: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Sha256).validate_python(text)


def test_the_record_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "part.json"
    path.write_text('{"sizes": [3]}')
    assert read_record(_Part, path).sizes == [3]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"sizes": [NaN]}', "NaN is not JSON"),
        ('{"sizes": [1.5]}', "no list: sizes.0: Input should be a valid integer"),
        (None, "cannot be opened"),
    ],
)
def test_a_file_without_the_record(tmp_path: Path, text: str | None, said: str) -> None:
    path = tmp_path / "part.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(DamagedArtifact) as caught:
        read_record(_Part, path, what="no list")
    assert str(caught.value).startswith(str(path))
    assert said in str(caught.value)
