"""Held-out loss of the final checkpoint, measured here from its bytes; never the run's own word."""
# ruff: noqa: N806 - a suffix names the axes: W windows, T inputs of a window

from __future__ import annotations

import math
from typing import Any, Final

from specship.digests import sha256_bytes
from specship.errors import DamagedArtifact
from specship.probes.probe import Artifact, Figures, probe
from specship.strict_json import read_json

_LONGEST: Final = 2048
"""Tokens a window holds at most, whatever context the config declares."""
_TOKENS: Final = 131_072


@probe(
    "run.held_out_loss",
    checked="val_tokens",
    val_loss="nats/token",
    standard_error="nats/token",
    val_tokens="tokens",
    bits_per_byte="bits/byte",
    bigram_loss="nats/token",
    bigram_margin="nats/token",
    margin_over_error="ratio",
    below_ln_vocabulary="nats/token",
)
def run_held_out_loss(checkpoint: Artifact, shards: Artifact, baseline: Artifact) -> Figures:
    """Mean loss over the first 131 072 held-out targets in windows of the declared context.

    `standard_error` is over windows. `bigram_margin` is how far the loss lies below that of the
    smoothed bigram model, and is not measured unless both scored the same tokens (by digest).
    `margin_over_error` is the margin over both standard errors taken together, which is
    cautious, since both models find the same tokens hard. `below_ln_vocabulary` is the distance
    to a model that knows nothing.

    Not measured: longer contexts than declared.

    Raises:
        DamagedArtifact: the checkpoint does not fit its configuration, its tokenizer is not the one that the
            shards were encoded with, or the shards or the baseline are damaged.
        UnusableInput: transformers cannot open the checkpoint, or nobody knows its family.
        StageFailed: the process of transformers crashed or did not end.
    """
    from specship.pipeline.inference.transformers_decoder import in_transformers
    from specship.pipeline.shards.token_reader import TokenReader
    from specship.pipeline.training.evaluation import scored

    model = in_transformers(checkpoint.path, device="auto", context=_LONGEST)
    length = model.context
    reader = TokenReader(
        shards.path, "heldout", length=length, seed=0, at_end="halt", tokenizer=checkpoint.path
    )
    windows_WT = reader.heldout_windows(length, _TOKENS)
    if model.shape.vocabulary < reader.vocab_size:  # it may have more rows: tables are padded
        raise DamagedArtifact(
            f"the shards have {reader.vocab_size} ids, and the checkpoint {model.shape.vocabulary} rows",
            at=checkpoint.path / "config.json",
        )
    found = scored(model, windows_WT)
    targets = windows_WT[:, 1:].ravel()
    text_bytes = reader.text_bytes(targets)
    figures: Figures = {
        "val_loss": found.loss,
        "standard_error": found.standard_error,
        "val_tokens": found.tokens,
        "bits_per_byte": found.loss * found.tokens / math.log(2) / text_bytes if text_bytes else None,
        "below_ln_vocabulary": math.log(reader.vocab_size) - found.loss,
    }
    return figures | _against_bigrams(baseline, targets, found.loss, found.standard_error)


def _against_bigrams(baseline: Artifact, targets: Any, loss: float, error: float) -> Figures:
    document = read_json(baseline.path / "bigram.json")
    if document.get("heldout_targets_sha256") != sha256_bytes(targets.astype("<u4").tobytes()):
        note = "the bigram model was scored on other tokens, so there is no margin to state"
        return {"bigram_loss": None, "bigram_margin": None, "margin_over_error": None, "notes": [note]}
    bigram = float(document["loss_nats_per_token"])
    together = math.hypot(error, float(document["loss_standard_error"]))
    return {
        "bigram_loss": bigram,
        "bigram_margin": bigram - loss,
        "margin_over_error": max(0.0, bigram - loss) / together if together > 0 else None,
        "notes": [f"bigram {bigram:.4g} from {document.get('train_tokens')} training tokens"],
    }
