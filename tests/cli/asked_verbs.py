"""What each verb is asked where all of them are held to something: by verb, in a project whose branch weakens a gate.

`asking.Asking` says what stands for the names.
"""

from typing import Final

QUICK: Final = (
    "amend --check --base base",
    "compile --output {own.inside}",
    "doctor",
    "evidence audit",
    "evidence mend",
    "evidence pack --dry-run",
    "evidence show {own.digest}",
    "evidence verify",
    "explain AC-SMALL-001",
    "explain GATE-SMALL-001",
    "explain MODEL-1",
    "explain SHIP104",
    "explain frozen-weights",
    "explain run.held_out_loss",
    "faults",
    "flip-rate --recorded",
    "gate --base base",
    "init {own.new}",
    "lint",
    "lint contracts",
    "new probe corpus.own --artifact corpus",
    "next",
    "next --profile release --gpu-hours 2",
    "report --compare base {own.head}",
    "review base..{own.head}",
    "spec audits",
    "spec history",
    "status",
    "status -v",
    "trace",
    "trend",
    "verify {own.publication}",
)
"""Without torch."""
LONG: Final = (
    "adopt {own.model} --project {own.new}",
    "bench {own.model} --tokens 4 --samples 1",
    "compare {own.model} {own.model} --steps 2 --without-llama-cpp",
    "corpus {own.text} --output {own.new} --licence MIT",
    "diagnose {own.run}",
    "eval bits-per-byte {own.model} --text {own.text} --window 32",
    "export {own.model} {own.new}.gguf",
    "import checkpoint {own.model}",
    "pretrain --data {own.tokens} --dry-run --hidden-size 16 --layers 1 --heads 2 --kv-heads 1 --device cpu --steps 3 --warmup-steps 1 --accept-starvation small",
    "qa {own.model}",
    "run {own.model} x --tokens 2",
    "tokenize {own.corpus} --vocab-size 300 --output {own.new}",
    "watch {own.run} --once",
)
DOCUMENTS: Final = {"schema", "lsp"}
"""Verbs that print nothing but what programs read."""
