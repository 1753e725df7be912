"""Contract files: the sound one, and each way to get it wrong."""

from pathlib import Path

import pytest

from specship.contracts.reader import read_contract, survey_contracts
from specship.errors import UnusableInput

SOUND = """\
contract_id: some-rule
version: 1.2.0
stage: train
summary: What must hold.
references:
  - {id: "arXiv:2203.15556", supports: [GATE-SOME-001]}
gates:
  - id: GATE-SOME-001
    rule: The loss is low.
    binds_to: [AC-SHIP2-003]
    ship_blocking: true
    probe: run.loss
    expect:
      val_loss: {at_most: 2.2, unit: nats/token}
    requires: {device: cuda}
    falsified_by: [frozen-weights]
"""

BAD = {
    # plain words: (replace this, by that, "line:column", part of the text)
    "misspelt key": ("ship_blocking", "ship_blokcing", "11:5", "write 'ship_blocking'"),
    "misspelt operator": ("at_most", "at_mots", "14:18", "write 'at_most'"),
    "unknown stage": ("stage: train", "stage: training", "3:8", "the nearest is 'train'"),
    "two operators": ("at_most: 2.2", "at_most: 2.2, below: 3", "14:17", "exactly one of"),
    "no operator": ("at_most: 2.2, ", "", "14:17", "exactly one of"),
    "limit as text": ("at_most: 2.2", "at_most: '2.2'", "14:27", "a number is expected, here it is '2.2'"),
    "limit that is true": ("at_most: 2.2", "at_most: true", "14:27", "a number is expected, here it is true"),
    "unit nobody knows": ("nats/token", "bananas/token", "14:38", "unknown unit"),
    "expectation nothing violates": ("at_most: 2.2, unit: nats/token", "at_least: 0, unit: tokens", "14:17",
                                     "no measurement in tokens could violate"),
    "probe without expectation": ("    expect:\n      val_loss: {at_most: 2.2, unit: nats/token}\n", "", "8:5",
                                  "expects nothing of it"),
    "expectation without probe": ("    probe: run.loss\n", "", "8:5", "names no probe"),
    "criterion that is none": ("AC-SHIP2-003", "SHIP2-003", "10:16", "'SHIP2-003' is not written like AC-SHIP2-003"),
    "gate id in lower case": ("id: GATE-SOME-001", "id: gate-some-001", "8:9", "write 'GATE-SOME-001'"),
    "rule is missing": ("    rule: The loss is low.\n", "", "8:5", "key 'rule' is missing"),
    "a typed verdict": ("    requires:", "    verdict: PASS\n    requires:", "15:5", "unknown key 'verdict'"),
    "a typed status": ("summary:", "status: DISCHARGED\nsummary:", "4:1", "unknown key 'status'"),
    "reference to no gate": ("supports: [GATE-SOME-001]", "supports: [GATE-SOME-002]", "6:41",
                             "the nearest is 'GATE-SOME-001'"),
    "version not semantic": ("1.2.0", "1.2", "2:10", "write 1.2.0"),
    "name of another version": ("1.2.0", "2.0.0", "1:1", "some-rule-v2.yaml"),
}  # fmt: skip


def write(folder: Path, text: str = SOUND, name: str = "some-rule-v1.yaml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_sound(tmp_path: Path) -> None:
    file = read_contract(write(tmp_path), root=tmp_path)
    gate = file.contract.gates[0]

    assert gate.expect["val_loss"].limit_text == "≤ 2.2 nats/token"
    assert gate.requires.device == "cuda"
    assert str(file.place(gate, "probe")) == "some-rule-v1.yaml:12:5"


@pytest.mark.parametrize("case", BAD, ids=lambda case: case.replace(" ", "-"))
def test_refuses_with_place_and_mend(case: str, tmp_path: Path) -> None:
    old, new, place, message = BAD[case]
    assert old in SOUND
    path = write(tmp_path, SOUND.replace(old, new, 1))

    with pytest.raises(UnusableInput) as caught:
        read_contract(path, root=tmp_path)

    assert f"some-rule-v1.yaml:{place} SHIP" in str(caught.value)
    assert message in str(caught.value)


def test_lists_the_faults_of_all_files(tmp_path: Path) -> None:
    write(tmp_path, SOUND.replace("rule: The", "ruel: The"))
    write(tmp_path, "a: [", "broken-v1.yaml")

    said = "\n".join(str(fault) for fault in survey_contracts(tmp_path, root=tmp_path).faults)

    assert "broken-v1.yaml:" in said
    assert "unknown key 'ruel'" in said
    assert "mend: write 'rule'" in said


def test_ids_are_unique_across_files(tmp_path: Path) -> None:
    write(tmp_path)
    write(tmp_path, SOUND.replace("some-rule", "other-rule"), "other-rule-v1.yaml")

    (fault,) = survey_contracts(tmp_path, root=tmp_path).faults

    assert "GATE-SOME-001 stands in other-rule-v1.yaml too" in str(fault)


def test_ids_are_unique_within_a_file(tmp_path: Path) -> None:
    gate = SOUND[SOUND.index("  - id: GATE") :]

    with pytest.raises(UnusableInput, match="stands twice, first on line 8"):
        read_contract(write(tmp_path, SOUND + gate), root=tmp_path)
