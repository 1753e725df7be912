"""A project in which no rule finds anything, and edits that make one find something."""

import json
from pathlib import Path

from specship.suite.plan.linting import Question, lint
from tests.projects.small_project import edit

PYPROJECT = '[tool.specship]\nspec = "specs/small"\n'
SPEC = """\
spec_id: SPEC-SMALL
title: A small spec
models:
  - id: MODEL-1
    title: A small model
    criteria:
      - id: AC-SMALL-001
        statement: The loss is low.
        weight: 60
        because: It is what training is for.
        effort: {gpu_hours: 1, person_hours: 1}
      - id: AC-SMALL-002
        statement: Held-out text comes back in UTF-8, byte for byte.
        weight: 40
        because: Lost text is lost.
        depends_on: [AC-SMALL-001]
        effort: {gpu_hours: 0, person_hours: 1}
"""
CONTRACT = """\
contract_id: small
version: 1.0.0
stage: train
summary: What a small model must show.
references:
  - {id: "arXiv:2203.15556", supports: [GATE-SMALL-001]}
gates:
  # This comment stays.
  - id: GATE-SMALL-001
    rule: The held-out loss reaches the target.
    binds_to: [AC-SMALL-001]
    ship_blocking: true
    probe: run.held_out_loss
    expect:
      val_loss: {at_most: 2.2, unit: nats/token}
      val_tokens: {at_least: 131072, unit: tokens}
      bigram_margin: {at_least: 1.0, unit: nats/token}
    falsified_by: [frozen-weights]
  - id: GATE-SMALL-002
    rule: No held-out document is known to training.
    binds_to: [AC-SMALL-002]
    ship_blocking: true
    probe: corpus.split
    expect:
      shared_digests: {equals: 0, unit: documents}
      highest_jaccard: {below: 0.85, unit: fraction}
    falsified_by: [heldout-inside-training]
"""
LEARNED = "{frozen-weights: [val_loss, val_tokens, bigram_margin]}"
APART = "{heldout-inside-training: [shared_digests, highest_jaccard]}"
"""What the faults of the two gates break: each of their limits."""
REHEARSAL = """\
profile: rehearsal
kind: rehearsal
summary: Minutes on a CPU.
pipeline:
  MODEL-1:
    tokenizer: {vocab_size: 1024}
    training: {steps: 900, warmup_steps: 60}
overrides:
  GATE-SMALL-001:
    reason: A tiny model.
    expect:
      val_loss: {at_most: 4.05, unit: nats/token}
      bigram_margin: {at_least: 0.1, unit: nats/token}
"""
RELEASE = """\
profile: release
kind: release
summary: The real thing.
pipeline:
  MODEL-1:
    tokenizer: {vocab_size: 50257}
    training:
      steps: 57000
      sequence_length: 2048
      evaluate_every: 1000
      evaluation_tokens: 524288
      patience: 5
      min_improvement: 0.02
      warmup_steps: 60
"""
AMENDMENT = """\
bump: major
after: 0.0.0
why: It begins.
changes: [{id: MODEL-1, what: A model.}]
"""
FILES = {
    "pyproject.toml": PYPROJECT,
    "contracts/small-v1.yaml": CONTRACT,
    "specs/small/spec.yaml": SPEC,
    "specs/small/profiles/rehearsal.yaml": REHEARSAL,
    "specs/small/profiles/release.yaml": RELEASE,
    "specs/small/amendments/0001-begin.yaml": AMENDMENT,
}
SHORT = {
    "contract": "contracts/small-v1.yaml",
    "spec": "specs/small/spec.yaml",
    "rehearsal": "specs/small/profiles/rehearsal.yaml",
    "release": "specs/small/profiles/release.yaml",
    "project": "pyproject.toml",
}


def sound_project(folder: Path) -> Path:
    """Write it into a folder."""
    for name, content in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return folder


def small_corpus(folder: Path) -> None:
    """Let the corpus be one file instead of Python's library.

    Whether a statement is of today's files is asked anew by each reading of it.
    """
    (folder / "texts").mkdir()
    (folder / "texts" / "one.py").write_text("ONE = 1\n")
    corpus = "    corpus: {source: folder, path: texts, licence: Apache-2.0}\n"
    for name, size in (("rehearsal", "1024}\n"), ("release", "50257}\n")):
        edit(folder / SHORT[name], size, size + corpus)


def change(folder: Path, *edits: tuple[str, str, str]) -> Path:
    """Make edits: short name of a file, what stands there, what is to stand there."""
    for file, old, new in edits:
        edit(folder / SHORT[file], old, new)
    return folder


def record_untrained(
    folder: Path, measured: dict[str, tuple[float, str]], *, profile: str = "rehearsal"
) -> None:
    """Write what an untrained model measures at GATE-SMALL-001, and name the file in the settings."""
    rows = [
        {"quantity": name, "value": value, "unit": unit, "limit": "", "holds": False}
        for name, (value, unit) in measured.items()
    ]
    gate = {"id": "GATE-SMALL-001", "measured": rows}
    report = {
        "models": [
            {"model": "MODEL-1", "profile": profile, "criteria": [{"id": "AC-SMALL-001", "gates": [gate]}]}
        ]
    }
    (folder / "untrained.json").write_text(json.dumps(report))
    change(
        folder,
        ("project", PYPROJECT, PYPROJECT + '[tool.specship.lint]\nuntrained = "untrained.json"\n'),
    )


def found(folder: Path) -> list[tuple[str, str, str]]:
    """Code, place and message of every finding."""
    findings = lint(Question(folder), cache=False).findings
    return [(f.code, f"{f.path}:{f.line}:{f.column}", f.message) for f in findings]
