"""How often `specship diagnose` names the class that was planted, and how often it accuses a healthy run.

    python benchmarks/diagnosis.py [--set seen|unseen] [--workers 2] [--output confusion.json]

Every fault of the library that names a root-cause class (`binds`) is planted in a real training run, in the
stage's own process, as `make falsify` does; then the run's folder is diagnosed. The base is a run with 20
tokens and more for each of its parameters, so that nothing but the fault can bind it. Healthy runs of other
seeds, sizes and schedules are diagnosed too. Printed as Markdown: the confusion matrix, truth against answer.
Runs are kept under .specship/diagnosis and found again.

The limits of some causes were chosen after a look at runs of the set `seen`. The set `unseen` has another
model, other seeds and another schedule; nothing was ever fitted to it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from specship.diagnose.diagnosing import HEALTHY, UNKNOWN
from specship.diagnose.finding import RootCause
from specship.diagnose.opening import diagnose_run
from specship.errors import SpecshipError
from specship.faults.catalogue import planted_faults, read_fault
from specship.specs.project import load_project
from specship.suite.falsify.falsification import Falsification
from specship.suite.plan.fault_injection import FaultInjection, altered, falsification_plan

MODEL = "MODEL-2"
BASE: dict[str, dict[str, Any]] = {
    "tokenizer": {"vocab_size": 300},
    "model": {
        "hidden_size": 24,
        "layers": 1,
        "heads": 2,
        "kv_heads": 1,
        "intermediate_size": 48,
    },
    "training": {"steps": 490, "evaluate_every": 98, "warmup_steps": 30},
}
"""12 456 parameters, 250 880 tokens."""
SEEN: dict[str, dict[str, dict[str, Any]]] = {
    **{f"seed {seed}": {"training": {"seed": seed}} for seed in range(2, 8)},
    "wider": {"model": {"hidden_size": 32, "intermediate_size": 64}, "training": {"steps": 750}},
    "two layers": {"model": {"layers": 2}, "training": {"steps": 700, "seed": 8}},
    "untied head": {"model": {"tied_embeddings": False}, "training": {"steps": 780, "seed": 9}},
    "longer windows": {"training": {"sequence_length": 128, "micro_batch": 4, "seed": 10}},
    "shorter windows": {"training": {"sequence_length": 32, "micro_batch": 16, "seed": 11}},
    "accumulated": {"training": {"micro_batch": 4, "accumulation": 2, "seed": 12}},
    "more steps": {"training": {"steps": 600, "seed": 13}},
    "longer warm-up": {"training": {"warmup_steps": 60, "seed": 14}},
    "no warm-up": {"training": {"warmup_steps": 0, "peak_learning_rate": 0.006, "seed": 15}},
    "half the rate": {"training": {"peak_learning_rate": 0.005, "seed": 16}},
    "higher rate": {"training": {"peak_learning_rate": 0.015, "seed": 17}},
    "lower floor": {"training": {"floor_share": 0.01, "seed": 18}},
    "more evaluations": {"training": {"evaluate_every": 49, "seed": 19}},
    "tighter clip": {"training": {"clip_norm": 0.5, "seed": 20}},
}
OTHER_BASE: dict[str, dict[str, Any]] = {
    "tokenizer": {"vocab_size": 320},
    "model": {"hidden_size": 16, "layers": 2, "heads": 2, "kv_heads": 2, "intermediate_size": 48},
    "training": {
        "seed": 101,
        "steps": 480,
        "evaluate_every": 80,
        "warmup_steps": 40,
        "peak_learning_rate": 0.008,
    },
}
"""11 856 parameters, 245 760 tokens."""
UNSEEN: dict[str, dict[str, dict[str, Any]]] = {
    **{f"seed {seed}": {"training": {"seed": seed}} for seed in range(102, 108)},
    "one layer": {"model": {"layers": 1}, "training": {"steps": 360, "evaluate_every": 60, "seed": 108}},
    "one key-value head": {"model": {"kv_heads": 1}, "training": {"seed": 109}},
    "four heads": {"model": {"heads": 4, "kv_heads": 4}, "training": {"seed": 110}},
    "wider inside": {"model": {"intermediate_size": 64}, "training": {"steps": 560, "seed": 111}},
    "longer windows": {"training": {"sequence_length": 96, "micro_batch": 6, "seed": 112}},
    "shorter windows": {"training": {"sequence_length": 48, "micro_batch": 12, "seed": 113}},
    "accumulated": {"training": {"micro_batch": 2, "accumulation": 4, "seed": 114}},
    "more steps": {"training": {"steps": 640, "seed": 115}},
    "short warm-up": {"training": {"warmup_steps": 8, "seed": 116}},
    "half the rate": {"training": {"peak_learning_rate": 0.004, "seed": 117}},
    "higher rate": {"training": {"peak_learning_rate": 0.012, "seed": 118}},
    "higher floor": {"training": {"floor_share": 0.3, "seed": 119}},
    "more evaluations": {"training": {"evaluate_every": 48, "seed": 120}},
    "looser clip": {"training": {"clip_norm": 4.0, "seed": 121}},
}
SETS = {"seen": (BASE, SEEN), "unseen": (OTHER_BASE, UNSEEN)}


def injections(
    falsification: Falsification, variants: Mapping[str, Mapping[str, Mapping[str, Any]]]
) -> list[tuple[FaultInjection, str]]:
    """Every injection with the class that a diagnosis must name."""
    folder = falsification.plan.project.fault_folder
    found = [
        (FaultInjection(f"healthy {name}".replace(" ", "-"), MODEL, changes), HEALTHY)
        for name, changes in variants.items()
    ]
    for name in sorted(planted_faults(folder)):
        loaded = read_fault(name, folder)
        if loaded.fault.binds:
            found.append((FaultInjection(name, MODEL, loaded.fault.settings, loaded), loaded.fault.binds))
    return found


def answer(falsification: Falsification, injection: FaultInjection) -> tuple[str, str]:
    """The class that binds the run of an injection, and what was found."""
    try:
        made = falsification.session_in(injection).runner(MODEL).ensure("run")
        found = diagnose_run(made.path)
    except SpecshipError as error:
        return "no run", error.message
    return found.binding, ", ".join(finding.cause.name for finding in found.findings)


def as_markdown(rows: Mapping[str, tuple[str, str, str]]) -> str:
    """The matrix, then what was answered otherwise."""
    classes = [*(root.value for root in RootCause), HEALTHY]
    answers = [*classes, UNKNOWN, "no run"]
    counts = Counter((truth, said) for truth, said, _ in rows.values())
    right = sum(count for (truth, said), count in counts.items() if truth == said)
    healthy = [said for truth, said, _ in rows.values() if truth == HEALTHY]
    accused = sum(said != HEALTHY for said in healthy)
    lines = [
        f"{right} of {len(rows)} runs get their class; {accused} of {len(healthy)} healthy ones are accused",
        "",
        f"| truth \\ answer | {' | '.join(answers)} |",
        "| --- |" + " --- |" * len(answers),
    ]
    lines += [
        f"| {truth} | {' | '.join(str(counts[truth, said]) for said in answers)} |" for truth in classes
    ]
    wrong = {name: row for name, row in rows.items() if row[0] != row[1]}
    lines += ["", *(f"- {name}: {row[1]} instead of {row[0]} ({row[2]})" for name, row in wrong.items())]
    return "\n".join(lines).rstrip()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--set", choices=sorted(SETS), default="seen")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--output", type=Path, help="every run as JSON")
    arguments = parser.parse_args()
    plan = falsification_plan(load_project(Path.cwd()))
    pipeline = dict(plan.profile.pipeline)
    base, variants = SETS[arguments.set]
    pipeline[MODEL] = altered(pipeline[MODEL], base)
    profile = plan.profile.model_copy(update={"pipeline": pipeline})
    project = replace(plan.project, elsewhere=plan.project.state / "diagnosis" / arguments.set)
    falsification = Falsification(replace(plan, project=project, profile=profile))
    try:
        falsification.clean.runner(MODEL).ensure("run")
        asked = injections(falsification, variants)
        with ThreadPoolExecutor(arguments.workers) as pool:
            said = list(pool.map(lambda one: answer(falsification, one[0]), asked))
    finally:
        falsification.close()
    rows = {injection.fault: (truth, *one) for (injection, truth), one in zip(asked, said, strict=True)}
    if arguments.output:
        arguments.output.write_text(json.dumps(rows, indent=1) + "\n")
    print(f"Set {arguments.set}: {as_markdown(rows)}")
    return 0 if all(truth == one for truth, one, _ in rows.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
