"""A project of three contracts, and edits of any of its files: sound ones, and those that leave a fault."""

import os
from collections.abc import Callable
from pathlib import Path

from tests.projects.small_project import edit
from tests.projects.sound_project import CONTRACT, PYPROJECT, SHORT, sound_project

SECOND = "contracts/second-v1.yaml"
THIRD = "contracts/third-v1.yaml"
PROBE = '''\
"""A probe of its own."""

from specship.probes.probe import Artifact, probe


@probe("own.documents", checked="documents", documents="documents")
def documents(corpus: Artifact):
    return {"documents": 1}
'''
OWN_GATE = """\
  - id: GATE-THIRD-009
    rule: There are documents.
    binds_to: [AC-SMALL-002]
    ship_blocking: true
    probe: own.documents
    expect:
      documents: {at_least: 10, unit: documents}
    falsified_by: [own-fault]
"""


def contract(name: str) -> str:
    """The contract of the sound project under another name, with gates of its own."""
    text = CONTRACT.replace("contract_id: small", f"contract_id: {name}")
    return text.replace("GATE-SMALL", f"GATE-{name.upper()}")


def three_contracts(folder: Path) -> Path:
    """Three contracts, one with a probe and a fault of the project; a profile that overrides a gate."""
    sound_project(folder)
    for name, text in {
        SECOND: contract("second"),
        THIRD: contract("third") + OWN_GATE,
        "pyproject.toml": f'{PYPROJECT}probes = "probes"\nfaults = "faults"\n',
        "probes/own.py": PROBE,
        "faults/own_fault.py": '"""A fault of its own."""\n',
    }.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return folder


def _in(name: str, old: str, new: str) -> Callable[[Path], object]:
    return lambda project: edit(project / name, old, new)


def _write(name: str, text: str) -> Callable[[Path], object]:
    def write(project: Path) -> None:
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text)

    return write


def _behind_a_link(project: Path) -> None:
    (project / SECOND).rename(project / "moved.yaml")
    (project / SECOND).symlink_to("../moved.yaml")


def _two_swapped(project: Path) -> None:
    (project / SECOND).rename(project / "x")
    (project / THIRD).rename(project / SECOND)
    (project / "x").rename(project / THIRD)


def _all_broken(project: Path, *names: str) -> None:
    for name in names:
        edit(project / name, "stage: train", "stage: [")


def _emptied(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()


EDITS: dict[str, Callable[[Path], object]] = {
    "words of a rule": _in(SECOND, "reaches the target", "reaches what was asked"),
    "a gate moves down": _in(SECOND, "gates:\n", "gates:\n# a remark\n\n"),
    "another id": _in(SECOND, "GATE-SECOND-002", "GATE-SECOND-007"),
    "another stage": _in(SECOND, "stage: train", "stage: eval"),
    "a gate asks for a device": _in(SECOND, "    probe: run", "    requires: {device: cuda}\n    probe: run"),
    "a gate speaks for nothing": _in(SECOND, "binds_to: [AC-SMALL-002]", "binds_to: []"),
    "a gate speaks for nobody": _in(SECOND, "binds_to: [AC-SMALL-002]", "binds_to: [AC-OTHER-1]"),
    "a probe that nobody wrote": _in(SECOND, "probe: corpus.split", "probe: corpus.splits"),
    "another unit": _in(SECOND, "unit: nats/token", "unit: bits/byte"),
    "a fault that nobody described": _in(SECOND, "[frozen-weights]", "[frozen-waits]"),
    "a limit that holds for all": _in(SECOND, "{below: 0.85,", "{at_most: 1,"),
    "broken YAML": _in(SECOND, "gates:", "gates: ["),
    "two broken contracts": lambda project: _all_broken(project, SECOND, THIRD),
    "not UTF-8": lambda project: (project / SECOND).write_bytes(b"\xff"),
    "an empty contract": _write(SECOND, ""),
    "an id in two files": _in(SECOND, "GATE-SECOND-002", "GATE-SMALL-002"),
    "an id twice in a file": _in(SECOND, "- id: GATE-SECOND-002", "- id: GATE-SECOND-001"),
    "a contract is gone": lambda project: (project / SECOND).unlink(),
    "every contract is gone": lambda project: _emptied(project / "contracts"),
    "the contract of an override is gone": lambda project: (project / SHORT["contract"]).unlink(),
    "a new contract": _write("contracts/new-v1.yaml", contract("new")),
    "a new contract with the ids of another": _write(
        "contracts/new-v1.yaml", contract("small").replace("contract_id: small", "contract_id: new")
    ),
    "a name that is not its own": lambda project: (project / SECOND).rename(project / "contracts/x-v1.yaml"),
    "two contracts change places": _two_swapped,
    "a contract behind a link": _behind_a_link,
    "a link to nowhere": lambda project: (project / "contracts/new-v1.yaml").symlink_to("nowhere"),
    "a folder like a contract": lambda project: (project / "contracts/new-v1.yaml").mkdir(),
    "a pipe": lambda project: os.mkfifo(project / "contracts/new-v1.yaml"),
    "a contract that is not read": _write("contracts/new-v1.yml", contract("new")),
    "a contract too deep": _write("contracts/old/new-v1.yaml", contract("new")),
    "the gate of an override loses a limit": _in(
        SHORT["contract"], "      bigram_margin: {at_least: 1.0, unit: nats/token}\n", ""
    ),
    "the gate of an override has another probe": _in(
        SHORT["contract"], "probe: run.held_out_loss", "probe: corpus.split"
    ),
    "the gate of an override has another id": _in(SHORT["contract"], "GATE-SMALL-001", "GATE-SMALL-009"),
    "an override asks for a device": _in(
        SHORT["rehearsal"], "    reason: A tiny", "    requires: {device: cuda}\n    reason: A tiny"
    ),
    "an override drops": _in(SHORT["rehearsal"], "    reason: A tiny", "    drop: [val_tokens]\n    reason: A tiny"),
    "an override drops what is not there": _in(
        SHORT["rehearsal"], "    reason: A tiny", "    drop: [val_token]\n    reason: A tiny"
    ),
    "an override of another gate": _in(SHORT["rehearsal"], "GATE-SMALL-001", "GATE-SECOND-001"),
    "an override of no gate": _in(SHORT["rehearsal"], "GATE-SMALL-001", "GATE-SMALL-011"),
    "the other profile overrides": _in(
        SHORT["release"], "kind: release", "kind: rehearsal\noverrides: {GATE-NO-1: {reason: r, drop: [x]}}"
    ),
    "a setting that nobody reads": _in(SHORT["rehearsal"], "vocab_size", "vocab_sizes"),
    "a new profile": _write("specs/small/profiles/middle.yaml", "profile: middle\n"),
    "a profile is gone": lambda project: (project / SHORT["rehearsal"]).unlink(),
    "a criterion has another name": _in(SHORT["spec"], "id: AC-SMALL-002", "id: AC-SMALL-003"),
    "a model has another name": lambda project: [
        path.write_text(path.read_text().replace("MODEL-1", "MODEL-7"))
        for path in (project / "specs").rglob("*.yaml")
    ],
    "an amendment after nothing": _write(
        "specs/small/amendments/0002-more.yaml",
        "bump: minor\nafter: 7.0.0\nwhy: w\nchanges: [{id: MODEL-1, what: w}]\n",
    ),
    "a broken amendment": _in("specs/small/amendments/0001-begin.yaml", "bump: major", "bump: mayor"),
    "the spec is gone": lambda project: (project / SHORT["spec"]).unlink(),
    "a probe has another name": _in("probes/own.py", "own.documents", "own.papers"),
    "a probe has another unit": _in("probes/own.py", 'documents="documents"', 'documents="tokens"'),
    "a probe cannot be imported": _in("probes/own.py", "import Artifact", "import Artefact"),
    "a probe is gone": lambda project: (project / "probes/own.py").unlink(),
    "a fault is gone": lambda project: (project / "faults/own_fault.py").unlink(),
    "other contracts": _in("pyproject.toml", 'spec = "', 'contracts = "elsewhere"\nspec = "'),
    "another profile": _in("pyproject.toml", 'spec = "', 'profile = "release"\nspec = "'),
    "no own faults": _in("pyproject.toml", 'faults = "faults"\n', ""),
    "a key that nobody reads": _in("pyproject.toml", 'faults = "', 'fault = "'),
    "settings that are no TOML": _in("pyproject.toml", "[tool.specship]", "[tool.specship"),
}  # fmt: skip
