"""Whether the device could have done the work that the log claims, in the time that it claims."""

from __future__ import annotations

import json
import statistics
from typing import Final

from specship.pipeline.training.architecture import training_flops_per_token
from specship.pipeline.training.run_reading import checkpoint_path, read_run, read_steps
from specship.probes.probe import Artifact, Figures, probe

_TRIES: Final = 8
"""Half seconds in which the device may show what it does when nothing disturbs it."""
_NEAR: Final = 2.0
"""What the run measured over what is measured now, up to which nobody was disturbed."""


@probe(
    "run.throughput_bound",
    checked="steps",
    steps="steps",
    fastest_over_measured="ratio",
    median_over_measured="ratio",
    wall_over_floor="ratio",
    median_speed="tokens/s",
    measured_matmul="FLOP/s",
    recorded_over_measured="ratio",
)
def run_throughput_bound(run: Artifact) -> Figures:
    """Work a second of the fastest step, over what the device does in plain matrix products now.

    The work a token is the least that forward and backward need, counted from the stored
    config. The device's rate is the better of what the run measured before its first step and
    what is measured now on every core, since a busy moment only ever makes it look slower; for the
    same reason what is measured now is measured again, some times, where it would accuse the run. The
    ratio of the two is a figure too, so that the run's word cannot raise the bound by much. A
    step that had no data and one whose speed was typed in are both faster than the device.
    `wall_over_floor` is the run's wall time over the time its tokens need at the measured rate.

    Raises:
        RequirementMissing: the device that the run was on is not on this machine.
        DamagedArtifact: the log or the record of the run cannot be read.
    """
    from specship.pipeline.device import matmul_flops_per_second, prepare, resolve_device

    record = read_run(run.path)
    steps = read_steps(run.path)
    config = json.loads((checkpoint_path(run.path, 0) / "config.json").read_text(encoding="utf-8"))
    work = training_flops_per_token(config, record.config.training.sequence_length)
    device = resolve_device(record.device_got)
    prepare(device, 0)
    speeds = [float(step["tokens_per_second"]) for step in steps]
    fastest = max(speeds)
    recorded, now = record.matmul_flops_per_second, 0.0
    for _ in range(_TRIES):
        now = max(now, matmul_flops_per_second(device, seconds=0.5))
        if recorded <= _NEAR * now and fastest * work <= max(now, recorded):
            break
    measured = max(now, recorded)
    place = steps[speeds.index(fastest)]["step"]
    return {
        "steps": len(steps),
        "fastest_over_measured": fastest * work / measured,
        "median_over_measured": statistics.median(speeds) * work / measured,
        "wall_over_floor": record.wall_seconds * measured / (steps[-1]["tokens_seen"] * work),
        "median_speed": statistics.median(speeds),
        "measured_matmul": now,
        "recorded_over_measured": recorded / now,
        "notes": [f"the fastest step is {place}: {fastest:.6g} tokens/s"],
    }
