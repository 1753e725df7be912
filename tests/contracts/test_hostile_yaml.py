"""YAML that was written to hurt: refused, located, and cheap."""

import os
import random
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from specship.contracts.document import document_of
from specship.contracts.reader import contract_of, read_contract
from specship.errors import UnreadableDocument, UnusableInput
from tests.hostile import budgets
from tests.hostile.yaml_texts import BAD
from tests.places import ROOT

SEEDS = [path.read_bytes() for path in sorted((ROOT / "contracts").glob("*.yaml"))]
WORDS = (
    b"&a ",
    b"*a",
    b"<<: ",
    b"[",
    b"{",
    b"]",
    b"}",
    b"- ",
    b": ",
    b"|\n",
    b">\n",
    b"'",
    b'"',
    b"\t",
    b"!!int ",
    b"\0",
    b"\xff",
    b"---\n",
    b"...\n",
    b"%YAML 1.1\n",
    b"\r",
    b"? ",
    b"#",
    b"\\",
    b"\xe2\x80\xae",
    b"9" * 20,
)
MUTANTS = 2000
READ_ALL = """
import sys, resource
from pathlib import Path
from specship.contracts.reader import read_contract
from specship.errors import UnusableInput
before = resource.getrusage(resource.RUSAGE_SELF)
refused, slowest = 0, 0.0
for path in sorted(Path(sys.argv[1]).glob("*.yaml")):
    began = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    try:
        read_contract(path)
    except UnusableInput:
        refused += 1
    slowest = max(slowest, resource.getrusage(resource.RUSAGE_SELF).ru_utime - began)
# VmHWM is this program's own; ru_maxrss also knows the process that started it.
peak = next(row for row in Path("/proc/self/status").read_text().splitlines() if row.startswith("VmHWM"))
print(refused, int(peak.split()[1]) << 10, slowest)
"""


def content(case: str) -> bytes:
    made = BAD[case][0]()
    return made if isinstance(made, bytes) else made.encode("utf-8", "surrogatepass")


def test_there_are_enough_of_them() -> None:
    assert len(BAD) >= 40


@pytest.mark.parametrize("case", BAD, ids=lambda case: case.replace(" ", "-"))
def test_it_is_refused_at_a_line_and_column(case: str, tmp_path: Path) -> None:
    path = tmp_path / "bad-v1.yaml"
    path.write_bytes(content(case))

    with pytest.raises(UnusableInput) as caught:
        read_contract(path, root=tmp_path)

    faults = getattr(caught.value, "faults", (caught.value,))
    assert BAD[case][1] in str(UnreadableDocument(faults))
    assert all(fault.at and fault.at.line and fault.at.column for fault in faults)
    assert all(fault.code.startswith("SHIP") for fault in faults)


def test_all_of_them_are_refused_within_the_bounds_of_a_process(tmp_path: Path) -> None:
    """Each in its two seconds, all in one process of bounded memory."""
    for number, case in enumerate(BAD):
        (tmp_path / f"bad{number}-v1.yaml").write_bytes(content(case))
    done = subprocess.run(
        [sys.executable, "-c", READ_ALL, str(tmp_path)], capture_output=True, text=True, check=False,
        preexec_fn=lambda: resource.setrlimit(
            resource.RLIMIT_AS, (budgets.ADDRESS_BYTES, budgets.ADDRESS_BYTES)
        ),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    refused, resident, slowest = done.stdout.split()

    assert int(refused) == len(BAD)
    assert int(resident) <= budgets.RESIDENT_BYTES
    assert float(slowest) <= budgets.CPU_SECONDS


def mutant(dice: random.Random) -> bytes:
    """A sound contract with a few of its bytes changed, cut, repeated, or replaced by a word of YAML."""
    data = bytearray(dice.choice(SEEDS))
    for _ in range(dice.randint(1, 4)):
        at = dice.randrange(len(data))
        match dice.randrange(4):
            case 0:
                data[at] ^= 1 << dice.randrange(8)
            case 1:
                del data[at : at + dice.randrange(1, 40)]
            case 2:
                to = dice.randrange(len(data))
                data[to:to] = data[at : at + dice.randrange(1, 80)]
            case _:
                data[at : at + dice.randrange(3)] = dice.choice(WORDS)
    return bytes(data)


def test_a_mutant_is_read_or_refused_and_nothing_else() -> None:
    """Two thousand of them; `SPECSHIP_MUTANTS` asks for more."""
    dice = random.Random(20261122)  # noqa: S311 - the same mutants every time
    outcomes = {"read": 0, "refused": 0}
    for _ in range(int(os.environ.get("SPECSHIP_MUTANTS", MUTANTS))):
        try:
            file, faults = contract_of(document_of(mutant(dice), "m.yaml"), file_name="m.yaml")
        except UnusableInput as error:
            file, faults = None, list(getattr(error, "faults", (error,)))
        outcomes["refused" if faults or file is None else "read"] += 1
        assert all(fault.at and fault.at.line and fault.code for fault in faults)

    assert outcomes["refused"] > MUTANTS / 2
