"""Reviewing a change of twenty contracts among a thousand, beside git's diff and a bare reading of YAML.

    python benchmarks/review.py [--contracts 1000] [--statements 0] [--rounds 7] [--output results.json]

A repository of a thousand contracts of ten gates, and of as many files beside them as are asked for, gets a
second commit in which one limit of twenty contracts is another. The peer is one Python process that runs
`git diff --stat` over the two commits and loads both sides of the changed files with libyaml, no more. All
take turns; a ratio is the median over rounds of the ratio inside a round. Nothing else should run on the
machine.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from contracts_at_scale import Variant, compare, contract, machine, markdown, rows, write_project

CHANGED = 20
PEER = """\
import subprocess, yaml
def run(*words, given=b""):
    return subprocess.run(["git", *words], input=given, capture_output=True, check=True).stdout
run("diff", "--stat", "HEAD~1", "HEAD")
names = run("diff", "--name-only", "HEAD~1", "HEAD").decode().split()
wanted = "".join(f"{side}:{name}\\n" for name in names for side in ("HEAD~1", "HEAD")).encode()
data = run("cat-file", "--batch", given=wanted)
while data:
    head, _, data = data.partition(b"\\n")
    size = int(head.split()[2])
    yaml.load(data[:size], Loader=yaml.CSafeLoader)
    data = data[size + 1 :]
"""


def write_repository(folder: Path, contracts: int, statements: int) -> None:
    """Two commits: the whole project, and twenty contracts with one looser limit each."""
    write_project(folder, contracts)
    for number in range(statements):
        (folder / "records").mkdir(exist_ok=True)
        (folder / "records" / f"{number:064x}.json").write_text(
            json.dumps({"number": number, "text": "x" * 2000})
        )
    git(folder, "init", "-q", ".")
    commit(folder)
    for number in range(0, contracts, max(contracts // CHANGED, 1)):
        path = folder / f"contracts/generated-{number:04d}-v1.yaml"
        path.write_text(contract(number).replace("at_most: 2.0", "at_most: 4.7"))
    commit(folder)


def git(folder: Path, *words: str) -> None:
    whole = ("git", "-c", "user.name=a", "-c", "user.email=a@example.org", *words)
    subprocess.run(whole, cwd=folder, check=True)


def commit(folder: Path) -> None:
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "a commit")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--contracts", type=int, default=1000)
    parser.add_argument(
        "--statements", type=int, default=0, help="files beside the contracts, as a ledger is"
    )
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--output", type=Path, help="write the figures as JSON")
    arguments = parser.parse_args()
    print(f"{machine()}; {arguments.contracts} contracts; {arguments.rounds} rounds, in turns\n")
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "project"
        write_repository(project, arguments.contracts, arguments.statements)
        review = (str(Path(sys.executable).parent / "specship"), "review", "HEAD~1..HEAD")
        peer = "git diff --stat and libyaml"
        variants = [
            Variant(peer, (sys.executable, "-c", PEER), project),
            Variant("specship review, first", (*review, "--no-cache"), project, statuses=(1,)),
            Variant("specship review, again", review, project, statuses=(1,)),
        ]
        table = list(rows(peer, compare(variants, arguments.rounds)))
        print(markdown(peer, table))
    if arguments.output:
        arguments.output.write_text(json.dumps(table, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
