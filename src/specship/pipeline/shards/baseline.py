"""Baseline: what a smoothed bigram model of the same tokens loses on the same held-out tokens.

A network that does not beat it has learned nothing beyond neighbouring tokens. The model sees
no more training tokens than the profile grants the network, and scores the held-out tokens
that evaluation scores: all targets of the first windows of the split.
"""
# ruff: noqa: N803, N806 - a suffix names the axes: N tokens

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import Field

from specship.digests import sha256_bytes, sha256_file
from specship.errors import UnusableInput
from specship.files import write_json
from specship.pipeline.shards.bigrams import choose, count_pairs, token_losses, unigram_loss
from specship.pipeline.shards.manifest import MANIFEST, Split
from specship.pipeline.shards.token_reader import TokenReader
from specship.pipeline.stage import Settings, Work

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Tokens = NDArray[np.int64]

_SLICE_SHARE: Final = 10
_SLICE_TOKENS: Final = 200_000
_FEWEST_TOKENS: Final = 100


class BaselineSettings(Settings):
    """Which tokens the bigram model may see and which it is scored on."""

    train_tokens: Annotated[int, Field(ge=_FEWEST_TOKENS)] | None = None
    """The first tokens of the training split; null for all of them."""
    heldout_tokens: Annotated[int, Field(ge=1)] | None = 131_072
    """Targets scored, from the second token of the held-out split on; null for all."""


def score_bigrams(work: Work) -> None:
    """Fit on training tokens, score held-out tokens, write `bigram.json`.

    Raises:
        DamagedArtifact: the shards disagree with their manifest.
        UnusableInput: there are too few tokens.
    """
    import numpy as np

    settings: BaselineSettings = work.settings["baseline"]
    folder = work.inputs["shards"]
    train_N, reader = _tokens(folder, "train", settings.train_tokens)
    limit = None if settings.heldout_tokens is None else settings.heldout_tokens + 1
    heldout_N, heldout = _tokens(folder, "heldout", limit)
    if len(train_N) < _FEWEST_TOKENS:
        raise UnusableInput(
            f"{len(train_N)} training tokens are too few for a bigram model",
            at=folder,
            mend="bring more text",
        )
    choice = choose(train_N, reader.vocab_size, min(_SLICE_TOKENS, len(train_N) // _SLICE_SHARE))
    counts = count_pairs(train_N, reader.vocab_size)
    pairs_N2 = np.stack([heldout_N[:-1], heldout_N[1:]], axis=1)
    losses_N = token_losses(counts, pairs_N2, choice.discount, choice.lower)
    loss = float(losses_N.mean())
    text_bytes = heldout.text_bytes(heldout_N[1:])
    write_json(
        work.output / "bigram.json",
        {
            "format": "specship-bigram/1",
            "smoothing": "interpolated Kneser-Ney",
            "loss_nats_per_token": loss,
            "loss_standard_error": float(losses_N.std(ddof=1) / math.sqrt(len(losses_N)))
            if len(losses_N) > 1
            else None,
            "bits_per_byte": loss * len(losses_N) / math.log(2) / text_bytes if text_bytes else None,
            "unigram_loss_nats_per_token": unigram_loss(counts, heldout_N[1:]),
            "uniform_loss_nats_per_token": math.log(reader.vocab_size),
            "discount": choice.discount,
            "lower_order": choice.lower,
            "slice_loss_nats_per_token": choice.slice_loss,
            "train_tokens": len(train_N),
            "heldout_tokens": len(losses_N),
            "heldout_text_bytes": text_bytes,
            "vocab_size": reader.vocab_size,
            "heldout_targets_sha256": targets_sha256(heldout_N[1:]),
            "shards_manifest_sha256": sha256_file(folder / MANIFEST),
        },
    )


def targets_sha256(targets_N: NDArray[Any]) -> str:
    """Digest of scored tokens as little-endian uint32: equal digests were scored on equal tokens."""
    return sha256_bytes(targets_N.astype("<u4").tobytes())


def _tokens(folder: Any, split: Split, limit: int | None) -> tuple[Tokens, TokenReader]:
    """The first tokens of a split, at most `limit`."""
    reader = TokenReader(folder, split, length=1, seed=0, at_end="halt", tokenizer=None)
    return reader.first_tokens(reader.tokens if limit is None else min(limit, reader.tokens)), reader
