"""Two sides compared from their bytes to their text: tensors, blocks, next-token distributions, greedy text.

Both sides read the same token sequences: the texts, and the continuation that one side wrote. What
rounding explains is no divergence (see `quantization_noise`); what is left is, and the first block where
it shows is named and examined.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from specship.errors import UnusableInput
from specship.pipeline.comparison.activation_comparison import BlockRow, allowance_of, compare_activations
from specship.pipeline.comparison.activations import HEAD, Activations, trimmed
from specship.pipeline.comparison.divergence import Divergence
from specship.pipeline.comparison.greedy_comparison import GreedyComparison, compare_greedy
from specship.pipeline.comparison.llamacpp_logprobs import LlamaCppLogprobs, llamacpp_logprobs, same_positions
from specship.pipeline.comparison.next_token_distributions import (
    DistributionFigures,
    NextTokenDistribution,
    Position,
    compare_distributions,
    distributions_of,
    summed,
)
from specship.pipeline.comparison.quantization_noise import Rehearsal, types_of
from specship.pipeline.comparison.shared_vocabulary import barred_ids, one_tokenization, one_vocabulary
from specship.pipeline.comparison.sides import ComparedSide, Ids, Side
from specship.pipeline.comparison.tensor_comparison import TensorComparison, compare_models
from specship.pipeline.inference.open_model import OpenModel
from specship.pipeline.progress import Progress

DEFAULT_STEPS: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonTask:
    """What both sides are given."""

    texts: tuple[str, ...]
    steps: int = DEFAULT_STEPS
    """Greedy steps after each text; the first one alone proves nothing."""
    device: str = "cpu"
    threads: int = 1
    """Of llama.cpp."""
    report: Progress = lambda *_: None


@dataclass(slots=True, kw_only=True)
class ComparisonResult:
    """Everything that a comparison found."""

    a: ComparedSide
    b: ComparedSide
    vocabulary: int
    """Tokens that both sides name."""
    tensors: list[TensorComparison]
    sequences: list[Ids] = field(default_factory=list)
    blocks: list[BlockRow] = field(default_factory=list)
    positions: list[Position] = field(default_factory=list)
    distributions: DistributionFigures
    greedy: GreedyComparison
    divergence: Divergence | None = None
    logit_allowed: float
    """By how much rounding can move one centred logit."""

    def first_diverging_block(self) -> str | None:
        """The earliest thing that differs by more than rounding explains; None when nothing does."""
        block = next((row.block for row in self.blocks if row.diverges), None)
        tensor = next((row.name for row in self.tensors if row.diverges), None)
        logits = not self.blocks and self.distributions.max_abs_logit > self.logit_allowed
        head = HEAD if self.distributions.top1_divergences or logits else None
        return block or tensor or head or ("greedy text" if self.greedy.divergences else None)


def compare_sides(a: Side, b: Side, work: ComparisonTask, *, tensors: bool = True) -> ComparisonResult:
    """Compare two sides, of which any may be llama.cpp; without tensors where they are one file's.

    Raises:
        UnusableInput: a side cannot be used, or the two are not of one shape, vocabulary or tokenizer.
        StageFailed: llama.cpp crashed or did not end.
        RequirementMissing: the device is not here.
    """
    if not work.texts or work.steps < 1:
        raise UnusableInput("give at least one text and one step", why="nothing compared is not agreement")
    vocabulary = one_vocabulary(a, b)
    prompts = one_tokenization(a, b, work.texts)
    compared = (
        compare_models(a.model, b.model, lambda done, of: work.report(done, of, "tensors")) if tensors else []
    )
    compare = _compare_blocks if a.has_blocks and b.has_blocks else _compare_logprobs
    return compare(_Pair(a, b, vocabulary, prompts, compared), work)


@dataclass(frozen=True, slots=True)
class _Pair:
    a: Side
    b: Side
    vocabulary: int
    prompts: list[Ids]
    tensors: list[TensorComparison]

    @property
    def models(self) -> tuple[OpenModel, OpenModel]:
        return self.a.model, self.b.model


def _compare_blocks(pair: _Pair, work: ComparisonTask) -> ComparisonResult:
    """Both sides give every block: they read what side a wrote, and each writes on its own."""
    a, b = pair.a, pair.b
    wrote_a, activations_a = _run(a, pair, work)
    sequences = continued(pair.prompts, wrote_a)
    work.report(1, 2, "sides")
    wrote_b, activations_b = _run(b, pair, work, sequences)
    work.report(2, 2, "sides")
    activations = (activations_a, activations_b)
    found = compare_activations(pair.models, pair.tensors, activations, sequences, pair.vocabulary)
    slack = found.allowance.logit
    distributions = (
        _distributions(activations_a, pair.vocabulary),
        _distributions(activations_b, pair.vocabulary),
    )
    positions = [
        compare_distributions(number, one, other, pair.vocabulary)
        for number, (of_a, of_b) in enumerate(zip(*distributions, strict=True))
        for one, other in zip(of_a, of_b, strict=True)
    ]
    return ComparisonResult(
        a=a,
        b=b,
        vocabulary=pair.vocabulary,
        tensors=pair.tensors,
        sequences=sequences,
        blocks=found.rows,
        positions=positions,
        distributions=summed(positions, slack=slack),
        greedy=compare_greedy(pair.prompts, (wrote_a, wrote_b), distributions, slack=slack),
        divergence=found.divergence(sequences),
        logit_allowed=slack,
    )


def _run(
    side: Side, pair: _Pair, work: ComparisonTask, sequences: Sequence[Ids] = ()
) -> tuple[list[Ids], list[Activations]]:
    """What a side writes, and every block as it reads sequences (or else what it wrote itself).

    Its weights are in memory only in here: two models at a time may be more than there is room for.
    """
    size = max(map(len, pair.prompts)) + work.steps
    reader, barred = side.load(size, work.device), barred_ids(pair.a, pair.b)
    wrote = [reader.greedy(prompt, work.steps, barred) for prompt in pair.prompts]
    read = sequences or continued(pair.prompts, wrote)
    return wrote, [trimmed(reader.activations(ids), pair.vocabulary) for ids in read]


def continued(prompts: Sequence[Ids], wrote: Sequence[Ids]) -> list[Ids]:
    """Prompts with their continuations; the last token is only predicted, never read."""
    return [(*prompt, *ids[:-1]) for prompt, ids in zip(prompts, wrote, strict=True)]


def _distributions(activations: Sequence[Activations], vocabulary: int) -> list[list[NextTokenDistribution]]:
    return [distributions_of(one[HEAD].values_TX, vocabulary) for one in activations]


def _compare_logprobs(pair: _Pair, work: ComparisonTask) -> ComparisonResult:
    """llama.cpp is a side: it writes with its probabilities, and the other side reads what it wrote."""
    runners = [side for side in (pair.a, pair.b) if not side.has_blocks]
    logprobs = [
        llamacpp_logprobs(side, pair.prompts, work.steps, pair.vocabulary, work.threads) for side in runners
    ]
    work.report(1, 2, "sides")
    sequences = continued(pair.prompts, logprobs[0].wrote)
    other = next((side for side in (pair.a, pair.b) if side.has_blocks), pair.a)
    wrote, activations = _run(other, pair, work, sequences)
    work.report(2, 2, "sides")
    rehearsals = [
        Rehearsal(model=other.model, exact=activations, types=types_of(side.model), rounds_activations=True)
        for side in runners
    ]
    needed = [one for one in rehearsals if not one.changes_nothing]
    moves = [one.moves(one.activations(sequences, pair.vocabulary)) for one in needed]
    slack = allowance_of(other.model.shape, activations, moves).logit
    ours = LlamaCppLogprobs(wrote, _distributions(activations, pair.vocabulary))
    if len(logprobs) == 2:
        of_a, of_b = logprobs[0].while_equal(logprobs[1], pair.prompts), logprobs[1]
    else:
        of_a, of_b = (ours, logprobs[0]) if pair.a.has_blocks else (logprobs[0], ours)
    positions = [
        compare_distributions(number, in_a, in_b, pair.vocabulary)
        for number, both in enumerate(zip(of_a.distributions, of_b.distributions, strict=True))
        for in_a, in_b in same_positions(*both)
    ]
    wrote_both, distributions = (of_a.wrote, of_b.wrote), (of_a.distributions, of_b.distributions)
    return ComparisonResult(
        a=pair.a,
        b=pair.b,
        vocabulary=pair.vocabulary,
        tensors=pair.tensors,
        sequences=sequences,
        positions=positions,
        distributions=summed(positions, slack=slack),
        greedy=compare_greedy(pair.prompts, wrote_both, distributions, slack=slack, barring=True),
        logit_allowed=slack,
    )
