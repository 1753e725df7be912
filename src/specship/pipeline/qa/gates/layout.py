"""Gate 7: no matrix is transposed and no rows are permuted, also where the shapes would not tell.

Each hypothesis (`hypotheses`) about each layer is tried out: undo what may have happened, and read the
plain text again. On a sound trained model undoing makes the text less likely; where it makes it likelier,
that is what happened. One layer at a time finds a single damaged matrix; all layers at once find a
convention that was mistaken everywhere, and show that the model can tell the two layouts apart at all.
A model that cannot tell (untrained, or too little) fails, with that as the reason.

Axes: T tokens.
"""
# ruff: noqa: N806 - a tensor's name carries its axes

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from specship.pipeline.inference.substituted_model import SubstitutedModel
from specship.pipeline.model.decoder_shape import elements, expected_tensors
from specship.pipeline.qa.gate import QualityGate
from specship.pipeline.qa.gguf_layouts import gguf_trials
from specship.pipeline.qa.hypotheses import HYPOTHESES, Arrays, Hypothesis, undone
from specship.pipeline.qa.likelihood import Trial, counting_nats, difference, surprise
from specship.pipeline.qa.other_layouts import FEWEST_TOKENS, WORK, first_tokens, other_trials
from specship.pipeline.qa.records import GateFindings, GateLimits, findings, limit
from specship.pipeline.qa.subject import Subject

if TYPE_CHECKING:
    from specship.pipeline.inference.open_model import OpenModel

_TOLD: Final = 3.0
"""Standard errors by which a text must get less likely before a model is said to tell."""
_UNITS: Final = {
    "hypotheses": "hypotheses",
    "tokens": "tokens",
    "likelier_undone": "hypotheses",
    "kinds": "kinds",
    "kinds_not_told": "kinds",
    "told": "hypotheses",
    "loss": "nats/token",
    "counting": "nats/token",
    "least_difference": "nats/token",
}


class _Bench:
    """The text as it enters each layer, so that a layer can be tried without running those before it."""

    def __init__(self, subject: Subject) -> None:
        self.model, self.decoder, self.pieces = subject.model, subject.layered, _affordable(subject)
        self._entering = [self.decoder.entering(piece) for piece in self.pieces]
        self.base_T = self.decoder.losses(self.pieces)

    def layer(self, index: int) -> Arrays:
        """Every tensor of a layer by its name inside it."""
        prefix = f"model.layers.{index}."
        names = [name for name in self.model.tensors if name.startswith(prefix)]
        return {name.removeprefix(prefix): self.model.array(name) for name in names}

    def undone(self, hypothesis: Hypothesis, index: int, layer: Arrays) -> OpenModel | None:
        """The model with one layer as it was before; None where the hypothesis changes nothing there."""
        changed = undone(hypothesis, layer, self.model.shape)
        arrays = {f"model.layers.{index}.{name}": array for name, array in changed.items()}
        return SubstitutedModel.of(self.model, arrays) if arrays else None

    def trial(self, hypothesis: Hypothesis, layers: str, others: Mapping[int, OpenModel]) -> Trial:
        """Read the text with some layers replaced."""
        start = min(others)
        entered = [entering[start] for entering in self._entering]
        losses_T = self.decoder.losses(self.pieces, start=start, entered=entered, others=others)
        return Trial(hypothesis.name, layers, difference(losses_T, self.base_T))


def _affordable(subject: Subject) -> list[list[int]]:
    """As much of the text as the work allows: every trial runs all layers from its own on.

    A deep model on a processor reads less of it; then a single layer that matters little is not told.
    """
    shape = subject.decoder_shape
    embeddings = shape.vocabulary * shape.hidden * (1 if shape.tied else 2)
    weights = elements(expected_tensors(shape)) - embeddings
    trials = len(HYPOTHESES) * (shape.layers + 3) / 2
    tokens = max(FEWEST_TOKENS, int(WORK[subject.decoder.device.type] / (2 * weights * trials)))
    return first_tokens(subject.pieces, tokens)


class _AllLayers(Mapping[int, "OpenModel"]):
    """One hypothesis undone in all layers that it changes; each is made when the decoder gets there."""

    def __init__(self, bench: _Bench, hypothesis: Hypothesis, layers: list[int]) -> None:
        self._bench, self._hypothesis, self._layers = bench, hypothesis, layers

    def __getitem__(self, index: int) -> OpenModel:
        if index not in self._layers:
            raise KeyError(index)
        made = self._bench.undone(self._hypothesis, index, self._bench.layer(index))
        return made or self._bench.model

    def __iter__(self) -> Iterator[int]:
        return iter(self._layers)

    def __len__(self) -> int:
        return len(self._layers)


def _trials(subject: Subject, bench: _Bench) -> tuple[list[Trial], list[Trial]]:
    """Every hypothesis in each layer, and in all layers at once."""
    count = bench.model.shape.layers
    single, changed = list[Trial](), {hypothesis: list[int]() for hypothesis in HYPOTHESES}
    for index in range(count):
        subject.report(index, count + 1, "layers")
        layer = bench.layer(index)
        for hypothesis in HYPOTHESES:
            if (other := bench.undone(hypothesis, index, layer)) is not None:
                changed[hypothesis].append(index)
                single.append(bench.trial(hypothesis, f"layer {index}", {index: other}))
    joint = [
        bench.trial(hypothesis, "all layers", _AllLayers(bench, hypothesis, layers))
        for hypothesis, layers in changed.items()
        if layers
    ]
    return single, joint


def _measure(subject: Subject) -> GateFindings:
    if subject.is_other:
        pieces, base_T, single, joint = other_trials(subject)
    elif subject.is_other_gguf:
        pieces, base_T, single, joint = gguf_trials(subject)
    else:
        bench = _Bench(subject)
        pieces, base_T = bench.pieces, bench.base_T
        single, joint = _trials(subject, bench)
    loss, counting = float(base_T.mean()), counting_nats(pieces)
    trials = [*single, *joint]
    likelier = sorted(
        (trial for trial in trials if trial.difference.errors < -surprise(len(trials))),
        key=lambda trial: trial.difference.mean,
    )
    untold = [trial for trial in joint if trial.difference.errors < _TOLD]
    figures: dict[str, Any] = {
        "hypotheses": len(trials),
        "tokens": len(base_T),
        "likelier_undone": len(likelier),
        "kinds": len(joint),
        "kinds_not_told": len(untold),
        "told": sum(trial.difference.errors >= _TOLD for trial in trials),
        "loss": loss,
        "counting": counting,
        "least_difference": min((trial.difference.mean for trial in trials), default=None),
    }
    notes = _notes(loss, counting, likelier, untold)
    return findings(_UNITS, figures, checked="hypotheses", notes=notes)


def _notes(loss: float, counting: float, likelier: list[Trial], untold: list[Trial]) -> tuple[str, ...]:
    """What was found, the surest first; a model that knows nothing accuses nobody."""
    convicted = [trial for trial in likelier if loss + trial.difference.mean < counting]
    if convicted:
        return tuple(map(str, convicted))
    if likelier or untold:
        reason = (
            f"cannot tell: the text takes {loss:.3f} nats/token, counting its tokens {counting:.3f}"
            if loss >= counting
            else f"cannot tell: {len(untold)} kinds of damage would not be noticed"
        )
        return (reason, *map(str, (likelier or untold)[:5]))
    return ()


def _limits(_: Subject) -> GateLimits:
    return {
        "likelier_undone": limit("hypotheses", equals=0),
        "kinds": limit("kinds", at_least=1),
        "kinds_not_told": limit("kinds", equals=0),
    }


GATE: Final = QualityGate(number=7, name="layout", measure=_measure, limits=_limits)
