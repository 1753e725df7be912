"""What a ledger of a hundred thousand entries costs: status, a cached session, building the index, memory.

    python benchmarks/ledger.py [--count 100000] [--rounds 3] [--folder DIR] [--output results.json]

A project is made by `specship init` and its gates are measured once. Then entries of other states of the same
gates are signed beside them, half attempts and half their statements, each below the one before. Each figure
is processor time (of the command and its children) and stands as a ratio to a bare reading of the same files,
opened, read and hashed in one process, in the same round. Printed as Markdown.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BARE = """\
import hashlib, sys
from pathlib import Path
print(sum(len(hashlib.sha256(path.read_bytes()).digest()) for path in Path(sys.argv[1]).iterdir()))
"""
FILL = """\
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from specship.digests import sha256_bytes
from specship.evidence.attempt import Attempt
from specship.evidence.entry import seal_record
from specship.evidence.ledger import read_ledger
from specship.evidence.signing import local_key
from specship.evidence.statement import ANNOUNCED

root, count = Path(sys.argv[1]), int(sys.argv[2])
folder, key = root / ".specship/ledger", local_key(root / ".specship")
ledger = read_ledger([folder], keys=frozenset())
models, began = ledger.statements, datetime.now(UTC) - timedelta(days=300)
parents = ()

def write(record):
    data = seal_record(record, key)
    digest = sha256_bytes(data)
    (folder / f"{digest}.json").write_bytes(data)
    return digest

for number in range(count // 2):
    old = models[number % len(models)].evidence
    moment = began + timedelta(seconds=number)
    state = sha256_bytes(str(number // (20 * len(models))).encode())
    subjects = {name: sha256_bytes(f"{name}{number}".encode()) for name in old.subjects}
    changes = {"gate_digest": state, "subjects": subjects, "parents": parents, "started": moment}
    told = {**{fact: getattr(old, fact) for fact in ANNOUNCED}, **changes}
    attempt = write(Attempt.model_validate(told))
    changes |= {"parents": (attempt,), "attempt": attempt, "ended": moment + timedelta(seconds=0.5)}
    parents = (write(old.model_copy(update=changes)),)
"""


def run(command: list[str], folder: Path) -> tuple[float, float, float]:
    """Processor seconds, wall seconds and MiB at most of a command."""
    began = time.monotonic()
    child = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, _, used = os.wait4(child.pid, 0)
    wall = time.monotonic() - began
    child.returncode = 0
    return used.ru_utime + used.ru_stime, wall, used.ru_maxrss / 1024


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where the project is made and stays")
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    folder = arguments.folder or Path(tempfile.mkdtemp(prefix="specship-ledger-"))
    root = folder / "project"
    specship = str(Path(sys.executable).parent / "specship")
    if not root.exists():
        root.mkdir(parents=True)
        for command in ([specship, "init"], [sys.executable, "-m", "pytest", "-q", "-m", "ship"]):
            done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
            print(f"{' '.join(command[1:])}: {done.stdout.strip().splitlines()[-1]}", file=sys.stderr)
        subprocess.run([sys.executable, "-c", FILL, str(root), str(arguments.count)], check=True)
    entries = len(list((root / ".specship/ledger").iterdir()))
    commands = {
        "bare reading": [sys.executable, "-c", BARE, str(root / ".specship/ledger")],
        "status, no index yet": [specship, "status"],
        "status": [specship, "status"],
        "a cached session": [sys.executable, "-m", "pytest", "-q", "-m", "ship"],
        "evidence verify": [specship, "evidence", "verify"],
    }
    found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in commands}
    for _ in range(arguments.rounds):
        shutil.rmtree(root / ".specship/index", ignore_errors=True)
        for name, command in commands.items():
            processor, wall, memory = run(command, root)
            found[name].append((processor, wall, memory))
            print(f"{name}: {processor:.2f} s of processor, {wall:.2f} s, {memory:.0f} MiB", file=sys.stderr)
    bare = [one[0] for one in found["bare reading"]]
    print(f"{entries} entries\n\n| what | of a bare reading | processor s | wall s | MiB |")
    print("| --- | --- | --- | --- | --- |")
    for name, rounds in found.items():
        ratio = statistics.median(one[0] / base for one, base in zip(rounds, bare, strict=True))
        middle = [statistics.median(column) for column in zip(*rounds, strict=True)]
        print(f"| {name} | {ratio:.2f} | {middle[0]:.2f} | {middle[1]:.2f} | {middle[2]:.0f} |")
    if arguments.output:
        arguments.output.write_text(json.dumps({"entries": entries, "rounds": found}, indent=2))
    if not arguments.folder:
        shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
