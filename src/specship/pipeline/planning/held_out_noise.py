"""How noisy the held-out loss is going to be, from the held-out tokens, before anything is trained."""
# ruff: noqa: N806 - a suffix names the axes: W windows, T targets of a window, N tokens

from __future__ import annotations

from pathlib import Path
from typing import Final

from specship.pipeline.planning.budget import HeldOutNoise
from specship.pipeline.shards.bigrams import count_pairs, token_losses
from specship.pipeline.shards.token_reader import TokenReader

_COUNTED: Final = 8_000_000
"""Training tokens that the pairs are counted in; more change the spread of losses little."""
_DISCOUNT: Final = 0.75


def held_out_noise(shards: Path, *, length: int, tokens: int) -> HeldOutNoise:
    """Standard error of a held-out evaluation, as a bigram model of the training tokens has it.

    The windows are those that training scores. What a window costs a model depends on how hard its
    text is, and a smoothed bigram model finds the same text hard: on the standard library of Python
    its standard error was 0.026 nats a token where a trained model had 0.021 to 0.026. The error
    falls with the root of the number of windows.

    Raises:
        UnusableInput: a split is too short for a window.
        DamagedArtifact: the shards disagree with their manifest.
    """
    import numpy as np

    train = TokenReader(shards, "train", length=length, seed=0, at_end="halt", tokenizer=None)
    held_out = TokenReader(shards, "heldout", length=length, seed=0, at_end="halt", tokenizer=None)
    windows_WT = held_out.heldout_windows(length, tokens)
    counts = count_pairs(train.first_tokens(min(train.tokens, _COUNTED)), train.vocab_size)
    pairs_N2 = np.stack([windows_WT[:, :-1].ravel(), windows_WT[:, 1:].ravel()], axis=1)
    means_W = token_losses(counts, pairs_N2, _DISCOUNT, "continuation").reshape(-1, length).mean(axis=1)
    count = len(means_W)
    spread = float(means_W.std(ddof=1)) if count > 1 else float("inf")
    return HeldOutNoise(tokens=count * length, sequences=count, standard_error=spread / count**0.5)
