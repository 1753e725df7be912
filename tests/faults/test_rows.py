"""Each fault names the defect that it stands for, in a table that a reader can look up."""

import re
from pathlib import Path

import pytest

from specship.faults.catalogue import load_fault, shipped_files

TABLE = Path(__file__).parents[2] / "docs" / "defects.md"
ROWS = dict(re.findall(r"^\| ([A-Z]\d+) \| (.+?) \|", TABLE.read_text(encoding="utf-8"), re.MULTILINE))


@pytest.mark.parametrize("name", sorted(shipped_files()))
def test_the_row_of_a_fault_is_in_the_table(name: str) -> None:
    assert load_fault(name, None).fault.row in ROWS


def test_every_row_of_the_table_has_a_fault() -> None:
    named = {load_fault(name, None).fault.row for name in shipped_files()}
    assert named == ROWS.keys()


def test_each_fault_says_one_thing_in_a_sentence_of_its_own() -> None:
    sentences = [load_fault(name, None).sentence for name in shipped_files()]
    assert len(set(sentences)) == len(sentences)
