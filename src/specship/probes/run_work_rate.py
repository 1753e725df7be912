"""Work a second that a run did, beside what the processor of the machine that judges can do at all."""

from __future__ import annotations

import statistics

from specship.pipeline.run_logs.needs import judged_facts, on_word, steps_with, wanted
from specship.probes.probe import Artifact, Figures, probe


@probe(
    "run.work_rate",
    checked="steps",
    steps="steps",
    achieved="FLOP/s",
    measured_cpu="FLOP/s",
    over_cpu="ratio",
)
def run_work_rate(run: Artifact) -> Figures:
    """Operations a second of the median step, and over the better of float32 and bfloat16 on every core here.

    Cores are measured in their own time, whatever else the machine does. The operations are the least that a
    token needs. A run that claims a GPU and does less than a processor could has shown nothing.

    Raises:
        DamagedArtifact: the log or the record of the run cannot be read.
        NotRecorded: speeds, or the operations a token, are not on record.
    """
    from specship.pipeline.processor_rate import processor_flops_per_second

    facts = judged_facts(run.path)
    work = wanted(facts, "flops_per_token")
    timed = steps_with(facts, "tokens_per_second")
    achieved = statistics.median(step.tokens_per_second or 0.0 for step in timed) * work
    cpu = processor_flops_per_second()
    return {
        "steps": len(timed),
        "achieved": achieved,
        "measured_cpu": cpu,
        "over_cpu": achieved / cpu,
        "notes": on_word(facts, "flops_per_token"),
    }
