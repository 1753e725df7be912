"""Every verb at terminals of 60 and 80 columns: no line is wrapped by the terminal, and none is cut."""

import json
import re
from typing import Final

import pytest
from rich.cells import cell_len

from specship.cli import VERBS
from tests.cli.asked_verbs import DOCUMENTS, LONG, QUICK
from tests.cli.asking import Asking
from tests.cli.terminals import at_a_terminal
from tests.processes import SCRIPTS, inside, specship

_PAINT: Final = re.compile("\x1b\\[[0-9;]*[mK]")


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory) -> Asking:
    return Asking(tmp_path_factory.mktemp("asked"))


def wide(text: str, columns: int) -> list[str]:
    """Lines that a terminal would wrap; a single word, such as a path, is copied whole."""
    lines = (_PAINT.sub("", line).rstrip() for line in text.splitlines())
    return [line for line in lines if cell_len(line) > columns and " " in line.strip()]


def held(asking: Asking, line: str, columns: int) -> None:
    done = specship(*asking.words(line), folder=asking.folder, environment={"COLUMNS": str(columns)})
    people = done.stdout.partition("\n{")[0]  # behind it lies a statement as programs read it

    assert done.returncode in {0, 1}, done.stderr
    assert people
    assert not wide(people, columns) + wide(done.stderr, columns)


def test_every_verb_is_asked() -> None:
    asked = {line.split()[0] for line in (*QUICK, *LONG)}

    assert asked | DOCUMENTS == {name.replace("_", "-") for name in VERBS.names}


@pytest.mark.parametrize("line", QUICK)
def test_no_line_is_wider_than_the_terminal(line: str, asking: Asking) -> None:
    held(asking, line, 80)


@pytest.mark.slow
@pytest.mark.parametrize("line", QUICK)
def test_nor_than_a_narrow_one(line: str, asking: Asking) -> None:
    held(asking, line, 60)


@pytest.mark.slow
@pytest.mark.parametrize("line", LONG)
def test_nor_of_the_verbs_that_compute(line: str, asking: Asking) -> None:
    held(asking, line, 60)
    held(asking, line, 80)


@pytest.mark.slow
def test_help_of_every_verb_has_room() -> None:
    for verb in VERBS.names:
        done = specship(verb.replace("_", "-"), "--help", environment={"COLUMNS": "80"})
        assert not wide(done.stdout, 80)


def test_a_pipe_gets_whole_lines_and_no_colour(asking: Asking) -> None:
    done = specship("gate", "--base", "base", folder=asking.folder)

    assert wide(done.stdout, 80)
    assert "\x1b" not in done.stdout


def test_programs_get_whole_lines_at_any_width(asking: Asking) -> None:
    narrow = specship(
        "next", "--format", "json", folder=asking.folder, environment={"COLUMNS": "20", "FORCE_COLOR": "1"}
    )

    assert narrow.stdout == inside(asking.folder, "next", "--format", "json").stdout
    assert json.loads(narrow.stdout)


@pytest.mark.parametrize("verb", ["explain GATE-SMALL-001", "next --profile release", "evidence verify"])
def test_verdicts_have_colours_at_a_terminal_unless_somebody_objects(verb: str, asking: Asking) -> None:
    coloured, plain = (
        specship(*verb.split(), folder=asking.folder, environment={"FORCE_COLOR": "1", **more}).stdout
        for more in ({}, {"NO_COLOR": "1"})
    )

    assert "\x1b[3" in coloured
    assert _PAINT.sub("", coloured) == plain
    assert "\x1b" not in plain


def test_a_real_terminal_says_how_wide_it_is(asking: Asking) -> None:
    """Without a variable, and folded as it was asked to be: every line of it begins where ours does."""
    command = [str(SCRIPTS / "specship"), "next", "--profile", "release"]
    status, written = at_a_terminal(command, asking.folder, columns=44)

    assert status == 0
    assert "\x1b[33mSTALE\x1b[0m" in written
    assert not wide(written, 44)
