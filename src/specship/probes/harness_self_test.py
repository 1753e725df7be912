"""The HumanEval harness on known completions: right ones pass, nothing else does, nothing gets out."""

from __future__ import annotations

from specship.pipeline.evaluation.humaneval.judging import INFRA, PASSED
from specship.pipeline.evaluation.humaneval.records import read_self_test
from specship.pipeline.evaluation.humaneval.selfcheck import ATTEMPTS
from specship.probes.probe import Artifact, Figures, probe

_FILE = "self-test.json"


@probe(
    "harness.self_test",
    checked="completions",
    completions="completions",
    problems="problems",
    canonical_passed="problems",
    wrong="completions",
    wrong_credited="completions",
    unanswered="completions",
    unanswered_credited="completions",
    hostile="completions",
    hostile_credited="completions",
    infrastructure_errors="completions",
    canaries="canaries",
    canary_faults="faults",
    attempts="attempts",
    attempts_open="attempts",
    level="text",
    fit_for_release="text",
)
def harness_self_test(harness: Artifact) -> Figures:
    """Counts outcomes by the kind of completion; a kind that stands twice for one sample counts once.

    `canonical_passed` are problems whose own solution passed; `wrong_credited`, `unanswered_credited`
    and `hostile_credited` completions that passed and must not. `attempts_open` are attempts of
    generated code on the machine that succeeded or could not be made, and all of them where the
    sandbox did not start; `fit_for_release` is yes at the levels that contain. Raises DamagedArtifact.
    """
    found = read_self_test(harness.path / _FILE)
    results = {(one.kind, one.task_id, one.index): one.outcome for one in found.results}
    figures: Figures = {"completions": len(results)}
    for kind in ("canonical", "wrong", "unanswered", "hostile"):
        outcomes = [outcome for key, outcome in results.items() if key[0] == kind]
        passed = sum(outcome == PASSED for outcome in outcomes)
        names = ("problems", "canonical_passed") if kind == "canonical" else (kind, f"{kind}_credited")
        figures |= dict(zip(names, (len(outcomes), passed), strict=True))
    tried = found.attempts
    stopped = tried.fault or not tried.untouched
    return figures | {
        "infrastructure_errors": sum(outcome == INFRA for outcome in results.values()),
        "canaries": found.sandbox.canaries,
        "canary_faults": len(found.sandbox.canary_faults),
        "attempts": len(ATTEMPTS),
        "attempts_open": len(ATTEMPTS) if stopped else len({*tried.open, *tried.unclear}),
        "level": found.sandbox.level,
        "fit_for_release": "yes" if found.sandbox.fit_for_release else "no",
        "notes": [found.error] if found.error else [],
    }
