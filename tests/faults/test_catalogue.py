"""Each fault names the defect that it stands for, in a table that a reader can look up."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from specship.faults import catalogue
from specship.faults.catalogue import fault_code, load_fault, shipped_files
from tests.places import ROOT

TABLE = ROOT / "docs" / "defects.md"
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


def test_what_several_faults_share_is_part_of_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a shared file could be made harmless, and records of arming would go on holding."""
    monkeypatch.setattr(catalogue, "FAULTS", SimpleNamespace(file=lambda name: tmp_path / f"{name}.py"))
    fault, shared = tmp_path / "broken.py", tmp_path / "_bytes.py"
    fault.write_text("from specship.faults._bytes import spoil_bytes\n")
    shared.write_text("def spoil_bytes(path):\n    path.unlink()\n")
    before = fault_code(fault)
    shared.write_text("def spoil_bytes(path):\n    pass\n")

    assert fault_code(fault) != before
