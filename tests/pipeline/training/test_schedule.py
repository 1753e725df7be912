"""The schedule's closed form, early stopping, and what an architecture comes to."""

from __future__ import annotations

import math

import pytest
from pydantic import ValidationError

from specship.pipeline.training.early_stopping import EarlyStopping
from specship.pipeline.training.schedule import learning_rate
from specship.pipeline.training.settings import ModelSettings, TrainingSettings

PLAN = {"peak": 1.0, "floor": 0.1, "warmup_steps": 10, "planned_steps": 110}


@pytest.mark.parametrize(
    ("step", "rate"),
    [
        (1, 0.1),
        (5, 0.5),
        (10, 1.0),
        (60, 0.55),
        (110, 0.1),
        (500, 0.1),
        (35, 0.1 + 0.45 * (1 + math.sqrt(0.5))),
    ],
)
def test_rate_follows_the_closed_form(step: int, rate: float) -> None:
    assert learning_rate(step, **PLAN) == pytest.approx(rate, abs=1e-12)  # type: ignore[arg-type]


def test_rate_without_warmup_begins_below_the_peak() -> None:
    assert learning_rate(1, peak=1.0, floor=0.0, warmup_steps=0, planned_steps=2) == pytest.approx(0.5)


def test_modes_bring_their_defaults_and_explicit_settings_win() -> None:
    assert (TrainingSettings(steps=2000).peak, TrainingSettings(steps=2000).warmup) == (3e-4, 1000)
    tuned = TrainingSettings(steps=2000, mode="fine-tune")
    assert (tuned.peak, tuned.warmup) == (5e-5, 100)
    assert TrainingSettings(steps=50, mode="fine-tune", warmup_steps=0).warmup == 0
    with pytest.raises(ValidationError, match="leaves none"):
        TrainingSettings(steps=50, mode="fine-tune")


@pytest.mark.parametrize(
    "changes", [{"heads": 3}, {"kv_heads": 3}, {"layers": 0}, {"hidden_size": 12, "heads": 12}, {"rope": 1}]
)
def test_impossible_architectures_are_refused(changes: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        ModelSettings.model_validate(changes)


def test_patience_counts_from_the_last_real_improvement() -> None:
    """Gains below the improvement looked for do not reset it, and the best is still the lowest."""
    stopping = EarlyStopping(patience=2, min_improvement=0.1)
    for step, loss in enumerate((5.0, 4.0, 3.95, 3.93)):
        stopping.observe(step, loss, 0.01)
    assert (stopping.due, stopping.best_step, stopping.best_loss) == (True, 3, 3.93)


def test_noise_as_large_as_the_improvement_never_stops_a_run() -> None:
    stopping = EarlyStopping(patience=1, min_improvement=0.1)
    for step in range(5):
        stopping.observe(step, 4.0, 0.1)
    assert (stopping.due, stopping.noisy) == (False, True)
