"""Real tiny runs, healthy and sick: each sickness is planted in the live trainer or in what it is asked for."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from unittest import mock

from specship.pipeline.training.training import pretrain
from tests.models.once import once
from tests.models.training_data import make_shards, make_tokenizer, recipe

HEALTHY: Final[dict[str, Any]] = {
    "steps": 290,
    "sequence_length": 64,
    "micro_batch": 8,
    "peak_learning_rate": 1e-2,
    "warmup_steps": 20,
    "evaluate_every": 58,
    "evaluation_tokens": 4096,
    "min_improvement": 0.05,
}
"""20 tokens and more for each of 6 464 parameters."""
SMALL: Final = {"hidden_size": 16, "layers": 1, "heads": 2, "kv_heads": 1, "intermediate_size": 32}


@dataclass(frozen=True)
class Plant:
    """A sickness: settings that differ, data that differ, a component that is wrapped while it trains."""

    root: str
    """Class that a diagnosis must name."""
    settings: dict[str, Any] = field(default_factory=dict)
    train_tokens: int = 150_000
    wrapped: Callable[[], contextlib.AbstractContextManager[Any]] = contextlib.nullcontext


def train(folder: Path, plant: Plant) -> Path:
    """Train under a plant; the run's folder."""
    make_tokenizer(folder / "tokenizer")
    make_shards(folder / "shards", train=plant.train_tokens, heldout=6000)
    settings = {**HEALTHY, "model": SMALL, **plant.settings}
    with plant.wrapped():
        pretrain(recipe(**settings), folder / "tokenizer", folder / "shards", folder / "run")
    return folder / "run"


def healthy_run() -> Path:
    """The run of a trainer with which nothing is wrong; not to be changed."""
    return once("healthy-run", lambda folder: train(folder, PLANTS["healthy"])) / "run"


def _constant_rate() -> contextlib.AbstractContextManager[Any]:
    return mock.patch("specship.pipeline.training.trainer.learning_rate", lambda _step, *, peak, **_: peak)


def _zero_rate() -> contextlib.AbstractContextManager[Any]:
    return mock.patch("specship.pipeline.training.trainer.learning_rate", return_value=0.0)


def _no_optimizer_step() -> contextlib.AbstractContextManager[Any]:
    return mock.patch("torch.optim.AdamW.step", return_value=None)


def _nan_at_step_40() -> contextlib.AbstractContextManager[Any]:
    from specship.pipeline.training.trainer import Trainer

    calls, real = itertools.count(1), Trainer._backward
    return mock.patch.object(
        Trainer, "_backward", lambda self: real(self) * (float("nan") if next(calls) == 40 else 1.0)
    )


def _placeholder_after_100() -> contextlib.AbstractContextManager[Any]:
    """The old defect: a step without data answers with ones."""
    from specship.pipeline.training.trainer import Trainer

    real = Trainer.read

    def read(self: Trainer, launched: Any) -> dict[str, Any]:
        fake = {"train_loss": 1.0, "grad_norm": 1.0} if launched.step > 100 else {}
        return real(self, launched) | fake

    return mock.patch.object(Trainer, "read", read)


def _scripted() -> contextlib.AbstractContextManager[Any]:
    from specship.pipeline.training.trainer import Trainer

    real = Trainer.read
    return mock.patch.object(
        Trainer,
        "read",
        lambda self, launched: real(self, launched) | {"train_loss": 5.5 - launched.step * 0.0125},
    )


def _silent_fallback() -> contextlib.AbstractContextManager[Any]:
    import torch

    return mock.patch.multiple(
        "specship.pipeline.parallel.group", resolve_device=lambda _asked: torch.device("cpu")
    )


def _silent_wrap() -> contextlib.AbstractContextManager[Any]:
    from specship.pipeline.training.training import _TrainingRun

    return mock.patch.object(_TrainingRun, "_wrapped", return_value=None)


@contextlib.contextmanager
def _hasty() -> Iterator[None]:
    """Early stopping that does not ask whether noise is the reason."""
    from specship.pipeline.training.early_stopping import EarlyStopping

    with mock.patch.object(
        EarlyStopping, "due", property(lambda self: self.without_improvement >= self.patience)
    ):
        yield


PLANTS: Final[dict[str, Plant]] = {
    "healthy": Plant("healthy"),
    "healthy, another seed and size": Plant(
        "healthy",
        {
            "seed": 11,
            "steps": 600,
            "peak_learning_rate": 5e-3,
            "evaluate_every": 100,
            "model": {**SMALL, "hidden_size": 24, "intermediate_size": 40},
        },
        310_000,
    ),
    "a corpus read nine times": Plant("data-starvation", {"at_end": "cycle"}, 16_000),
    "data that end at a fifth of the plan": Plant("data-starvation", {}, 30_000),
    "a model far too large": Plant(
        "data-starvation", {"model": {**SMALL, "hidden_size": 64, "intermediate_size": 128}}
    ),
    "a constant rate under a schedule": Plant("optimization-defect", wrapped=_constant_rate),
    "a rate of zero": Plant("optimization-defect", wrapped=_zero_rate),
    "weights that never move": Plant("optimization-defect", wrapped=_no_optimizer_step),
    "a rate a hundred times too high": Plant("optimization-defect", {"peak_learning_rate": 3.0}),
    "NaN in a step": Plant("optimization-defect", wrapped=_nan_at_step_40),
    "patience of two on two sequences": Plant(
        "optimization-defect",
        {
            "evaluation_tokens": 128,
            "patience": 2,
            "evaluate_every": 4,
            "min_improvement": 0.02,
            "peak_learning_rate": 2e-3,
        },
        wrapped=_hasty,
    ),
    "CUDA asked, CPU got": Plant("infrastructure-masking", {"device": "cuda"}, wrapped=_silent_fallback),
    "ones in place of data": Plant("infrastructure-masking", wrapped=_placeholder_after_100),
    "a scripted loss": Plant("infrastructure-masking", wrapped=_scripted),
    "a wrap that nobody announces": Plant(
        "infrastructure-masking", {"at_end": "cycle"}, 70_000, _silent_wrap
    ),
}
