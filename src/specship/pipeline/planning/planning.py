"""From settings and data to a plan: sizes are read, noise is estimated, nothing is built or written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from specship.errors import UnusableInput
from specship.pipeline.device import device_name, prepare, refuse_too_large, resolve_device
from specship.pipeline.planning.budget import Objection, TrainingPlan, objections
from specship.pipeline.planning.cost_model import PredictedCost, predicted, stated_rates
from specship.pipeline.planning.device_table import HERE, known_device
from specship.pipeline.planning.held_out_noise import held_out_noise
from specship.pipeline.planning.kernel_rates import measured_rates
from specship.pipeline.planning.training_data import TrainingData
from specship.pipeline.shards.token_reader import TokenReader
from specship.pipeline.training.architecture import config_fields, parameter_count
from specship.pipeline.training.initialisation import continued_config, examine
from specship.pipeline.training.settings import Recipe
from specship.pipeline.training.trainer import refuse_unfit


@dataclass(frozen=True, slots=True)
class Consent:
    """What the person who asks for a run allows, beyond what is good practice."""

    starvation: str | None = None
    """Why the model may have too few tokens."""
    max_passes: float | None = None

    def __post_init__(self) -> None:
        if self.starvation is not None and not self.starvation.strip():
            raise UnusableInput(
                "--accept-starvation without a reason",
                why="the reason stands in the record of the run for everybody who reads it",
                mend="say why: --accept-starvation 'smoke test of the pipeline'",
            )


def plan_of(
    recipe: Recipe, data: TrainingData, initial: Path | None, device: torch.device | None = None
) -> TrainingPlan:
    """The plan that a recipe comes to on these data; on a device that need not be here, where one is given.

    Raises:
        RequirementMissing: the device asked for is not here, or too small.
        UnusableInput, DamagedArtifact: the data or the initial checkpoint cannot be trained on.
    """
    training = recipe.training
    refuse_unfit(recipe, device or resolve_device(training.device), initialised=initial is not None)
    reader = TokenReader(
        data.shards, "train", length=training.sequence_length, seed=0, at_end="cycle", tokenizer=None
    )
    if initial is not None:
        length = training.sequence_length
        beginning = examine(initial, data.tokenizer, data.manifest, length=length)
        parameters = beginning.inventory.declared_parameters
    else:
        parameters = parameter_count(config_of(recipe, data, None))
    if device is None:
        refuse_too_large(resolve_device(training.device), parameters)
    return TrainingPlan(
        training=training,
        parameters=parameters,
        corpus_tokens=reader.windows * training.sequence_length,
        noise=held_out_noise(data.shards, length=training.sequence_length, tokens=training.evaluation_tokens),
        initialised=initial is not None,
    )


def config_of(recipe: Recipe, data: TrainingData, initial: Path | None) -> dict[str, Any]:
    """`config.json` of the model that a recipe trains on these data."""
    if initial is not None:
        return continued_config(initial)
    assert recipe.model is not None  # noqa: S101 - it fits its beginning
    manifest = data.manifest
    return config_fields(recipe.model, vocabulary=manifest.vocab_size, separator_id=manifest.separator_id)


def predictions(
    recipe: Recipe,
    data: TrainingData,
    plan: TrainingPlan,
    initial: Path | None,
    *,
    on: str,
    counts: list[int],
) -> list[PredictedCost]:
    """What a plan would cost on each of so many devices: of a kind in the table, or `here`.

    Raises:
        UnknownName: there is no such kind.
        UnusableInput: several devices of the kind that is here.
    """
    config = config_of(recipe, data, initial)
    if on == HERE:
        place = resolve_device(recipe.training.device)
        prepare(place, recipe.training.threads)
        device, name = None, f"{place} ({device_name(place)})"
        tokens = recipe.training.micro_batch * recipe.training.sequence_length
        rates = measured_rates(config, tokens, place)
    else:
        place, device = torch.device("cuda"), known_device(on)
        name, rates = device.name, stated_rates(device)
    training = recipe.on(place.type).training
    compiled = training.compile is True or (training.compile == "auto" and place.type == "cuda")
    return [
        predicted(
            config,
            training,
            plan.parameters,
            rates,
            name=name,
            device=device,
            devices=count,
            compiled=compiled,
        )
        for count in counts
    ]


def weighed(plan: TrainingPlan, consent: Consent) -> tuple[list[Objection], list[dict[str, Any]]]:
    """Objections that stand, and the bypasses with which others were set aside."""
    kept, bypasses = [], []
    for one in objections(plan, max_passes=consent.max_passes):
        if one.acceptable and consent.starvation is not None:
            bypasses.append({"name": one.name, "reason": consent.starvation, "figures": one.figures})
        else:
            kept.append(one)
    return kept, bypasses
