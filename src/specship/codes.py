"""Stable codes of what can be wrong with a document that people write.

SHIP1xx the text, SHIP2xx its shape, SHIP3xx names that bind to nothing or to two things: a
document with one of these cannot be used, and no setting silences it. SHIP4xx are the findings
of lint rules, which live one a file in `lint/rules/`; they can be selected and ignored.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Code:
    """One code: its short name, why it is refused, and an example of each kind."""

    code: str
    name: str
    why: str
    bad: str
    good: str


CODES: Final = {
    entry.code: entry
    for entry in (
        Code(
            "SHIP101",
            "unreadable-file",
            "Only a regular file inside the project is read: a pipe could hang, a link could lead anywhere.",
            "contracts/a-v1.yaml -> /etc/passwd",
            "contracts/a-v1.yaml, a file",
        ),
        Code(
            "SHIP102",
            "beyond-bounds",
            "Sizes, depths and numbers beyond the bounds are refused before they cost memory or time.",
            "summary: (100 000 characters)",
            "summary: One sentence.",
        ),
        Code(
            "SHIP103",
            "not-utf-8",
            "Two readers must see the same characters.",
            "a file saved as UTF-16, or with a NUL byte",
            "the same file saved as UTF-8",
        ),
        Code(
            "SHIP104",
            "not-yaml",
            "The text does not follow the grammar of YAML 1.2.",
            "gates: [",
            "gates: []",
        ),
        Code(
            "SHIP105",
            "anchor-or-alias",
            "A small file with aliases can stand for millions of values.",
            "expect: &x {...}",
            "the values, written out",
        ),
        Code(
            "SHIP106",
            "tag",
            "A tag can ask a reader to construct anything.",
            "version: !!str 1.0.0",
            "version: 1.0.0",
        ),
        Code("SHIP107", "several-documents", "One file is one document.", "a: 1\n---\nb: 2", "two files"),
        Code(
            "SHIP108",
            "duplicate-key",
            "The second value would silently replace the first.",
            "at_most: 2.2\nat_most: 4.7",
            "at_most: 2.2",
        ),
        Code(
            "SHIP109",
            "merge-key",
            "A merge key hides which value is in force.",
            "<<: {at_most: 4.7}",
            "at_most: 4.7",
        ),
        Code(
            "SHIP110",
            "ambiguous-scalar",
            "YAML 1.1 and 1.2 read it differently.",
            "version: 1_000, on: no, limit: 1e-3",
            "limit: 0.001, name: 'no'",
        ),
        Code(
            "SHIP111",
            "control-character",
            "It could change what a terminal shows.",
            'rule: "\\u001b[2J"',
            "rule: text",
        ),
        Code("SHIP112", "key-not-text", "A key is the name of something.", "[1, 2]: 3", "name: 3"),
        Code("SHIP113", "empty-file", "Nothing was written.", "(an empty file)", "contract_id: my-contract"),
        Code(
            "SHIP201",
            "unknown-key",
            "A key that nobody reads would be a promise that nobody keeps.",
            "ship_blokcing: true",
            "ship_blocking: true",
        ),
        Code(
            "SHIP202",
            "missing-key",
            "The record is not complete without it.",
            "a gate without `rule`",
            "rule: The loss is low.",
        ),
        Code(
            "SHIP203",
            "wrong-type",
            "Values are read as they are written; nothing is converted.",
            "at_most: '2.2'",
            "at_most: 2.2",
        ),
        Code(
            "SHIP204",
            "malformed-id",
            "Ids, names and versions have one spelling, so that they can be found.",
            "id: gate-train-3",
            "id: GATE-TRAIN-003",
        ),
        Code(
            "SHIP205",
            "value-not-allowed",
            "The value lies outside of what the key can hold.",
            "stage: training",
            "stage: train",
        ),
        Code(
            "SHIP206",
            "probe-without-expectation",
            "A gate either names a probe and what it expects of it, or neither (it is then UNBOUND).",
            "probe: run.log (and no expect)",
            "probe: run.log, expect: {missing_steps: {equals: 0, unit: steps}}",
        ),
        Code(
            "SHIP207",
            "not-one-operator",
            "A limit has exactly one operator.",
            "{at_most: 2, below: 3, unit: ratio}",
            "{at_most: 2, unit: ratio}",
        ),
        Code(
            "SHIP208",
            "impossible-expectation",
            "No measurement could meet it.",
            "{between: [3, 1], unit: ratio}",
            "{between: [1, 3], unit: ratio}",
        ),
        Code(
            "SHIP209",
            "vacuous-expectation",
            "No measurement could violate it, so it would pass whatever was measured.",
            "{at_least: 0, unit: tokens}",
            "{at_least: 131072, unit: tokens}",
        ),
        Code(
            "SHIP210",
            "unknown-unit",
            "A figure without a known unit is no claim; a count is a plural noun such as 'tokens'.",
            "{at_most: 2.2, unit: bananas/token}",
            "{at_most: 2.2, unit: nats/token}",
        ),
        Code(
            "SHIP211",
            "file-name-differs",
            "A node id such as CONTRACT.yaml::GATE must say which contract it is.",
            "contract_id: a, in b-v1.yaml",
            "contract_id: a, in a-v1.yaml",
        ),
        Code(
            "SHIP212",
            "weights-do-not-add-up",
            "The weights of a model's criteria are shares of 100 %.",
            "weights 60 and 30",
            "weights 60 and 40",
        ),
        Code(
            "SHIP213",
            "contradiction",
            "Two things the document says exclude each other.",
            "a release profile with overrides",
            "a release profile without",
        ),
        Code(
            "SHIP214",
            "not-read",
            "A file where nobody reads it would never fail.",
            "contracts/old/a-v1.yaml, contracts/a-v1.yml",
            "contracts/a-v1.yaml",
        ),
        Code(
            "SHIP301",
            "unknown-probe",
            "A gate can only bind a quantity that some probe measures.",
            "probe: run.held_out_lose",
            "probe: run.held_out_loss",
        ),
        Code(
            "SHIP302",
            "unknown-quantity",
            "The probe does not measure it, so it would never hold.",
            "valloss: {at_most: 2.2, unit: nats/token}",
            "val_loss: {at_most: 2.2, unit: nats/token}",
        ),
        Code(
            "SHIP303",
            "unit-differs",
            "A limit in another unit is another limit.",
            "val_loss: {at_most: 2.2, unit: bits/byte}",
            "val_loss: {at_most: 2.2, unit: nats/token}",
        ),
        Code(
            "SHIP304",
            "unknown-criterion",
            "The spec has no such acceptance criterion.",
            "binds_to: [AC-SHIP2-03]",
            "binds_to: [AC-SHIP2-003]",
        ),
        Code(
            "SHIP305",
            "unknown-gate",
            "No contract has such a gate.",
            "supports: [GATE-TRIAN-001]",
            "supports: [GATE-TRAIN-001]",
        ),
        Code(
            "SHIP306",
            "unknown-artifact",
            "No stage makes what the probe measures.",
            "def probe(chekpoint)",
            "def probe(checkpoint)",
        ),
        Code(
            "SHIP307",
            "unknown-setting",
            "A setting that nobody reads would be a promise that nobody keeps.",
            "pipeline: {MODEL-2: {trainning: {}}}",
            "pipeline: {MODEL-2: {training: {}}}",
        ),
        Code(
            "SHIP308",
            "unknown-model",
            "The spec has no such model.",
            "pipeline: {MODEL-9: {}}",
            "pipeline: {MODEL-2: {}}",
        ),
        Code(
            "SHIP309",
            "unknown-fault",
            "Nobody can inject a defect that nobody has described.",
            "falsified_by: [frozen-wieghts]",
            "falsified_by: [frozen-weights]",
        ),
        Code(
            "SHIP310",
            "duplicate-id",
            "An id names one thing, across all files.",
            "GATE-TRAIN-001 in two contracts",
            "GATE-TRAIN-001 and GATE-TRAIN-002",
        ),
        Code(
            "SHIP311",
            "dependency-cycle",
            "Criteria that wait for each other are never discharged.",
            "A depends on B, B depends on A",
            "B depends on A",
        ),
        Code(
            "SHIP312",
            "several-models",
            "Evidence is about one model's bytes.",
            "binds_to: [AC-SHIP1-001, AC-SHIP2-001]",
            "one gate a model",
        ),
        Code(
            "SHIP313",
            "nothing-expected",
            "With every limit dropped, the gate could not fail at this profile.",
            "drop: [(all quantities)]",
            "not_judged: {AC-...: reason}",
        ),
        Code(
            "SHIP314",
            "amendment-out-of-order",
            "An amendment follows a version that no other one leads to.",
            "after: 9.0.0",
            "after: 1.0.0",
        ),
        Code(
            "SHIP315",
            "unknown-quantity-in-override",
            "The gate expects nothing of the quantity.",
            "drop: [valloss]",
            "drop: [val_loss]",
        ),
        Code(
            "SHIP316",
            "no-single-maker",
            "An artifact comes about in one way, by the stages of one model.",
            "borrowed: {model: MODEL-1, artifacts: [corpus]}, in MODEL-1",
            "borrowed: {model: MODEL-2, artifacts: [corpus]}, in MODEL-1",
        ),
        Code(
            "SHIP317",
            "unknown-quantity-in-fault",
            "A fault can only be seen in a quantity of which the gate expects something.",
            "falsified_by: {frozen-weights: [unmovd]}",
            "falsified_by: {frozen-weights: [unmoved]}",
        ),
    )
}
