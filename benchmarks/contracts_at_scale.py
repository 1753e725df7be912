"""Collecting and linting a thousand contracts, beside pytest, yamllint and check-jsonschema.

    python -m pip install yamllint check-jsonschema
    python benchmarks/contracts_at_scale.py [--contracts 1000] [--rounds 7] [--output results.json]

A thousand contracts of ten gates each (117 lines a file) and ten thousand trivial tests in a
thousand Python files are written into a temporary folder. The variants take turns, one round after
another, each in a process of its own; a ratio is the median over rounds of the ratio inside a round.
Nothing else should run on the machine. Printed as Markdown; absolute times are this machine's.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

GATES = 10
SCHEMA = Path(__file__).parent.parent / "schemas" / "contract.schema.json"
PYPROJECT = """\
[tool.specship]
spec = "specs/bench"

[tool.pytest.ini_options]
testpaths = ["contracts"]
"""
SPEC = """\
spec_id: SPEC-BENCH
title: Many contracts
models:
  - id: MODEL-1
    title: A model
    criteria:
      - id: AC-BENCH-001
        statement: It is good.
        weight: 100
        because: There is nothing else.
        effort: {gpu_hours: 0, person_hours: 1}
"""
PROFILE = "profile: rehearsal\nkind: rehearsal\nsummary: Nothing runs.\n"
AMENDMENT = "bump: major\nafter: 0.0.0\nwhy: It begins.\nchanges: [{id: MODEL-1, what: A model.}]\n"


def contract(number: int) -> str:
    """One contract, written as people write them: some limits on one line, some on three."""
    head = f"""\
contract_id: generated-{number:04d}
version: 1.0.0
stage: train
summary: What run number {number} must show.
references:
  - {{id: "arXiv:2203.15556", supports: [GATE-G{number:04d}-0]}}
gates:
"""
    gates = "".join(
        f"""\
  - id: GATE-G{number:04d}-{gate}
    rule: The held-out loss of the final checkpoint reaches what was asked for, and enough was held out.
    binds_to: [AC-BENCH-001]
    ship_blocking: true
    probe: run.held_out_loss
    expect:
      val_loss: {{at_most: {2 + gate / 10:.1f}, unit: nats/token}}
      val_tokens:
        at_least: {131072 + number}
        unit: tokens
    falsified_by: [frozen-weights, scripted-loss]
"""
        for gate in range(GATES)
    )
    return head + gates


def write_project(folder: Path, contracts: int) -> None:
    """A project of many contracts, and beside it as many trivial tests."""
    files = {
        "pyproject.toml": PYPROJECT,
        "specs/bench/spec.yaml": SPEC,
        "specs/bench/profiles/rehearsal.yaml": PROFILE,
        "specs/bench/amendments/0001-begin.yaml": AMENDMENT,
        **{f"contracts/generated-{number:04d}-v1.yaml": contract(number) for number in range(contracts)},
        **{
            f"../trivial/test_{number:04d}.py": "".join(
                f"def test_{gate}():\n    assert True\n\n\n" for gate in range(GATES)
            )
            for number in range(contracts)
        },
        "../trivial/pytest.ini": "[pytest]\n",
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@dataclass(frozen=True)
class Variant:
    """One way of doing a job: its name, the command, where it runs, and what is taken away before."""

    name: str
    command: tuple[str, ...]
    folder: Path
    before: Callable[[], None] = lambda: None
    statuses: tuple[int, ...] = (0,)


def seconds(variant: Variant) -> float:
    """Wall time of one run in a process of its own.

    Raises:
        RuntimeError: it did not end as it should.
    """
    variant.before()
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    began = time.perf_counter()
    done = subprocess.run(
        variant.command, cwd=variant.folder, env=environment, capture_output=True, text=True, check=False
    )
    taken = time.perf_counter() - began
    if done.returncode not in variant.statuses:
        raise RuntimeError(
            f"{variant.name}: status {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        )
    return taken


def removing(path: Path) -> Callable[[], None]:
    """What makes a run cold."""
    return lambda: shutil.rmtree(path, ignore_errors=True)


def variants(root: Path) -> dict[str, tuple[str, list[Variant]]]:
    """The comparisons: each with the name of the peer that the others are divided by."""
    project, trivial = root / "project", root / "trivial"
    python = sys.executable
    binaries = Path(python).parent
    collect = (python, "-m", "pytest", "--collect-only", "-qq")
    lint = (str(binaries / "specship"), "lint")
    check = (python, "-m", "check_jsonschema", "--schemafile", str(SCHEMA))
    files = tuple(sorted(str(path) for path in (project / "contracts").glob("*.yaml")))
    rules = "{extends: default, rules: {line-length: disable, document-start: disable}}"
    return {
        "collect": (
            "trivial tests",
            [
                Variant("trivial tests", (*collect, "-p", "no:specship"), trivial),
                Variant("contracts, cold", collect, project, removing(project / ".pytest_cache")),
                Variant("contracts, warm", collect, project),
                Variant("contracts, one file changed", collect, project, touch_one(project)),
            ],
        ),
        "lint": (
            "yamllint",
            [
                Variant("yamllint", (python, "-m", "yamllint", "-d", rules, "contracts"), project),
                Variant("check-jsonschema", (*check, *files), project),
                Variant("specship lint, cold", lint, project, removing(project / ".specship")),
                Variant("specship lint, warm", lint, project),
                Variant("specship lint, one file changed", lint, project, touch_one(project)),
            ],
        ),
        "start": (
            "pytest --version",
            [
                Variant("pytest --version", (str(binaries / "pytest"), "--version"), root),
                Variant("specship --help", (str(binaries / "specship"), "--help"), root),
                Variant("specship --version", (str(binaries / "specship"), "--version"), root),
                Variant("python -c pass", (python, "-c", "pass"), root),
                Variant(
                    "import specship.pytest_plugin", (python, "-c", "import specship.pytest_plugin"), root
                ),
                Variant("import pytest", (python, "-c", "import pytest"), root),
            ],
        ),
    }


def touch_one(project: Path) -> Callable[[], None]:
    """Change a word of one contract, another one each time."""
    state = {"times": 0}

    def change() -> None:
        state["times"] += 1
        path = project / "contracts/generated-0007-v1.yaml"
        path.write_text(contract(7).replace("number 7", f"number 7 of change {state['times']}"))

    return change


def compare(own: list[Variant], rounds: int) -> dict[str, list[float]]:
    """Seconds of each variant in each round; one round before is not counted."""
    for variant in own:
        seconds(variant)
    taken: dict[str, list[float]] = {variant.name: [] for variant in own}
    for number in range(rounds):
        for variant in own:
            taken[variant.name].append(seconds(variant))
            print(
                f"round {number + 1}/{rounds}  {variant.name}: {taken[variant.name][-1]:.2f} s",
                file=sys.stderr,
            )
    return taken


def rows(peer: str, taken: dict[str, list[float]]) -> Iterable[dict[str, object]]:
    """Median seconds, and the median and spread of the ratio inside a round."""
    for name, own in taken.items():
        ratios = [mine / theirs for mine, theirs in zip(own, taken[peer], strict=True)]
        yield {
            "what": name,
            "seconds": round(statistics.median(own), 3),
            "ratio": round(statistics.median(ratios), 3),
            "lowest": round(min(ratios), 3),
            "highest": round(max(ratios), 3),
            "times_as_fast": round(statistics.median([1 / ratio for ratio in ratios]), 1),
        }


def markdown(peer: str, table: list[dict[str, object]]) -> str:
    lines = [
        f"| what | median, s | ratio to {peer} | spread | times as fast |",
        "| --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {row['what']} | {row['seconds']} | {row['ratio']} | {row['lowest']}-{row['highest']} "
        f"| {row['times_as_fast']} |"
        for row in table
    ]
    return "\n".join(lines)


def machine() -> str:
    """The processor's name and how many of it there are."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        text = ""
    name = next(
        (row.partition(":")[2].strip() for row in text.splitlines() if row.startswith("model name")), ""
    )
    return f"{os.cpu_count()} cores of {name or platform.machine()}, Python {platform.python_version()}"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--contracts", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", choices=("collect", "lint", "start"))
    parser.add_argument("--output", type=Path, help="write the figures as JSON")
    arguments = parser.parse_args()
    results: dict[str, object] = {
        "machine": machine(),
        "contracts": arguments.contracts,
        "rounds": arguments.rounds,
    }
    print(f"{machine()}; {arguments.contracts} contracts; {arguments.rounds} rounds, in turns\n")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_project(root / "project", arguments.contracts)
        for name, (peer, own) in variants(root).items():
            if arguments.only in {None, name}:
                rounds = arguments.rounds * 3 if name == "start" else arguments.rounds
                table = list(rows(peer, compare(own, rounds)))
                results[name] = table
                print(markdown(peer, table), end="\n\n", flush=True)
    if arguments.output:
        arguments.output.write_text(json.dumps(results, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
