"""What a checkpoint solves of HumanEval: counts of each run, and samples written and judged again."""

from __future__ import annotations

from collections import Counter
from statistics import median_low
from typing import TYPE_CHECKING, Final

from specship.pipeline.evaluation.humaneval.judging import INFRA, PASSED, SampleOutcome
from specship.pipeline.evaluation.humaneval.run_reading import CompletionsRun, read_runs
from specship.probes.probe import Artifact, Figures, probe

if TYPE_CHECKING:
    from specship.pipeline.evaluation.humaneval.problems import ProblemFile

_WRITTEN_AGAIN: Final = 5
_JUDGED_AGAIN: Final = 20


@probe(
    "humaneval.passed",
    checked="completions",
    completions="completions",
    runs="runs",
    problems="problems",
    samples="completions",
    passed="completions",
    passed_lowest="completions",
    passed_highest="completions",
    empty="completions",
    without_room="completions",
    infrastructure_errors="completions",
    canary_faults="faults",
    foreign_runs="runs",
    misprompted_runs="runs",
    foreign_problems="problems",
    written_again="completions",
    differing_completions="completions",
    judged_again="completions",
    differing_outcomes="completions",
    prompt_format="text",
    wants_template="text",
    level="text",
    fit_for_release="text",
    device="text",
)
def humaneval_passed(checkpoint: Artifact, humaneval: Artifact, harness: Artifact) -> Figures:
    """Passed completions of a run: the median over runs (the lower of two), the lowest, the highest.

    `samples` is the smallest count of a run, so that counts of incomplete runs never look whole; a
    completion that is missing, empty or had no room failed. `foreign_runs` were written by other weights or
    of other problems than this artifact holds, or ask otherwise than the first; `foreign_problems` are all
    problems where the harness was tested on other ones. `misprompted_runs` put the problems otherwise than
    the checkpoint wants them, in a chat template or not. `written_again` completions, chosen by the
    artifact's digest, are written again by the checkpoint, `judged_again` ones judged again; what comes out
    otherwise is counted. Notes say by which rules programs were found in completions. Raises
    DamagedArtifact; RequirementMissing without the device of the runs.
    """
    from specship.pipeline.chat.decision import chat_decision
    from specship.pipeline.evaluation.humaneval.records import read_self_test
    from specship.pipeline.evaluation.model_identity import CHAT, PLAIN
    from specship.pipeline.inference.any_model import open_any_model

    problems, runs = read_runs(humaneval.path)
    weights = open_any_model(checkpoint.path).weights_digest()
    tested = read_self_test(harness.path / "self-test.json").problems_sha256
    wanted = CHAT if chat_decision(checkpoint.path).wants else PLAIN
    foreign = [run for run in runs if run.weights != weights or run.asked != runs[0].asked]
    passed = [sum(one.outcome == PASSED for one in run.outcomes.values()) for run in runs]
    outcomes = [one for run in runs for one in run.outcomes.values()]
    return {
        "completions": len(outcomes),
        "runs": len(runs),
        "problems": len(problems.problems),
        "samples": min((len(run.outcomes) for run in runs), default=0),
        "passed": median_low(passed) if passed else None,
        "passed_lowest": min(passed, default=None),
        "passed_highest": max(passed, default=None),
        "empty": sum(one.outcome == "failed:empty" for one in outcomes),
        "without_room": sum(one.outcome == "failed:context" for one in outcomes),
        "infrastructure_errors": sum(one.outcome == INFRA for one in outcomes),
        "canary_faults": sum(len(run.sandbox["canary_faults"]) for run in runs),
        "foreign_runs": len(foreign),
        "misprompted_runs": sum(run.generated["prompt_format"] != wanted for run in runs),
        "foreign_problems": 0 if tested == problems.sha256 else len(problems.problems),
        **_again(checkpoint, problems, runs, humaneval.digest),
        "prompt_format": _only([run.generated["prompt_format"] for run in runs]),
        "wants_template": _only(["yes" if run.generated["chat"]["wants"] else "no" for run in runs]),
        "level": _only([run.sandbox["level"] for run in runs]),
        "fit_for_release": "yes" if runs and all(run.sandbox["fit_for_release"] for run in runs) else "no",
        "device": _only([run.generated["device"] for run in runs]),
        "notes": [f"{count} read {rule}" for rule, count in _rules(outcomes).most_common()],
    }


def _rules(outcomes: list[SampleOutcome]) -> Counter[str]:
    """By which rule programs were found in completions, and how often."""
    return Counter(one.extraction for one in outcomes if one.extraction)


def _only(texts: list[str]) -> str | None:
    """What all runs say; None where they differ."""
    return texts[0] if len(set(texts)) == 1 else None


def _again(checkpoint: Artifact, problems: ProblemFile, runs: list[CompletionsRun], digest: str) -> Figures:
    """Some completions of the first run written again, others judged again."""
    from specship.pipeline.evaluation.humaneval.generation import regenerate

    if not runs:
        return dict.fromkeys(
            ("written_again", "differing_completions", "judged_again", "differing_outcomes"), 0
        )
    first = runs[0]
    written = first.chosen(_WRITTEN_AGAIN, digest)
    again = regenerate(first.generator(checkpoint.path, problems), written)
    judged = first.chosen(_JUDGED_AGAIN, f"{digest} judged")
    verdicts = first.judged_again(problems, judged)
    return {
        "written_again": len(written),
        "differing_completions": sum(a != b for a, b in zip(again, written, strict=True)),
        "judged_again": len(judged),
        "differing_outcomes": sum(
            verdicts.get((one.task_id, one.index)) != first.outcomes[one.task_id, one.index].outcome
            for one in judged
        ),
    }
