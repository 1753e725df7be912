"""Facts that are written down are read as they were; anything else is refused."""

import math
from dataclasses import replace
from pathlib import Path

import pytest

from specship.errors import DamagedArtifact
from specship.pipeline.run_logs.facts import Facts
from specship.pipeline.run_logs.facts_file import FACTS, write_facts
from specship.pipeline.run_logs.opening import read_facts
from tests.projects.logged_project import write_run


@pytest.fixture
def facts(tmp_path: Path) -> Facts:
    return read_facts(write_run(tmp_path / "theirs"))[0]


def test_facts_come_back_as_they_were(facts: Facts, tmp_path: Path) -> None:
    sick = replace(
        facts, steps=tuple(replace(one, loss=math.inf) for one in facts.steps), told=frozenset({"mode"})
    )
    write_facts(tmp_path, sick)
    again, notes = read_facts(tmp_path)

    assert notes == []
    assert again == sick


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"format": "specship-facts/1", "facts": {}}', "[" * 9999, '{"format": 1'],
)
def test_what_is_no_such_file_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / FACTS).write_text(text)
    with pytest.raises(DamagedArtifact, match="no facts of a run"):
        read_facts(tmp_path)


def test_a_kind_that_nobody_knows_is_refused(facts: Facts, tmp_path: Path) -> None:
    write_facts(tmp_path, replace(facts, kind="house log"))
    with pytest.raises(DamagedArtifact, match="no kind of run is called 'house log'"):
        read_facts(tmp_path)
