"""A plan of training for people: what it is going to do, what it may cost, and what speaks against it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from specship.pipeline.budget import Plan, largest_useful_noise
from specship.report.words import duration


def plan_lines(plan: Plan) -> Iterator[str]:
    """The plan, a fact a line."""
    training, noise = plan.training, plan.noise
    least = largest_useful_noise(training.patience, training.min_improvement)
    yield f"parameters   {_count(plan.parameters)}" + (
        " (of the initial checkpoint)" if plan.initialised else ""
    )
    steps = f"{_count(training.steps)} steps of {_count(training.tokens_per_step)}"
    yield f"tokens       {_count(plan.tokens)} in {steps}"
    yield (
        f"different    {_count(plan.unique_tokens)} of the {_count(plan.corpus_tokens)} of the corpus: "
        f"{plan.tokens_per_parameter:.3g} a parameter"
    )
    yield f"passes       {plan.passes:.3g}"
    yield (
        f"schedule     {training.mode}: warm-up of {training.warmup} steps to {training.peak:g}, "
        f"then half a cosine to {training.floor:g}"
    )
    yield (
        f"held-out     {_count(noise.tokens)} tokens in {_count(noise.sequences)} sequences: standard error "
        f"about {noise.standard_error:.2g} nats/token (by a bigram model of the training tokens)"
    )
    ends = (
        f"an error below {least:.2g} is needed"
        if plan.can_stop_early
        else "cannot end the run before its plan"
    )
    yield (
        f"early stop   patience {training.patience} of {plan.evaluations} evaluations, improvement "
        f"{training.min_improvement:g}: {ends}"
    )


def forecast_lines(found: Mapping[str, Any]) -> Iterator[str]:
    """A forecast, with how it was made."""
    yield f"device       {found['device']}"
    yield (
        f"wall time    about {duration(found['wall_seconds'])}: {found['step_seconds']:.3g} s a step "
        f"(median of {found['steps_measured']} real steps after a warm one), "
        f"{found['evaluation_seconds']:.3g} s an evaluation, {found['checkpoint_seconds']:.3g} s a checkpoint"
    )
    yield f"memory       about {found['memory_bytes'] / 2**20:.0f} MiB (the most in use during those steps)"
    yield f"disk         about {found['disk_bytes'] / 2**20:.0f} MiB of checkpoints"


def bypass_lines(bypasses: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Checks that were set aside, each with its reason."""
    for one in bypasses:
        figures = ", ".join(f"{name} {value:g}" for name, value in one["figures"].items())
        yield f"bypass       {one['name']}: {one['reason']} ({figures})"


def _count(value: int) -> str:
    return f"{value:,}".replace(",", " ")
