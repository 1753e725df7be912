"""What two sides must share before a figure means anything: sizes, vocabulary, and the same tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from specship.errors import UnusableInput
from specship.pipeline.comparison.llamacpp_logprobs import first_difference
from specship.pipeline.comparison.sides import ComparedSide, Ids

_SIZES: Final = ("hidden", "intermediate", "layers", "heads", "kv_heads", "head_dim")
_MEND: Final = "compare two copies of one model"


def one_vocabulary(a: ComparedSide, b: ComparedSide) -> int:
    """How many tokens both sides name: vocabularies may differ in rows that no token uses, and sizes not.

    Raises:
        UnusableInput: they differ in more.
    """
    shape_a, shape_b = a.model.shape, b.model.shape
    for what in _SIZES:
        of_a, of_b = (getattr(shape, what, None) for shape in (shape_a, shape_b))
        if None not in {of_a, of_b} and of_a != of_b:
            raise UnusableInput(
                f"{what} is {of_a} in {a.name} and {of_b} in {b.name}",
                why="models of different sizes have no block in common that could be compared",
                mend=_MEND,
            )
    shared = min(shape_a.vocabulary, shape_b.vocabulary)
    if shape_a.vocabulary == shape_b.vocabulary:
        return shared
    for side in (a, b):
        ids = side.model.tokenizer().get_vocab(with_added_tokens=True).values()
        if max(ids, default=0) >= shared:
            raise UnusableInput(
                f"the vocabularies have {shape_a.vocabulary} and {shape_b.vocabulary} rows, and a token of "
                f"{side.name} has the id {max(ids)}",
                why="distributions over other tokens are not compared; only rows without a token may differ",
                mend=_MEND,
            )
    return shared


def one_tokenization(a: ComparedSide, b: ComparedSide, texts: Sequence[str]) -> list[Ids]:
    """Token ids of the texts, in which both sides agree.

    Raises:
        UnusableInput: they do not, or a text has no token.
    """
    cut = a.cut(texts)
    for text, of_a, of_b in zip(texts, cut, b.cut(texts), strict=True):
        if (at := first_difference(of_a, of_b)) is not None:
            raise UnusableInput(
                f"the sides cut {text[:40]!r} into other tokens: from token {at} on "
                f"{list(of_a[at : at + 4])} and {list(of_b[at : at + 4])}",
                why="figures over different tokens are not compared",
                mend="give both the same tokenizer, or texts that both cut alike (--prompt)",
            )
        if not of_a:
            raise UnusableInput(f"{text[:40]!r} has no token", mend="give a text that has some")
    return cut


def barred_ids(*sides: ComparedSide) -> Ids:
    """End tokens of any side: both write on without them, so that every step is compared."""
    return tuple(sorted({token for side in sides for token in side.model.shape.eos_ids}))
