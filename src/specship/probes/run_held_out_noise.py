"""Noise of the held-out loss against the improvement that early stopping looks for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from specship.errors import NotRecorded
from specship.pipeline.run_logs.facts import Facts
from specship.pipeline.run_logs.needs import evaluations_with, judged_facts, unrecorded
from specship.probes.probe import Artifact, Figures, probe


@probe(
    "run.held_out_noise",
    checked="evaluations",
    evaluations="evaluations",
    largest_over_improvement="ratio",
    largest_standard_error="nats/token",
    fewest_tokens="tokens",
    fewest_sequences="sequences",
    patience="evaluations",
)
def run_held_out_noise(run: Artifact) -> Figures:
    """Largest standard error of an evaluation over `min_improvement`; above 1, noise decides.

    Raises:
        DamagedArtifact: the evaluations or the record of the run cannot be read.
        NotRecorded: the run logged no held-out loss.
    """
    facts = judged_facts(run.path)
    found = evaluations_with(facts, "loss")
    worst = _extreme(facts, "standard_error", max)
    wanted = facts.min_improvement
    return {
        "evaluations": len(found),
        "largest_over_improvement": worst
        if isinstance(worst, NotRecorded)
        else worst / wanted
        if wanted
        else unrecorded(facts, "min_improvement"),
        "largest_standard_error": worst,
        "fewest_tokens": _extreme(facts, "tokens", min),
        "fewest_sequences": _extreme(facts, "sequences", min),
        "patience": unrecorded(facts, "patience") if facts.patience is None else facts.patience,
    }


def _extreme(facts: Facts, figure: str, which: Callable[[Iterable[Any]], Any]) -> Any:
    """The worst value of a figure over the evaluations that have it."""
    try:
        return which(getattr(one, figure) for one in evaluations_with(facts, figure))
    except NotRecorded as error:
        return error
