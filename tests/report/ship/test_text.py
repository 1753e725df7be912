"""The report at a terminal: what fails stands last, what one asks for is shown, and colours where they belong."""

from pathlib import Path

import pytest

from specship.report.formats import SHIP, TEXT, Display, render
from tests.processes import specship
from tests.projects.small_project import make_project
from tests.report.judged_reports import judged

SEEN = frozenset({"release"})


def shown(width: int = 132, amount: int = 0) -> list[str]:
    return render(SHIP, TEXT, judged(), Display(width=width, detailed=SEEN, amount=amount)).splitlines()


@pytest.mark.parametrize("width", [80, 132])
def test_what_fails_stands_last_with_the_command_that_says_more(width: int) -> None:
    assert shown(width)[-4:] == [
        "1 gate fails",
        "  GATE-A-002 bits_per_byte 3.5 bits/byte (at most 2) ← does not hold",
        "    worst inf bits/byte (at most 2) ← does not hold",
        "  more of one: specship explain GATE-A-002",
    ]


def test_what_fails_is_broken_within_its_column() -> None:
    lines = shown(50)

    assert lines[lines.index("1 gate fails") + 2].startswith("  ")
    assert max(map(len, lines)) <= 50


def test_a_little_is_the_numbers_and_what_fails() -> None:
    little = shown(amount=-1)

    assert "AC-A-000" not in "\n".join(little)
    assert little[0] == "SPEC-A 1.0.0"
    assert "ships 62.5 %" in little[1]
    assert little[-1] == "  more of one: specship explain GATE-A-002"


def test_all_of_it_is_every_quantity() -> None:
    usual, whole = "\n".join(shown()), "\n".join(shown(amount=1))

    assert "texts 4" not in usual
    assert "bits_per_byte 1.25 bits/byte (at most 2), 3 more hold" in usual
    assert "texts 4 bits/byte (at most 2)" in whole
    assert "more hold" not in whole


def test_a_row_that_has_room_takes_one_line() -> None:
    narrow = shown(90)

    assert "  GATE-A-004 UNBOUND" in "\n".join(narrow)
    assert any(line.startswith("  GATE-A-001 PASS  bits_per_byte 1.25") for line in narrow)
    assert max(map(len, narrow)) <= 90


@pytest.mark.parametrize(
    ("variables", "colours"),
    [
        ({}, False),
        ({"FORCE_COLOR": "1"}, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": ""}, True),
    ],
)
def test_colours_are_asked_for_and_forbidden_by_variables(
    variables: dict[str, str], colours: bool, tmp_path: Path
) -> None:
    """A pipe has none by itself."""
    done = specship("status", folder=make_project(tmp_path / "project"), environment=variables)

    assert ("\x1b[" in done.stdout) == colours


def test_the_verb_shows_as_much_as_is_asked_for(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project")
    little, usual = (specship("status", *words, folder=project).stdout for words in (("-q",), ()))

    assert "GATE-SMALL-001" in usual
    assert "GATE-SMALL-001" not in little
    assert little.splitlines()[0] == "SPEC-SMALL 1.0.0"
    assert specship("status", "-q", "-v", folder=project).returncode == 2
