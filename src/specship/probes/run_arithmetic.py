"""The precision, the attention kernels and the deterministic mode that a run really used."""

from __future__ import annotations

from typing import Final

from specship.errors import NotRecorded
from specship.pipeline.placement.records import read_samples
from specship.pipeline.run_logs.facts import OURS
from specship.pipeline.run_logs.needs import judged_facts
from specship.pipeline.training.run_reading import read_run
from specship.probes.probe import Artifact, Figures, probe

_PRODUCTS: Final = {"float32": "float32", "bfloat16-autocast": "bfloat16"}
"""The type of the matrix products that each setting of `precision` asks for."""


@probe(
    "run.arithmetic",
    checked="observed_steps",
    observed_steps="steps",
    asked="text",
    other_precision_share="fraction",
    attention_calls="calls",
    unfused_attention="calls",
    undetermined_steps="steps",
)
def run_arithmetic(run: Artifact) -> Figures:
    """What one step of the run was seen to call, and the flag of determinism at each sample of its device.

    `other_precision_share` is the part of the operations of matrix products that were done in another type
    than the setting asks for. `unfused_attention` counts calls of the attention that writes out its scores
    (`_math`), which is what is taken where no flash kernel fits. `undetermined_steps` are covered by a sample
    that saw deterministic kernels switched off, where the settings ask for them.

    Raises:
        DamagedArtifact: log, record or samples of the run cannot be read.
        NotRecorded: no step was observed.
    """
    facts = judged_facts(run.path)
    if facts.kind != OURS:
        raise NotRecorded(f"not recorded: the kernels of a step; a {facts.kind} has no place for them")
    record = read_run(run.path)
    kernels = record.placement.kernels if record.placement else None
    if kernels is None:
        raise NotRecorded(
            "not recorded: the kernels of a step",
            why="the run is from before they were observed, or ended before its second step",
            mend="make the run again",
        )
    of_device = "float32" if facts.device_got == "cpu" else "bfloat16-autocast"
    asked = record.config.training.precision or of_device
    operations = sum(kernels.matmul_flops.values())
    other = {kind: flops for kind, flops in kernels.matmul_flops.items() if kind != _PRODUCTS[asked]}
    wanted = record.config.training.deterministic
    lost = [
        sample.last_step - sample.first_step + 1
        for sample in read_samples(run.path)
        if wanted and not sample.deterministic
    ]
    return {
        "observed_steps": 1,
        "asked": asked,
        "other_precision_share": sum(other.values()) / operations if operations else None,
        "attention_calls": sum(kernels.attention.values()),
        "unfused_attention": sum(calls for name, calls in kernels.attention.items() if "math" in name),
        "undetermined_steps": sum(lost),
        "notes": [
            f"step {kernels.step}: products " + (", ".join(sorted(kernels.matmul_flops)) or "none"),
            f"attention: {', '.join(sorted(kernels.attention)) or 'none seen'}",
        ],
    }
