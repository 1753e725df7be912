"""An evaluation beside that of another run, sample by sample."""

from __future__ import annotations

from specship.probes.probe import Artifact, Figures, probe


@probe(
    "evaluation.paired",
    checked="pairs",
    pairs="samples",
    wins="samples",
    losses="samples",
    ties="samples",
    discordant="samples",
    unpaired="samples",
    difference="difference",
    difference_low="difference",
    difference_high="difference",
    p_value="fraction",
    other_setup="settings",
)
def evaluation_paired(evaluation: Artifact) -> Figures:
    """McNemar's exact test of two runs on the same samples.

    `wins` are samples on which this checkpoint is better (b), `losses` those on which the baseline is
    (c). `p_value` is two-sided, and unmeasured below ten `discordant` samples: too few to show anything,
    and never a pass. `difference` is this mean minus the baseline's over the pairs, with its interval at
    95 %. `unpaired` samples have an answer in one run alone. `other_setup` counts what the two runs had
    otherwise: version of the task, number of examples, limit. Raises NotRecorded, RequirementMissing,
    DamagedArtifact.
    """
    from specship.pipeline.evaluation.results.pairing import paired
    from specship.pipeline.evaluation.results.receiving import read_baseline, read_evaluation

    received, result = read_evaluation(evaluation.path)
    other = read_baseline(evaluation.path, received)
    found = paired(result, other)
    settings = [(one.version, one.few_shot, one.limited, one.unfinished) for one in (result, other)]
    return {
        "pairs": found.pairs,
        "wins": found.wins,
        "losses": found.losses,
        "ties": found.ties,
        "discordant": found.discordant,
        "unpaired": found.alone,
        "difference": found.difference,
        "difference_low": found.low,
        "difference_high": found.high,
        "p_value": found.p_value,
        "other_setup": sum(one != two for one, two in zip(*settings, strict=True)),
        "notes": [f"compared with {other.model} of {other.harness}"],
    }
