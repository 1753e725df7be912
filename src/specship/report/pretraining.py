"""A plan of training for people: what it is going to do, what it may cost, and what speaks against it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from specship.pipeline.planning.budget import Objection, TrainingPlan, largest_useful_noise
from specship.report.formatting import duration


def plan_lines(plan: TrainingPlan) -> Iterator[str]:
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


def forecast_lines(found: Mapping[str, Any] | None) -> Iterator[str]:
    """A forecast, with how it was made; None where there was not one step to measure."""
    if found is None:
        yield "cost         not measured: the data do not fill a single step"
        return
    if "predicted" in found:
        yield from _prediction_lines(found["predicted"])
        return
    steps = found["steps_measured"]
    measured = f"median of {steps} real steps after a warm one" if found["warmed_up"] else "one step, cold"
    begins = f", {found['beginning_seconds']:.3g} s to check the initial checkpoint"
    yield f"device       {found['device']}"
    yield (
        f"wall time    about {duration(found['wall_seconds'])}: {found['step_seconds']:.3g} s a step "
        f"({measured}), {found['evaluation_seconds']:.3g} s an evaluation, "
        f"{found['checkpoint_seconds']:.3g} s a checkpoint{begins if found['beginning_seconds'] else ''}"
    )
    yield f"memory       {_memory(found)}"
    where = "" if found["checkpoint_beside_output"] else "; tried on the temporary disk: no --output"
    yield f"disk         about {_mebibytes(found['disk_bytes'])} of checkpoints{where}"


def _prediction_lines(found: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """A prediction for each number of devices, with what it rests on."""
    first = found[0]
    basis = "rates measured here" if first["rates_measured"] else "0.8 of what its maker states, not measured"
    yield f"predicted    for {first['device']}, a run that nobody measured: {basis} ({first['source']})"
    yield "predicted    without launches, waits, evaluations, checkpoints and reading: at least this long"
    if assumed := next((one["assumed"] for one in found if one["assumed"]), ""):
        yield f"predicted    no maker states, and it is assumed: {assumed}"
    single = first["tokens_per_second"] / first["devices"]
    for one in found:
        room, energy = one["memory_of_device"], one["kilowatt_hours"]
        fits = (
            ""
            if room is None
            else f" of {room / 1e9:.0f} GB" + ("" if one["memory_bytes"] <= room else ", which does not fit")
        )
        grown = f", a batch {one['batch_grown']:.3g} times as large" if one["batch_grown"] > 1 else ""
        yield (
            f"{one['devices']:>5} device{'s' if one['devices'] > 1 else ' '}  "
            f"{duration(one['wall_seconds'])}, {one['step_seconds']:.3g} s a step, "
            f"{one['tokens_per_second']:.4g} tokens/s ({one['product_share']:.0%} of it products, "
            f"{one['tokens_per_second'] / one['devices'] / single:.0%} of one device each), "
            f"{one['memory_bytes'] / 1e9:.3g} GB{fits}"
            + (f", at most {energy:.3g} kWh" if energy is not None else "")
            + grown
        )


def _memory(found: Mapping[str, Any]) -> str:
    most, before = found["memory_bytes"], found["memory_before_bytes"]
    if found["memory_since_start"]:
        return f"at most {_mebibytes(most)}: the most that this whole process ever had"
    return (
        f"about {_mebibytes(most)} in all, {_mebibytes(max(0, most - before))} of it more than before the "
        "model was built"
    )


def objection_lines(found: Iterable[Objection]) -> Iterator[str]:
    """What a plan will be refused for."""
    for one in found:
        yield f"refused      {one.name}: {one.message}"


def _mebibytes(size: int) -> str:
    return f"{size / 2**20:.0f} MiB"


def bypass_lines(bypasses: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Checks that were set aside, each with its reason."""
    for one in bypasses:
        figures = ", ".join(f"{name} {value:g}" for name, value in one["figures"].items())
        yield f"bypass       {one['name']}: {one['reason']} ({figures})"


def _count(value: int) -> str:
    return f"{value:,}".replace(",", " ")
