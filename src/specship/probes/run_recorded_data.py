"""Data against parameters by a run's own records: for runs whose shards are not here."""

from __future__ import annotations

from specship.errors import NotRecorded
from specship.pipeline.run_logs.needs import judged_facts, on_word, unrecorded, wanted
from specship.probes.probe import Artifact, Figures, probe


@probe(
    "run.recorded_data",
    checked="trained_tokens",
    trained_tokens="tokens",
    unique_tokens="tokens",
    parameters="parameters",
    unique_tokens_per_parameter="tokens/parameter",
    trained_tokens_per_parameter="tokens/parameter",
    passes="ratio",
)
def run_recorded_data(run: Artifact) -> Figures:
    """Tokens a parameter and passes over the data, as the run counted them or somebody declares.

    `run.data_budget` counts in the shards and weights themselves, and is to be preferred where they are here.

    Source: Hoffmann et al. 2022 (arXiv:2203.15556) on about 20 tokens a parameter.

    Raises:
        DamagedArtifact: the log or the record of the run cannot be read.
        NotRecorded: how many tokens were trained on is not on record.
    """
    facts = judged_facts(run.path)
    trained = wanted(facts, "trained_tokens")
    unique, parameters, passes = facts.unique_tokens, facts.parameters, facts.passes

    def each(tokens: int | None, need: str) -> float | NotRecorded:
        if tokens is None or not parameters:
            return unrecorded(facts, need if tokens is None else "parameters")
        return tokens / parameters

    return {
        "trained_tokens": trained,
        "unique_tokens": unrecorded(facts, "unique_tokens") if unique is None else unique,
        "parameters": unrecorded(facts, "parameters") if parameters is None else parameters,
        "unique_tokens_per_parameter": each(unique, "unique_tokens"),
        "trained_tokens_per_parameter": each(trained, "trained_tokens"),
        "passes": unrecorded(facts, "passes") if passes is None else passes,
        "notes": on_word(facts, "unique_tokens", "parameters", "tokens_per_step"),
    }
