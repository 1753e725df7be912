"""Each fault names the defect that it stands for, in a table that a reader can look up."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from specship.faults import catalogue
from specship.faults.catalogue import fault_code, read_fault, shipped_files
from tests.places import ROOT

TABLE = ROOT / "docs" / "defects.md"
ROWS = dict(re.findall(r"^\| ([A-Z]\d+) \| (.+?) \|", TABLE.read_text(encoding="utf-8"), re.MULTILINE))


@pytest.mark.parametrize("name", sorted(shipped_files()))
def test_the_row_of_a_fault_is_in_the_table(name: str) -> None:
    assert read_fault(name, None).fault.row in ROWS


def test_every_row_of_the_table_has_a_fault() -> None:
    named = {read_fault(name, None).fault.row for name in shipped_files()}
    assert named == ROWS.keys()


def test_each_fault_says_one_thing_in_a_sentence_of_its_own() -> None:
    sentences = [read_fault(name, None).sentence for name in shipped_files()]
    assert len(set(sentences)) == len(sentences)


@pytest.mark.parametrize(
    "written", ["from specship.faults._bytes import spoil_bytes\n", "from specship.faults import _bytes\n"]
)
def test_what_several_faults_share_is_part_of_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    """Else a shared file could be made harmless, and records of arming would go on holding."""
    monkeypatch.setattr(catalogue.FAULTS, "file", lambda name: tmp_path / f"{name}.py")
    fault, shared = tmp_path / "broken.py", tmp_path / "_bytes.py"
    fault.write_text(written)
    shared.write_text("def spoil_bytes(path):\n    path.unlink()\n")
    before = fault_code(fault)
    shared.write_text("def spoil_bytes(path):\n    pass\n")

    assert fault_code(fault) != before


def test_every_component_that_a_fault_replaces_is_there() -> None:
    """A move inside the pipeline leaves a fault behind; falsification would tell much later."""
    code = (
        "from specship.errors import SpecshipError\n"
        "from specship.faults.catalogue import planting, read_fault, shipped_files\n"
        "for name in shipped_files():\n"
        "    declared = read_fault(name, None)\n"
        "    plant = planting(declared)\n"
        "    try:\n"
        "        declared.injects and plant()\n"
        "    except SpecshipError as error:\n"
        "        print(name, error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == ""


def test_a_fault_of_settings_is_planted_however_it_is_declared(tmp_path: Path) -> None:
    for name, written in (("plain", "FAULT"), ("typed", "FAULT: Fault")):
        (tmp_path / f"{name}.py").write_text(
            f"{written} = Fault(row='', stage='run', settings={{'a': {{'b': 1}}}})\n"
        )

    assert {"plain", "typed"} <= catalogue.planted_faults(tmp_path)
