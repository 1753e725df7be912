"""The version is the fold of amendments, whatever the order in which branches met."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specship.contracts.document import Document
from specship.errors import UnusableInput
from specship.specs.records import Amendment
from specship.specs.version import fold, parse, raised, text_of

DOCUMENT = Document("amendments/x.yaml", {}, "after: 9.9.9\n")


def amendment(after: str, bump: str) -> tuple[Amendment, Document]:
    facts = {"after": after, "bump": bump, "why": "because", "changes": ({"id": "X", "what": "y"},)}
    return Amendment.model_validate(facts), DOCUMENT


def test_one_after_the_other() -> None:
    files = {
        "1": amendment("0.0.0", "major"),
        "2": amendment("1.0.0", "minor"),
        "3": amendment("1.1.0", "patch"),
    }

    assert fold(files) == "1.1.1"
    assert fold({}) == "0.0.0"


def test_two_branches_meet() -> None:
    """Both followed 1.0.0; after the merge both count, the larger step first."""
    files = {
        "1": amendment("0.0.0", "major"),
        "a": amendment("1.0.0", "patch"),
        "b": amendment("1.0.0", "minor"),
    }

    assert fold(files) == "1.1.1"


def test_a_branch_that_went_on_still_folds() -> None:
    """Branch b made two steps before the merge; the second follows what only its branch saw."""
    files = {
        "1": amendment("0.0.0", "major"), "a": amendment("1.0.0", "minor"),
        "b1": amendment("1.0.0", "patch"), "b2": amendment("1.0.1", "patch"),
    }  # fmt: skip

    assert fold(files) == "1.1.2"


def test_what_follows_nothing_is_refused() -> None:
    with pytest.raises(UnusableInput, match=r"follows version 2\.0\.0, which no amendment leads to"):
        fold({"1": amendment("0.0.0", "major"), "2": amendment("2.0.0", "minor")})


@given(st.lists(st.sampled_from(["major", "minor", "patch"]), max_size=8), st.randoms())
def test_the_order_of_files_does_not_matter(bumps: list[str], random: object) -> None:
    version, files = (0, 0, 0), {}
    for number, bump in enumerate(bumps):
        files[f"{number:04}"] = amendment(text_of(version), bump)
        version = raised(version, bump)
    shuffled = list(files.items())
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    assert fold(dict(shuffled)) == text_of(version)


@given(st.lists(st.sampled_from(["major", "minor", "patch"]), min_size=1, max_size=6))
def test_side_by_side_amendments_only_raise(bumps: list[str]) -> None:
    files = {str(number): amendment("0.0.0", bump) for number, bump in enumerate(bumps)}
    more = {**files, "z": amendment("0.0.0", "patch")}

    assert parse(fold(more)) > parse(fold(files))
