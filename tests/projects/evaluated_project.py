"""A project whose model was received, and evaluated by lm-evaluation-harness beside a worse run."""

import json
import shutil
from pathlib import Path
from typing import Any, Final

from specship.digests import sha256_file
from tests.models.chat_checkpoints import chat_checkpoint
from tests.places import ROOT

RESULTS: Final = ROOT / "tests" / "data" / "evaluations"
TASK: Final = "tiny_arith"
SPEC = """\
spec_id: SPEC-EVALUATED
title: A model that others evaluated
models:
  - id: MODEL-1
    title: A received model
    criteria:
      - {id: AC-EVAL-001, statement: It adds., weight: 60, because: b, effort: {gpu_hours: 0, person_hours: 1}}
      - {id: AC-EVAL-002, statement: It is better., weight: 40, because: b, effort: {gpu_hours: 0, person_hours: 1}}
"""
PROFILE = """\
profile: rehearsal
kind: rehearsal
summary: What was measured elsewhere.
pipeline:
  MODEL-1:
    received: {folder: model, source: a colleague}
    evaluated:
      folder: results
      source: lm-eval on a workstation
      task: tiny_arith
      metric: acc
      weights: {model.safetensors: WEIGHTS}
      baseline: baseline
"""
CONTRACT = """\
contract_id: evaluated
version: 1.0.0
stage: eval
summary: What the evaluation must show.
gates:
  - id: GATE-EVAL-001
    rule: The score is that of the samples, of all of them, and of the weights that ship.
    binds_to: [AC-EVAL-001]
    ship_blocking: true
    probe: evaluation.integrity
    expect:
      samples: {at_least: 40, unit: samples}
      missing_samples: {equals: 0, unit: samples}
      reordered: {equals: 0, unit: results}
      value_difference: {at_most: 1.0e-9, unit: difference}
      error_difference: {at_most: 1.0e-9, unit: difference}
      foreign_weights: {equals: 0, unit: results}
      foreign_template: {equals: 0, unit: results}
      foreign_tokens: {equals: 0, unit: tokens}
      partial_runs: {equals: 0, unit: results}
      scored_errors: {equals: 0, unit: samples}
    falsified_by:
      evaluation-typed-by-hand: [value_difference, error_difference]
      evaluation-samples-left-out: [missing_samples, reordered]
      evaluation-limited: [partial_runs, samples]
      evaluation-of-other-weights: [foreign_weights]
      evaluation-in-another-template: [foreign_template, foreign_tokens]
    unfalsified:
      scored_errors: This harness has no samples with errors.
  - id: GATE-EVAL-002
    rule: It adds better than chance, and not by chance.
    binds_to: [AC-EVAL-001]
    ship_blocking: true
    probe: evaluation.score
    expect:
      value: {at_least: AT_LEAST, unit: fraction, confidence: 0.95, count: samples}
    falsified_by:
      evaluation-answers-senseless: [value]
  - id: GATE-EVAL-003
    rule: It is better than the run before, sample by sample.
    binds_to: [AC-EVAL-002]
    ship_blocking: true
    probe: evaluation.paired
    expect:
      discordant: {at_least: 10, unit: samples}
      p_value: {at_most: 0.05, unit: fraction}
      difference: {above: 0, unit: difference}
      unpaired: {equals: 0, unit: samples}
    falsified_by:
      evaluation-of-itself: [discordant, difference]
      evaluation-no-better: [p_value]
      evaluation-limited: [unpaired]
"""


def worse_run(folder: Path, *, wrong: int = 14) -> Path:
    """The result with so many of its right answers turned wrong, as the run to compare with."""
    shutil.copytree(RESULTS / "lm_eval", folder)
    path = next(folder.glob("*.jsonl"))
    samples: list[dict[str, Any]] = [json.loads(line) for line in path.read_text().splitlines()]
    for sample in [sample for sample in samples if sample["acc"] == 1][:wrong]:
        sample["acc"] = 0.0
    path.write_text("".join(json.dumps(sample, ensure_ascii=False) + "\n" for sample in samples))
    return folder


def evaluated_project(folder: Path, *, at_least: float = 0.2) -> Path:
    """Write the project into a folder."""
    shutil.copytree(chat_checkpoint("chatml"), folder / "model")
    shutil.copytree(RESULTS / "lm_eval", folder / "results")
    worse_run(folder / "baseline")
    weights = sha256_file(folder / "model" / "model.safetensors")
    for name, content in {
        "pyproject.toml": '[tool.specship]\nspec = "specs/evaluated"\n',
        "contracts/evaluated-v1.yaml": CONTRACT.replace("AT_LEAST", str(at_least)),
        "specs/evaluated/spec.yaml": SPEC,
        "specs/evaluated/profiles/rehearsal.yaml": PROFILE.replace("WEIGHTS", weights),
        "specs/evaluated/amendments/0001-begin.yaml": (
            "bump: major\nafter: 0.0.0\nwhy: It begins.\nchanges: [{id: MODEL-1, what: A model.}]\n"
        ),
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return folder
