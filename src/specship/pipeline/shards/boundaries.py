"""Where documents end inside a window of tokens, and what follows from it for training.

Windows are cut from one long sequence, each document ended by the separator and nothing padded, so that
no token is lost. A window holds pieces of several documents therefore. Whether a token sees the documents
before its own, whether positions count from the beginning of its document, and whether the first token of a
document, which nothing announces, is learned, are settings.

Axes: B sequences, T length of a window's inputs; windows hold T + 1 tokens.
"""
# ruff: noqa: N803, N806 - a suffix names the axes

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    Tokens = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Boundaries:
    """What a run makes of the ends of documents."""

    apart: bool
    """Whether a document sees itself alone, and positions begin anew with it."""
    after_separator: bool
    """Whether the token behind a separator is learned."""

    @property
    def matter(self) -> bool:
        """Whether anything is done about them."""
        return self.apart or not self.after_separator


IGNORED = Boundaries(apart=False, after_separator=True)


def documents_of(tokens_BT: Tokens, separator_id: int) -> NDArray[np.int32]:
    """The number of each token's document in its window, from 0; a separator belongs to what it ends."""
    import numpy as np

    ends_BT = tokens_BT == separator_id
    documents_BT: NDArray[np.int32] = (np.cumsum(ends_BT, axis=-1) - ends_BT).astype(np.int32)
    return documents_BT


def pieces_of(tokens_T: Sequence[int], separator_id: int) -> list[list[int]]:
    """A window's documents, each with the token that is to be told behind its last one.

    Their losses, one piece after another, are those of the window's T targets when documents are apart.
    """
    ids = [int(token) for token in tokens_T]
    inputs = len(ids) - 1
    ends = [at for at in range(inputs) if ids[at] == separator_id or at == inputs - 1]
    starts = [0, *(end + 1 for end in ends[:-1])]
    return [ids[start : end + 2] for start, end in zip(starts, ends, strict=True)]


def learned_of(tokens_BT: Tokens, separator_id: int) -> NDArray[np.bool_]:
    """Whether the target of each of the T inputs is learned: not behind a separator."""
    learned_BT: NDArray[np.bool_] = tokens_BT[..., :-1] != separator_id
    return learned_BT
