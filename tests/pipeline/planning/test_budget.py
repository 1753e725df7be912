"""The questions before compute is spent, at their limits and to each side of them."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from specship.errors import UnusableInput
from specship.pipeline.planning.budget import (
    HeldOutNoise,
    TrainingPlan,
    largest_useful_noise,
    objections,
    refuse,
    warnings,
)
from specship.pipeline.planning.held_out_noise import held_out_noise
from specship.pipeline.training.run_reading import read_evaluations
from specship.pipeline.training.settings import TrainingSettings
from specship.pipeline.training.training import pretrain
from tests.models.training_data import make_shards, make_tokenizer, recipe

QUIET = HeldOutNoise(tokens=131_072, sequences=1024, standard_error=0.01)


def plan(
    parameters: int = 1000, corpus: int = 20_000, noise: HeldOutNoise = QUIET, **changes: Any
) -> TrainingPlan:
    """200 steps of 100 tokens."""
    fields = {"steps": 200, "warmup_steps": 1, "sequence_length": 10, "micro_batch": 10, "evaluate_every": 10}
    training = TrainingSettings(**{**fields, "evaluation_tokens": noise.tokens, **changes})
    return TrainingPlan(training=training, parameters=parameters, corpus_tokens=corpus, noise=noise)


def names(of: TrainingPlan, **limits: float) -> list[str]:
    return [one.name for one in objections(of, **limits)]


def test_twenty_different_tokens_a_parameter_are_enough_and_fewer_are_not() -> None:
    assert names(plan(parameters=1000)) == []
    assert names(plan(parameters=1001)) == ["accept-starvation"]
    assert names(plan(parameters=1000, corpus=19_990, at_end="cycle")) == ["accept-starvation"]


def test_tokens_asked_for_and_not_there_feed_nobody() -> None:
    """A gate elsewhere counted requested tokens, and never fired."""
    many = plan(parameters=1000, corpus=10_000, at_end="cycle", steps=4000)
    assert (many.tokens, many.unique_tokens, many.passes) == (400_000, 10_000, 40.0)
    assert names(many) == ["accept-starvation"]


def test_starvation_is_asked_of_every_beginning() -> None:
    """The same gate fired only with an initial checkpoint; here it asks with one and without."""
    for initialised in (False, True):
        one = TrainingPlan(
            training=plan().training,
            parameters=5000,
            corpus_tokens=20_000,
            noise=QUIET,
            initialised=initialised,
        )
        assert names(one) == ["accept-starvation"]


def test_passes_warn_above_four_and_are_refused_above_a_limit() -> None:
    assert warnings(plan(corpus=5000, at_end="cycle")) == []
    (told,) = warnings(plan(corpus=4990, at_end="cycle"))
    assert told.startswith("4.0 passes over the corpus")
    assert names(plan(parameters=100, corpus=5000, at_end="cycle"), max_passes=4.0) == []
    assert names(plan(parameters=100, corpus=4990, at_end="cycle"), max_passes=4.0) == ["max-passes"]


def test_data_that_end_first_are_refused_unless_they_begin_again() -> None:
    assert names(plan(parameters=100, corpus=19_999)) == ["data-end"]
    assert names(plan(parameters=100, corpus=20_000)) == []


@pytest.mark.parametrize(
    ("patience", "improvement", "most"),
    [
        (5, 0.05, 0.05),
        (2, 0.05, 0.05 / (2.326 * math.sqrt(2))),
        (3, 0.01, 0.02 / (2.326 * math.sqrt(2))),
        (1, 1.0, 0),
    ],
)
def test_noise_that_a_patience_bears(patience: int, improvement: float, most: float) -> None:
    assert largest_useful_noise(patience, improvement) == pytest.approx(most)


def test_held_out_set_is_refused_where_noise_would_decide() -> None:
    """Two batches and patience two against sixteen batches and patience five, in one text."""
    spread = 0.4
    for batches, patience, found in ((2, 2, ["held-out-noise"]), (16, 5, [])):
        sequences = batches * 8
        noise = HeldOutNoise(
            tokens=sequences * 128, sequences=sequences, standard_error=spread / sequences**0.5
        )
        assert names(plan(noise=noise, patience=patience)) == found
    exact = HeldOutNoise(tokens=1000, sequences=100, standard_error=0.05)
    below = HeldOutNoise(tokens=1000, sequences=100, standard_error=math.nextafter(0.05, 0))
    assert (names(plan(noise=exact)), names(plan(noise=below))) == (["held-out-noise"], [])
    assert names(plan(noise=exact, patience=20)) == []  # twenty evaluations: it could not stop early


def test_everything_that_is_wrong_is_said_at_once() -> None:
    noisy = HeldOutNoise(tokens=20, sequences=2, standard_error=math.inf)
    with pytest.raises(UnusableInput) as caught:
        refuse(objections(plan(parameters=9000, corpus=1000, noise=noisy)))
    for words in ("0.111 a parameter", "the data end after 10 of 200 steps", "standard error of about inf"):
        assert words in str(caught.value)
    refuse([])


def test_noise_is_foretold_within_a_factor_of_two(tmp_path: Path) -> None:
    """Against the standard error of a trained model on the same windows; fewer tokens are noisier."""
    make_tokenizer(tmp_path / "tokenizer")
    make_shards(tmp_path / "shards", train=20_000, heldout=9000)
    foretold = held_out_noise(tmp_path / "shards", length=16, tokens=8192)
    tiny = recipe(steps=60, evaluate_every=60, evaluation_tokens=8192)
    pretrain(tiny, tmp_path / "tokenizer", tmp_path / "shards", tmp_path / "run")
    last = read_evaluations(tmp_path / "run")[-1]
    assert (foretold.tokens, foretold.sequences) == (last["val_tokens"], last["sequences"])
    assert 0.5 < foretold.standard_error / last["standard_error"] < 2
    fewer = held_out_noise(tmp_path / "shards", length=16, tokens=512)
    assert fewer.standard_error > 2 * foretold.standard_error
