"""Small contracts in the shapes that other people's contracts have, and what each becomes."""

from typing import NamedTuple


class Sample(NamedTuple):
    file: str
    text: str
    options: tuple[str, ...]
    stage: str
    gates: dict[str, tuple[str, str]]
    """For each gate: its lines, and its probe or a part of why it has none."""


SAMPLES = {
    "a training loop with invariants and gates": Sample(
        "pretrain-loop-v2.yaml",
        """\
contract_id: C-LOOP
version: 2.3
metadata:
  description: >
    The loop keeps
    its promises.
  references:
    - "Somebody (2019), a method (arXiv:1711.05101v3)"
    - "notes/loop.md"
convergence:
  target_val_loss: 2.2
invariants:

  - id: INV-1
    description: >
      No missing steps.

  - id: INV-2
    description: The loop is honest about arXiv:1711.05101.
    falsifier: Read the log.
gates:
  - id: GATE-LOOP-A
    rule: Final val_loss ≤ 2.2 nats/token.
    binds_to: AC-OTHER-001
    ship_blocking: true
  - id: GATE-LOOP-B
    name: Loss
    condition: "val_loss ≤ 2.2 nats/token"
    ship_blocking: true
  - id: GATE-LOOP-B
    rule: val_loss <= 2.2
  - id: INV-3
    rule: largest_growth must be at most 2.
    tolerance: 0.1
""",
        (),
        "train",
        {
            "GATE-PRETRAIN-LOOP-001": ("11-11", "which side of it is the good one"),
            "GATE-PRETRAIN-LOOP-002": ("14-16", "run.log"),
            "GATE-PRETRAIN-LOOP-003": ("18-20", "prose"),
            "GATE-LOOP-A": ("22-25", "no probe measures a quantity called 'Final val_loss'"),
            "GATE-LOOP-B": ("26-29", "run.held_out_loss"),
            "GATE-PRETRAIN-LOOP-004": ("30-31", "the rule gives no unit"),
            "GATE-PRETRAIN-LOOP-005": ("32-34", "restricted: tolerance"),
        },
    ),
    "a kernel with equations and proofs": Sample(
        "sum-kernel-v1.yaml",
        """\
metadata: {version: "1.0.0", description: "A sum — of numbers"}
equations:
  total:
    formula: "s(x) = Σ x_i"
    domain: "x ∈ R^n"
    invariants:
      - "s(0) = 0"
      - "order does not matter"
  shape: {formula: "n"}
proof_obligations:
  - type: invariant
    property: "A sum of nothing is nothing"
    formal: "|s(0)| < ε"
    tolerance: 1.0e-6
    applies_to: all
kani_harnesses:
  - id: KANI-1
    obligation: S-1
    property: "No missing steps"
    bound: 8
falsification_tests:
  - id: F-1
    rule: "Zero"
    prediction: "s([0]) = 0"
    test: |
      run it

      twice
    if_fails: "broken"
qa_gate:
  id: QA-1
  name: "The sum"
  checks: ["zero"]
  pass_criteria: "all tests pass"
  min_coverage: 0.9
  falsification: "add one"
""",
        (),
        "process",
        {
            "GATE-SUM-KERNEL-001": ("3-8", "prose"),
            "GATE-SUM-KERNEL-002": ("7-7", "compares something"),
            "GATE-SUM-KERNEL-003": ("8-8", "prose"),
            "GATE-SUM-KERNEL-004": ("11-15", "prose"),
            "GATE-SUM-KERNEL-005": ("17-20", "belongs to stage train"),
            "GATE-SUM-KERNEL-006": ("22-29", "compares something"),
            "GATE-SUM-KERNEL-007": ("30-36", "prose"),
            "GATE-SUM-KERNEL-008": ("35-35", "no probe measures a quantity called 'coverage'"),
        },
    ),
    "a dataset with budgets and anchors": Sample(
        "dataset-code-v1.yaml",
        """\
version: 1
defaults: &defaults {severity: P0, blocking: yes}
budget:
  min_train_tokens: 2_000_000_000
  max_files: 5_000_000
  min_documents_share: 0.5
split: {seed: 42, assertion: "Same seed → same split."}
gates:
  hygiene:
    <<: *defaults
    description: No unlicensed documents.
  overlap:
    description: Held-out text is unseen.
    metric: corpus.split.highest_jaccard
    operator: lte
    threshold: 50%
falsification:
  - condition: "shared_digests > 0 documents"
""",
        (),
        "corpus",
        {
            "GATE-DATASET-CODE-001": ("4-4", "shards.manifest"),
            "GATE-DATASET-CODE-002": ("5-5", "everyday word"),
            "GATE-DATASET-CODE-003": ("6-6", "no probe measures"),
            "GATE-DATASET-CODE-004": ("7-7", "prose"),
            "GATE-DATASET-CODE-005": ("9-11", "no probe measures a quantity called 'unlicensed documents'"),
            "GATE-DATASET-CODE-006": ("12-16", "corpus.split"),
            "GATE-DATASET-CODE-007": ("18-18", "its opposite was not guessed"),
        },
    ),
    "thresholds by metric": Sample(
        "limits.yaml",
        """\
stage: train
thresholds:
  largest_train_over_ln_vocabulary: "<= 2"
  over_ln_vocabulary: {min: 0.9, max: 2.0, unit: ratio}
  wall_over_floor: {at_least: 1}
  val_loss: {max: 4.7, unit: bits/byte}
  missing_steps: 0
  accuracy: {min: 0.5}
smoke:
  max_straight_share: 0.9
smoke_gates:
  - straight_share <= 0.9
""",
        ("--binds-to", "AC-SHIP2-003", "AC-SHIP2-011"),
        "train",
        {
            "GATE-LIMITS-001": ("3-3", "run.divergence"),
            "GATE-LIMITS-002": ("4-4", "run.first_loss"),
            "GATE-LIMITS-003": ("5-5", "run.throughput_bound"),
            "GATE-LIMITS-004": ("6-6", "measured in nats/token, and the rule says bits/byte"),
            "GATE-LIMITS-005": ("7-7", "which side of the number"),
            "GATE-LIMITS-006": ("8-8", "no probe measures"),
            "GATE-LIMITS-007": ("10-10", "stands under 'smoke'"),
            "GATE-LIMITS-008": ("12-12", "stands under 'smoke_gates'"),
        },
    ),
    "a chapter with conditions": Sample(
        "book-ch05-v1.yaml",
        """\
contract: book-ch05
version: 1
preconditions:
  - "the example builds"
postconditions:
  - "the example is right"
falsification:
  - condition: "the example exits non-zero"
    severity: P0
    action: reject
""",
        ("--stage", "publish"),
        "publish",
        {
            "GATE-BOOK-CH05-001": ("4-4", "prose"),
            "GATE-BOOK-CH05-002": ("6-6", "prose"),
            "GATE-BOOK-CH05-003": ("8-10", "prose"),
        },
    ),
    "invariants in groups, decode figures": Sample(
        "decode-speed-v3.yml",
        """\
metadata:
  version: v3.1.4
  title: "Speed"
  arxiv_citations: ["2203.15556", "1909.08593"]
  references: [{title: Measured, authors: [A, B]}]
inference_invariants:
  speed:
    - id: F-1
      name: Fast
      description: "tokens_per_second >= 100 tok/s"
training_invariants:
  - ratio_to_reference is above 0.5; tokens_per_second_low ≥ 90 tokens per second.
  - "ratio_to_reference >= 0.5 and valid_share >= 90%"
  - "ratio_to_reference ≥ 0.5 or device = 1"
  - "valid_share between 0.5 and 1"
  - "valid_share must not fall below 90"
  - "differing_tokens = 0 tokens"
  - "speed.decode.differing_tokens equals 0"
  - "parity.llama_cpp.differing_tokens ≤ 3"
  - "0.25 <= valid_share <= 0.75"
  - "ratio_to_reference ≥ 0"
  - "foreign samples = 0.5"
  - "valid_share = 0.5"
  - "ratio_to_reference >= 1e-3"
  - "bits_per_byte ≤ 1"
""",
        (),
        "inference",
        {
            "GATE-DECODE-SPEED-001": ("8-10", "stands under"),
            "GATE-DECODE-SPEED-002": ("12-12", "speed.decode"),
            "GATE-DECODE-SPEED-003": ("13-13", "it takes several probes (generations.syntax, speed.decode)"),
            "GATE-DECODE-SPEED-004": ("14-14", "mentions ratio_to_reference"),
            "GATE-DECODE-SPEED-005": ("15-15", "generations.syntax"),
            "GATE-DECODE-SPEED-006": ("16-16", "perhaps a percentage"),
            "GATE-DECODE-SPEED-007": (
                "17-17",
                "is measured by gguf.quality, parity.llama_cpp, qa.gates, speed.decode",
            ),
            "GATE-DECODE-SPEED-008": ("18-18", "speed.decode"),
            "GATE-DECODE-SPEED-009": ("19-19", "parity.llama_cpp"),
            "GATE-DECODE-SPEED-010": ("20-20", "generations.syntax"),
            "GATE-DECODE-SPEED-011": ("21-21", "could violate"),
            "GATE-DECODE-SPEED-012": ("22-22", "no whole number"),
            "GATE-DECODE-SPEED-013": ("23-23", "by chance only"),
            "GATE-DECODE-SPEED-014": ("24-24", "speed.decode"),
            "GATE-DECODE-SPEED-015": ("25-25", "belongs to stage train"),
        },
    ),
    "a list of rules, hard to quote": Sample(
        "Ünïcode rules!.yaml",
        """\
- rule: "tabs\\tand \\e[31mred\\e[0m and \\"quotes\\" \\\\ # no comment: {x}"
- rule: |
    two
    lines
- rule: 'no'
  id: 17
- {rule: "- ? ! & * | > @ ` %", id: "GATE-lower"}
""",
        (),
        "process",
        {
            "GATE-UNICODE-RULES-001": ("1-1", "prose"),
            "GATE-UNICODE-RULES-002": ("2-4", "prose"),
            "GATE-UNICODE-RULES-003": ("5-6", "prose"),
            "GATE-UNICODE-RULES-004": ("7-7", "prose"),
        },
    ),
    "restrictions beside the comparison": Sample(
        "pretraining-v1.yaml",
        """\
rules:
  - {name: Smoke runs, formal: "straight_share <= 0.9"}
  - {name: Honest log, formal: "straight_share <= 0.01"}
  - {name: Honest log, formal: "straight_share <= 0.01", when: the device is a CPU}
  - {description: Only in the first epoch, condition: "straight_share <= 0.01"}
  - straight_share <= 0.01 in the first epoch
  - "not straight_share > 0.01"
  - mean straight_share <= 0.01
  - straight_share[0] <= 0.01
  - straight_share <= 0.01 * limit
  - straight_share <= 0,01
  - straight_share ≈ 0.01
  - straight_share should be below 0.01
equations:
  cpu_path: {formula: "straight_share <= 0.01"}
  log: {formula: "straight_share <= 0.01"}
enforcement:
  honest: {description: "straight_share <= 0.01", severity: ERROR}
  older: {description: "straight_share <= 0.02", status: DEPRECATED}
  silent: {description: "straight_share <= 0.02", enabled: false}
""",
        (),
        "train",
        {
            "GATE-PRETRAINING-001": ("2-2", "'smoke'"),
            "GATE-PRETRAINING-002": ("3-3", "run.log"),
            "GATE-PRETRAINING-003": ("4-4", "restricted: when"),
            "GATE-PRETRAINING-004": ("5-5", "'only'"),
            "GATE-PRETRAINING-005": ("6-6", "mentions straight_share"),
            "GATE-PRETRAINING-006": ("7-7", "no probe measures"),
            "GATE-PRETRAINING-007": ("8-8", "no probe measures"),
            "GATE-PRETRAINING-008": ("9-9", "mentions straight_share"),
            "GATE-PRETRAINING-009": ("10-10", "mentions straight_share"),
            "GATE-PRETRAINING-010": ("11-11", "mentions straight_share"),
            "GATE-PRETRAINING-011": ("12-12", "mentions straight_share"),
            "GATE-PRETRAINING-012": ("13-13", "no probe measures"),
            "GATE-PRETRAINING-013": ("15-15", "'cpu'"),
            "GATE-PRETRAINING-014": ("16-16", "run.log"),
            "GATE-PRETRAINING-015": ("18-18", "run.log"),
            "GATE-PRETRAINING-016": ("19-19", "its own status is 'DEPRECATED'"),
            "GATE-PRETRAINING-017": ("20-20", "switched off"),
        },
    ),
}
