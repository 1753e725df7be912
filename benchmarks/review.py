"""Reviewing a change of twenty contracts among a thousand, and deciding whether it may be merged.

    python benchmarks/review.py [--contracts 1000] [--statements 0] [--rounds 7] [--only review|gate]
                                [--output results.json]

A repository of a thousand contracts of ten gates, and of as many files beside them as are asked for, gets a
second commit in which one limit of twenty contracts is another. The peer is one Python process that runs
`git diff --stat` over the two commits and loads both sides of the changed files with libyaml, no more.

For the gate the same change lies beside an attempt and a statement for each gate of base. Its peer is one
Python process that reads the files of the ledger and parses their JSON: no signature, contract or judgement.

All take turns; a ratio is the median over rounds of the ratio inside a round. Nothing else should run on the
machine.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from contracts_at_scale import Variant, compare, contract, machine, markdown, rows, write_project

from specship.contracts.measurement import Measurement
from specship.digests import sha256_bytes
from specship.evidence.attempt import Attempt
from specship.evidence.entry import LedgerRecord, seal_record
from specship.evidence.ledger_writer import LedgerWriter
from specship.evidence.signing import SigningKey, local_key
from specship.evidence.statement import Evidence
from specship.specs.project import load_project
from specship.suite.judging.judging_code import judged_by
from specship.suite.plan.plan import make_plan
from specship.units import Quantity

CHANGED = 20
ROOT = Path(__file__).parent.parent
SPECSHIP = str(Path(sys.executable).parent / "specship")
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


BARE = """\
import json, pathlib
for path in pathlib.Path("evidence").glob("*.json"):
    json.loads(path.read_bytes())
"""


def write_evidence(folder: Path) -> None:
    """A key that the project trusts, and an attempt and a statement of every gate, which it passed."""
    sys.path.insert(0, str(ROOT))
    from tests.projects.evidenced import MACHINE, WHEN, state_artifacts
    from tests.projects.trusting import trusting

    key = local_key(folder.parent / "state")
    settings = folder / "pyproject.toml"
    trusted = f"[tool.specship]\ntrusted_keys = [{trusting(key, 'rehearsal', 'release')}]\n"
    settings.write_text(settings.read_text().replace("[tool.specship]\n", trusted, 1))
    plan = make_plan(load_project(folder), "rehearsal")
    ledger = folder / "evidence"
    ledger.mkdir()
    one = dataclasses.replace(plan, checks=plan.checks[:1])  # all measure the same run
    artifacts = state_artifacts(one, LedgerWriter(ledger, [ledger], key))
    run = artifacts.of(plan.checks[0].model.id, "run")
    if run is None:
        raise RuntimeError("the run that all gates measure was stated, and is not there")
    for check in plan.checks:
        measured = {name: Quantity(limit.limit, limit.unit) for name, limit in check.gate.expect.items()}
        facts = {
            "gate": check.gate.id,
            "model": check.model.id,
            "profile": "rehearsal",
            "gate_digest": check.gate_digest,
            "profile_digest": plan.profile_digest(check),
            "subjects": {"run": run.digest},
            "ingredients": {"run": run.key},
            "started": WHEN,
        }
        attempt = write(ledger, Attempt.model_validate(facts), key)
        evidence = Evidence(
            **facts,
            contract=check.file.path,
            contract_digest=check.contract_digest,
            spec_digest=plan.spec_digest,
            verdict="PASS",
            reason="every expectation holds",
            measurement=Measurement(measured, "val_tokens"),
            environment=MACHINE,
            ended=WHEN,
            attempt=attempt,
            judged_by=judged_by(),
        )
        write(ledger, evidence, key)


def write(folder: Path, record: LedgerRecord, key: SigningKey) -> str:
    """An entry as a ledger holds it; its digest."""
    data = seal_record(record, key)
    digest = sha256_bytes(data)
    (folder / f"{digest}.json").write_bytes(data)
    return digest


def write_repository(folder: Path, contracts: int, statements: int = 0, *, evidence: bool = False) -> None:
    """Two commits: the whole project, and twenty contracts with one looser limit each."""
    write_project(folder, contracts)
    if evidence:
        write_evidence(folder)
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


def of_review(project: Path, contracts: int, statements: int) -> list[Variant]:
    """A review, computed and recalled."""
    write_repository(project, contracts, statements)
    review = (SPECSHIP, "review", "HEAD~1..HEAD")
    return [
        Variant("git diff --stat and libyaml", (sys.executable, "-c", PEER), project),
        Variant("specship review, first", (*review, "--no-cache"), project, statuses=(1,)),
        Variant("specship review, again", review, project, statuses=(1,)),
    ]


def of_gate(project: Path, contracts: int, _: int) -> list[Variant]:
    """A decision, asked for twice: nothing of it is recalled, so that both cost the same."""
    write_repository(project, contracts, evidence=True)
    gate = (SPECSHIP, "gate", "--base", "HEAD~1")
    return [
        Variant("json of the ledger", (sys.executable, "-c", BARE), project),
        Variant("specship gate, first", gate, project, statuses=(1,)),
        Variant("specship gate, again", gate, project, statuses=(1,)),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--contracts", type=int, default=1000)
    parser.add_argument(
        "--statements", type=int, default=0, help="files beside the contracts, as a ledger is"
    )
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", choices=("review", "gate"))
    parser.add_argument("--output", type=Path, help="write the figures as JSON")
    arguments = parser.parse_args()
    print(f"{machine()}; {arguments.contracts} contracts; {arguments.rounds} rounds, in turns\n")
    results: dict[str, list[dict[str, object]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, variants in (("review", of_review), ("gate", of_gate)):
            if arguments.only in {None, name}:
                own = variants(Path(folder, name, "project"), arguments.contracts, arguments.statements)
                results[name] = list(rows(own[0].name, compare(own, arguments.rounds)))
                print(markdown(own[0].name, results[name]), end="\n\n", flush=True)
    if arguments.output:
        arguments.output.write_text(json.dumps(results, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
