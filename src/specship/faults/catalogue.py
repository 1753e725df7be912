"""The defects that contracts can name, each of which really happened somewhere.

A contract's `falsified_by` names faults: defects that must make the gate fail. A project describes
its own in the folder that `[tool.specship] faults` names, one file a fault (`my-fault` in
`my_fault.py`). Describing a defect is not injecting it: until a gate was seen to fail on its
faults it is not armed, and every report says so.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

SHIPPED: Final = {
    "accumulation-by-default": "An accumulation that nobody asked for stretches a run to months.",
    "best-is-first": "The checkpoint called best holds the weights of the first evaluation.",
    "best-is-last": "The checkpoint called best is the last one, whatever its loss.",
    "byte-alphabet-gap": "Some bytes have no token, so that a text with them does not come back.",
    "byte-fallback-only-encoder": "Every byte becomes a token of its own: twice the tokens for a text.",
    "card-licence-differs": "The model card names another licence than the data has.",
    "checksum-not-checked": "A checksum is stored and compared by nobody.",
    "clipping-disabled": "Gradients are logged as clipped and are not.",
    "companion-file-dropped": "A file that the weights need is not among the published ones.",
    "completion-text-edited": "A generated text was improved by hand after it was generated.",
    "completions-of-another-checkpoint": "The texts that are judged come from other weights.",
    "constant-completion": "Every prompt gets the same answer.",
    "constant-speed-samples": "The samples of a speed are one mean, written several times.",
    "corpus-exhaustion-placeholder": "An exhausted data stream is answered with a loss of exactly 1.",
    "data-starved-corpus": "A fraction of a percent of the tokens that the parameters need.",
    "detached-layer": "A layer is cut out of the backward pass and never moves.",
    "duplicate-output-projection": "A tied output projection is stored a second time and counted twice.",
    "duplicated-training-documents": "The same documents stand in the training set many times.",
    "edited-document": "A document's text differs from what the manifest hashed.",
    "flipped-bit": "One bit of a stored file is another one.",
    "frozen-weights": "The optimizer runs and no weight changes.",
    "gguf-architecture-string": "The GGUF names a Python class where llama.cpp expects an architecture.",
    "gguf-cut-in-half": "The file ends before its last tensor does.",
    "gguf-file-type-stale": "The header announces another number type than the tensors have.",
    "gguf-norm-epsilon": "The epsilon of the norms is another one than the model was trained with.",
    "gguf-rotation-base": "The rotary base is another one than the model was trained with.",
    "gguf-rows-not-reordered": "Query and key rows stand in the order of another rotary layout.",
    "gguf-tensor-dropped": "A tensor of the checkpoint is not in the export.",
    "gguf-token-list-short": "The token list is shorter than the embedding has rows.",
    "gradient-blow-up": "Gradient norms grow without bound and training goes on.",
    "heldout-inside-training": "Held-out files are part of the training set.",
    "heldout-is-head-of-training": "The held-out set is the beginning of the training shards.",
    "import-alters-tensor": "A tensor of an imported checkpoint has other numbers than its source.",
    "import-drops-tensor": "A tensor of the source is not in the imported checkpoint.",
    "import-preamble-dropped": "The harness cuts the imports that a solution needs.",
    "impossible-speed": "More tokens a second than the device has operations for.",
    "inference-failure-scored-as-pass": "A failed generation is counted as a solved problem.",
    "iterator-ends-early": "The data iterator ends and the run stops after a few steps with exit status 0.",
    "learning-rate-times-hundred": "The learning rate is a hundred times what was asked for.",
    "licence-text-missing": "The licence is named and its text is not published.",
    "licence-unknown": "A document's licence is not known.",
    "missing-architecture-field": "The config lacks a field that a reader needs to build the model.",
    "missing-tokenizer": "The checkpoint has no tokenizer.",
    "near-duplicate-across-split": "A held-out document is almost one of the training set.",
    "nfc-normaliser": "The tokenizer composes characters, so that texts do not come back.",
    "origin-not-named": "A file that is handed on does not say which checkpoint it was taken over from.",
    "parameter-count-label": "The label says another number of parameters than the tensors have.",
    "parity-of-another-file": "The parity that is shown was measured on another export.",
    "partial-ingest": "One of several corpus files was read.",
    "pickled-weights": "The weights are a pickle, which runs code when it is loaded.",
    "planned-steps-ignored": "The run does more or fewer steps than were planned.",
    "premature-early-stop": "Early stopping reacts to the noise of a held-out set of two batches.",
    "prompts-from-training": "The held-out prompts stand in the training set.",
    "provenance-document-dropped": "A training document is missing from the published provenance.",
    "published-file-altered": "A published file has other bytes than the tested one.",
    "published-file-unlisted": "A published file is in no manifest.",
    "published-weights-untested": "The published weights are not the ones that were measured.",
    "quantized-in-name-only": "The file that is called quantized holds the numbers at full precision.",
    "quantized-scales-stale": "The scales of quantized blocks are not those of their numbers.",
    "quantized-tensor-left-out": "One tensor was not compared with its original; the others were called all.",
    "repeated-steps": "A resumed run logs the same steps twice.",
    "resume-loses-optimizer": "The state of the optimizer is lost when a run is resumed.",
    "resume-restarts-schedule": "The learning-rate schedule begins again when a run is resumed.",
    "sandbox-left-open": "Generated code runs where it can read, write or start what it likes.",
    "schedule-not-applied": "A schedule is configured and the learning rate stays constant.",
    "scripted-loss": "The losses of the log follow a script; nothing was trained.",
    "seed-ignored": "Another seed gives the same run.",
    "shard-bytes-flipped": "A shard of tokens has other bytes than were written.",
    "shard-truncated": "The last tokens of a shard are missing.",
    "shuffled-shards": "The shards hold the right tokens in another order.",
    "silent-cpu-fallback": "A GPU was asked for, and the CPU did the work.",
    "silent-random-init": "An initialisation whose tensors do not match is replaced by random weights.",
    "single-speed-sample": "One sample of a speed is taken for the speed.",
    "skipped-gate-counted-as-pass": "A gate that was skipped is counted as passed.",
    "slow-decode": "Decoding is slower than a reader can wait for.",
    "speed-of-another-checkpoint": "The speed that is shown was measured on other weights.",
    "speed-tokens-invented": "Fewer tokens were generated than the speed was computed from.",
    "stale-shards": "The shards were made with another tokenizer or from another corpus.",
    "swallowed-step-error": "An error in a training step becomes a loss of zero.",
    "telemetry-zeros": "Fields of the log are there and hold zeros.",
    "unannounced-wrap": "The data begin again and nothing says so.",
    "unlicensed-document": "A document whose licence is not allowed is in the corpus.",
    "unseeded-data-order": "The same seed gives another order of the data.",
    "untrained-checkpoint": "The exported checkpoint holds the weights from before the training.",
    "untrained-weights": "The weights that are judged were never trained.",
    "verdict-forged": "A completion writes the verdict that the harness reads.",
    "vocabulary-mismatch": "Tokenizer and model disagree about the number of tokens.",
    "whitespace-split-tokenizer": "The tokenizer splits at white space and loses the indentation.",
    "wrap-around-memorisation": "A small corpus is read so often that the model learns it by heart.",
    "wrong-architecture-trained": "Another architecture was trained than the one declared.",
    "wrong-rotation-base": "The stored config names another rotary base than the run used.",
    "wrong-separator": "Documents are separated by an ordinary token instead of the end token.",
}
"""Name of each fault, and the defect in one sentence."""


def own_faults(folder: Path | None) -> dict[str, Path]:
    """The files of a project's own faults by name; empty without a folder."""
    if folder is None:
        return {}
    return {path.stem.replace("_", "-"): path for path in sorted(folder.glob("[!_]*.py"))}


def known_faults(folder: Path | None) -> frozenset[str]:
    """Every fault that a contract of a project may name."""
    return frozenset(SHIPPED) | own_faults(folder).keys()
