"""Two sides compared of which our decoder does not compute one: tensors, next tokens and greedy text.

How far sound copies may be apart is rehearsed here as well, in a coarser way: one side is computed once more
with noise on every matrix, as large as rounding to the coarsest type of either side, and as what llama.cpp
rounds while it computes. Axes: T tokens, V vocabulary.
"""
# ruff: noqa: N803, N806 - a tensor's name carries its axes

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
from torch import Tensor

from specship.errors import UnusableInput
from specship.pipeline.checkpoint.folder import StoredFolder
from specship.pipeline.comparison.comparison import ComparisonResult, ComparisonTask, continued
from specship.pipeline.comparison.greedy_comparison import compare_greedy
from specship.pipeline.comparison.next_token_distributions import (
    NextTokenDistribution,
    compare_distributions,
    distributions_of,
    summed,
)
from specship.pipeline.comparison.quantization_noise import (
    EXACT,
    SLACK,
    activation_error,
    float32_tolerance,
    rounding_error,
)
from specship.pipeline.comparison.shared_vocabulary import barred_ids, one_tokenization, one_vocabulary
from specship.pipeline.comparison.sides import Ids, OtherSide, the_one_to_disturb
from specship.pipeline.comparison.tensor_comparison import (
    TensorComparison,
    compare_models,
    difference,
    incomparable,
)
from specship.pipeline.export.converted_tensors import COMPUTED, AlignedTensor, aligned_tensors
from specship.pipeline.gguf.model import GgufModel
from specship.pipeline.inference.llamacpp_decoder import OtherGguf

_GELU: Final = 2.0**-11
"""llama.cpp looks GELU up in a table of halves, whatever the weights are stored as."""


def compare_without_blocks(a: OtherSide, b: OtherSide, work: ComparisonTask) -> ComparisonResult:
    """Tensors, distributions and greedy text of two sides, whoever computes them.

    Raises:
        UnusableInput: a side cannot be used, or the two are not of one shape, vocabulary or tokenizer.
        StageFailed: transformers or llama.cpp crashed or did not end.
        RequirementMissing: the device, or who computes a side, is not here.
    """
    if not work.texts or work.steps < 1:
        raise UnusableInput("give at least one text and one step", why="nothing compared is not agreement")
    if a.kind == b.kind and a.model.path.resolve() == b.model.path.resolve():
        raise UnusableInput(
            f"both sides are {a.model.path}, computed by {a.model.engine}",
            why="two runs of one program agree even where it is wrong",
            mend="give another copy of the model: its GGUF, or its checkpoint",
        )
    vocabulary = one_vocabulary(a, b)
    prompts = one_tokenization(a, b, work.texts)
    tensors = list(_tensors(a, b, work))
    relative = _rounding(a, b, tensors)
    chosen = the_one_to_disturb(a, b) if relative else None
    barred, size = barred_ids(a, b), max(map(len, prompts)) + work.steps
    task = _Comparer(prompts, work, barred, size, vocabulary)
    read_a = task.of(a, None, relative if a is chosen else 0.0)
    work.report(1, 2, "sides")
    read_b = task.of(b, read_a.sequences, relative if b is chosen else 0.0)
    work.report(2, 2, "sides")
    floor = float32_tolerance(a.model.shape) * max(_largest(one) for one in read_a.logits)
    slack = max(floor, SLACK * max(read_a.moved, read_b.moved))
    distributions = read_a.distributions(vocabulary), read_b.distributions(vocabulary)
    positions = [
        compare_distributions(number, one, other, vocabulary)
        for number, (of_a, of_b) in enumerate(zip(*distributions, strict=True))
        for one, other in zip(of_a, of_b, strict=True)
    ]
    return ComparisonResult(
        a=a,
        b=b,
        vocabulary=vocabulary,
        tensors=tensors,
        sequences=read_a.sequences,
        positions=positions,
        distributions=summed(positions, slack=slack),
        greedy=compare_greedy(prompts, (read_a.wrote, read_b.wrote), distributions, slack=slack),
        logit_allowed=slack,
    )


@dataclass(frozen=True, slots=True)
class _WhatWasRead:
    """What a side wrote, and its logits over what both read."""

    wrote: list[Ids]
    sequences: list[Ids]
    logits: list[Tensor]
    moved: float
    """By how much noise moved one centred logit; 0 where none was tried."""

    def distributions(self, vocabulary: int) -> list[list[NextTokenDistribution]]:
        return [distributions_of(logits_TV, vocabulary) for logits_TV in self.logits]


@dataclass(frozen=True, slots=True)
class _Comparer:
    prompts: list[Ids]
    work: ComparisonTask
    barred: Ids
    size: int
    vocabulary: int

    def of(self, side: OtherSide, sequences: Sequence[Ids] | None, relative: float) -> _WhatWasRead:
        """One side in memory: what it writes, what it says of the sequences, and with noise once more."""
        decoder = side.load(self.size, self.work.device)
        wrote = [
            decoder.generate(prompt, self.work.steps, banned_ids=self.barred).token_ids
            for prompt in self.prompts
        ]
        read = list(sequences or continued(self.prompts, wrote))
        logits = [decoder.logits(ids)[:, : self.vocabulary].float().cpu() for ids in read]
        moved = 0.0
        if relative:
            with tempfile.TemporaryDirectory(prefix="specship-compare-") as scratch:
                noisy = side.disturbed(decoder, relative, Path(scratch))
                moved = max(
                    _largest(noisy.logits(ids)[:, : self.vocabulary].float().cpu(), told)
                    for ids, told in zip(read, logits, strict=True)
                )
        return _WhatWasRead(wrote, read, logits, moved)


def _largest(logits_TV: Tensor, others_TV: Tensor | None = None) -> float:
    """The largest logit, or difference of two, each position centred over the tokens that are told."""
    apart_TV = logits_TV if others_TV is None else logits_TV - others_TV
    told_TV = apart_TV.where(apart_TV.isfinite(), torch.nan)
    return float((told_TV - told_TV.nanmean(-1, keepdim=True)).abs().nan_to_num(0.0).max())


def _rounding(a: OtherSide, b: OtherSide, tensors: Sequence[TensorComparison]) -> float:
    """Relative size of the noise that stands for all rounding between two sides; 0 where there is none."""
    types = a.types | b.types
    widened = all(one.equal for one in tensors) and {"F32"} in (a.types, b.types)
    exact = types <= EXACT and (a.types == b.types or widened)
    weights = 0.0 if exact else max(map(rounding_error, types), default=0.0)
    while_computing = [
        max(_GELU, *map(activation_error, side.types)) for side in (a, b) if side.kind == "llama.cpp"
    ]
    return math.hypot(weights, max(while_computing, default=0.0))


def _tensors(a: OtherSide, b: OtherSide, work: ComparisonTask) -> Iterator[TensorComparison]:
    """Every tensor that either side has.

    Raises:
        UnusableInput: the two are of other families or architectures, or the `gguf` package has no names.
    """
    folders = [side for side in (a, b) if isinstance(side.model, StoredFolder)]
    if len(folders) != 1:
        family_a, family_b = a.model.shape.family, b.model.shape.family
        if family_a != family_b:
            raise UnusableInput(
                f"{a.name} is a {family_a}, {b.name} a {family_b}",
                why="tensors of other names and meanings are not compared",
                mend="compare two copies of one model",
            )
        yield from compare_models(a.model, b.model, lambda done, of: work.report(done, of, "tensors"))
        return
    folder, file = (a, b) if folders[0] is a else (b, a)
    assert isinstance(folder.model, StoredFolder)  # noqa: S101 - told above
    assert isinstance(file.model, OtherGguf | GgufModel)  # noqa: S101 - what is no folder is a file
    found = 0
    for one in aligned_tensors(folder.model, file.model.file):
        if one.relation == COMPUTED:
            continue
        found += 1
        yield _aligned(one, folder, file)
    if not found:
        raise UnusableInput("no tensor was compared", why="nothing compared is not agreement")


def _aligned(one: AlignedTensor, folder: OtherSide, file: OtherSide) -> TensorComparison:
    assert isinstance(folder.model, StoredFolder)  # noqa: S101 - see `_tensors`
    assert isinstance(file.model, OtherGguf | GgufModel)  # noqa: S101
    if one.original is None or one.copy is None:
        return incomparable(one.name, f"{one.relation}: {', '.join(one.sources[:1])}")
    types = folder.model.tensors[one.sources[0]].dtype, file.model.file.tensors[one.name].dtype
    return difference(one.name, one.original, one.copy, types)
