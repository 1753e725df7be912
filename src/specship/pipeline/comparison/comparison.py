"""Two sides compared from their bytes to their text: tensors, stages, next-token laws, greedy text.

Both sides read the same token sequences: the texts, and the continuation that one side wrote. What
rounding explains is no departure (see `rounding`); what is left is, and the first stage where it
shows is named and examined.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
from specship.pipeline.comparison.sides import Ids, Side
from specship.pipeline.comparison.tensor_comparison import TensorComparison, compare_models
from specship.pipeline.inference.open_model import OpenModel

Report = Callable[[int, int, str], None]
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
    report: Report = lambda *_: None


@dataclass(slots=True, kw_only=True)
class ComparisonResult:
    """Everything that a comparison found."""

    a: Side
    b: Side
    vocabulary: int
    """Tokens that both sides name."""
    tensors: list[TensorComparison]
    sequences: list[Ids] = field(default_factory=list)
    stages: list[BlockRow] = field(default_factory=list)
    positions: list[Position] = field(default_factory=list)
    laws: DistributionFigures
    greedy: GreedyComparison
    departure: Divergence | None = None
    logit_allowed: float
    """By how much rounding can move one centred logit."""

    def first_departing_stage(self) -> str | None:
        """The earliest thing that differs by more than rounding explains; None when nothing does."""
        stage = next((row.stage for row in self.stages if row.departs), None)
        tensor = next((row.name for row in self.tensors if row.departs), None)
        deaf = not self.stages and self.laws.max_abs_logit > self.logit_allowed
        law = HEAD if self.laws.top1_departures or deaf else None
        return stage or tensor or law or ("greedy text" if self.greedy.departures else None)


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
    compare = _look_inside if a.has_stages and b.has_stages else _listen
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


def _look_inside(pair: _Pair, work: ComparisonTask) -> ComparisonResult:
    """Both sides have stages: they read what side a wrote, and each writes on its own."""
    a, b = pair.a, pair.b
    wrote_a, taps_a = _used(a, pair, work)
    sequences = _sequences(pair.prompts, wrote_a)
    work.report(1, 2, "sides")
    wrote_b, taps_b = _used(b, pair, work, sequences)
    work.report(2, 2, "sides")
    judged = compare_activations(pair.models, pair.tensors, (taps_a, taps_b), sequences, pair.vocabulary)
    slack = judged.allowance.logit
    laws = (_laws(taps_a, pair.vocabulary), _laws(taps_b, pair.vocabulary))
    positions = [
        compare_distributions(number, one, other, pair.vocabulary)
        for number, (of_a, of_b) in enumerate(zip(*laws, strict=True))
        for one, other in zip(of_a, of_b, strict=True)
    ]
    return ComparisonResult(
        a=a,
        b=b,
        vocabulary=pair.vocabulary,
        tensors=pair.tensors,
        sequences=sequences,
        stages=judged.rows,
        positions=positions,
        laws=summed(positions, slack=slack),
        greedy=compare_greedy(pair.prompts, (wrote_a, wrote_b), laws, slack=slack),
        departure=judged.departure(sequences),
        logit_allowed=slack,
    )


def _used(
    side: Side, pair: _Pair, work: ComparisonTask, sequences: Sequence[Ids] = ()
) -> tuple[list[Ids], list[Activations]]:
    """What a side writes, and every stage as it reads sequences (or else what it wrote itself).

    Its weights are in memory only in here: two models at a time may be more than there is room for.
    """
    size = max(map(len, pair.prompts)) + work.steps
    reader, barred = side.load(size, work.device), barred_ids(pair.a, pair.b)
    wrote = [reader.greedy(prompt, work.steps, barred) for prompt in pair.prompts]
    read = sequences or _sequences(pair.prompts, wrote)
    return wrote, [trimmed(reader.taps(ids), pair.vocabulary) for ids in read]


def _sequences(prompts: Sequence[Ids], wrote: Sequence[Ids]) -> list[Ids]:
    """Prompts with their continuations; the last token is only predicted, never read."""
    return [(*prompt, *ids[:-1]) for prompt, ids in zip(prompts, wrote, strict=True)]


def _laws(taps: Sequence[Activations], vocabulary: int) -> list[list[NextTokenDistribution]]:
    return [distributions_of(one[HEAD].values_TX, vocabulary) for one in taps]


def _listen(pair: _Pair, work: ComparisonTask) -> ComparisonResult:
    """llama.cpp is a side: it writes with its probabilities, and the other side reads what it wrote."""
    telling = [side for side in (pair.a, pair.b) if not side.has_stages]
    told = [
        llamacpp_logprobs(side, pair.prompts, work.steps, pair.vocabulary, work.threads) for side in telling
    ]
    work.report(1, 2, "sides")
    sequences = _sequences(pair.prompts, told[0].wrote)
    other = next((side for side in (pair.a, pair.b) if side.has_stages), pair.a)
    wrote, taps = _used(other, pair, work, sequences)
    work.report(2, 2, "sides")
    rehearsals = [
        Rehearsal(model=other.model, exact=taps, types=types_of(side.model), activations=True)
        for side in telling
    ]
    moves = [one.moves(one.taps(sequences, pair.vocabulary)) for one in rehearsals if not one.changes_nothing]
    slack = allowance_of(other.model.shape, taps, moves).logit
    heard = LlamaCppLogprobs(wrote, _laws(taps, pair.vocabulary))
    if len(told) == 2:
        of_a, of_b = told[0].while_equal(told[1], pair.prompts), told[1]
    else:
        of_a, of_b = (heard, told[0]) if pair.a.has_stages else (told[0], heard)
    positions = [
        compare_distributions(number, one, other_law, pair.vocabulary)
        for number, (laws_a, laws_b) in enumerate(zip(of_a.laws, of_b.laws, strict=True))
        for one, other_law in same_positions(laws_a, laws_b)
    ]
    wrote_both, laws_both = (of_a.wrote, of_b.wrote), (of_a.laws, of_b.laws)
    return ComparisonResult(
        a=pair.a,
        b=pair.b,
        vocabulary=pair.vocabulary,
        tensors=pair.tensors,
        sequences=sequences,
        positions=positions,
        laws=summed(positions, slack=slack),
        greedy=compare_greedy(pair.prompts, wrote_both, laws_both, slack=slack, barring=True),
        logit_allowed=slack,
    )
