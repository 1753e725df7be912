"""From settings and data to a plan: sizes are read, noise is estimated, nothing is built or written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from specship.errors import UnusableInput
from specship.pipeline.device import refuse_too_large, resolve_device
from specship.pipeline.planning.budget import Objection, TrainingPlan, objections
from specship.pipeline.planning.held_out_noise import held_out_noise
from specship.pipeline.planning.training_data import TrainingData
from specship.pipeline.shards.token_reader import TokenReader
from specship.pipeline.training.architecture import config_fields, parameter_count
from specship.pipeline.training.initialisation import examine
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


def plan_of(recipe: Recipe, data: TrainingData, initial: Path | None) -> TrainingPlan:
    """The plan that a recipe comes to on these data.

    Raises:
        RequirementMissing: the device asked for is not here, or too small.
        UnusableInput, DamagedArtifact: the data or the initial checkpoint cannot be trained on.
    """
    training = recipe.training
    refuse_unfit(recipe, resolve_device(training.device), initialised=initial is not None)
    reader = TokenReader(
        data.shards, "train", length=training.sequence_length, seed=0, at_end="cycle", tokenizer=None
    )
    if initial is not None:
        length = training.sequence_length
        beginning = examine(initial, data.tokenizer, data.manifest, length=length)
        parameters = beginning.inventory.declared_parameters
    else:
        assert recipe.model is not None  # noqa: S101 - it fits its beginning
        parameters = parameter_count(
            config_fields(recipe.model, vocabulary=reader.vocab_size, separator_id=reader.separator_id)
        )
    refuse_too_large(resolve_device(training.device), parameters)
    return TrainingPlan(
        training=training,
        parameters=parameters,
        corpus_tokens=reader.windows * training.sequence_length,
        noise=held_out_noise(data.shards, length=training.sequence_length, tokens=training.evaluation_tokens),
        initialised=initial is not None,
    )


def weighed(plan: TrainingPlan, consent: Consent) -> tuple[list[Objection], list[dict[str, Any]]]:
    """Objections that stand, and the bypasses with which others were set aside."""
    kept, bypasses = [], []
    for one in objections(plan, max_passes=consent.max_passes):
        if one.acceptable and consent.starvation is not None:
            bypasses.append({"name": one.name, "reason": consent.starvation, "figures": one.figures})
        else:
            kept.append(one)
    return kept, bypasses
