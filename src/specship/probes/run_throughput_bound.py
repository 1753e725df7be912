"""Whether the device could have done the work that the log claims, in the time that it claims."""

from __future__ import annotations

import json
import statistics
from typing import Final

from specship.errors import NotRecorded
from specship.pipeline.run_logs.facts import OURS, Facts
from specship.pipeline.run_logs.needs import judged_facts, on_word, steps_with, unrecorded, wanted
from specship.pipeline.training.architecture import training_flops_per_token
from specship.pipeline.training.run_reading import checkpoint_path
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
    what is measured now, since a busy moment only ever makes it look slower. Processors are measured in
    their own time, which others on the machine do not use up; a card is measured again, some times, where
    it would accuse the run. The ratio of the two rates is a figure too, so that the run's word cannot raise
    the bound by much. A step without data, and one whose speed was typed in, are faster than the device.
    `wall_over_floor` is the run's wall time over the time its tokens need at the measured rate.

    Of another program's run the rate is what it recorded or somebody declares: its machine may be another.

    Raises:
        RequirementMissing: the device that the run was on is not on this machine.
        DamagedArtifact: the log or the record of the run cannot be read.
        NotRecorded: the device's rate is not on record, nor how much work there was.
    """
    facts = judged_facts(run.path)
    work = _flops_per_token(facts, run)
    recorded = wanted(facts, "device_flops")
    figures: Figures = {"steps": len(facts.steps)}
    try:
        timed = steps_with(facts, "tokens_per_second")
    except NotRecorded as error:
        speeds: list[float] = []
        figures |= dict.fromkeys(("fastest_over_measured", "median_over_measured", "median_speed"), error)
    else:
        speeds = [step.tokens_per_second or 0.0 for step in timed]
    now = _measured_now(facts, recorded, max(speeds, default=0.0) * (work or 0.0))
    measured = max(now or 0.0, recorded)
    elsewhere = NotRecorded("not measured: the run was made by another program, perhaps on another machine")
    figures |= {
        "measured_matmul": now or elsewhere,
        "recorded_over_measured": recorded / now if now else elsewhere,
        "wall_over_floor": _wall_over_floor(facts, work, measured),
    }
    notes = on_word(facts, "device_flops", "flops_per_token", "tokens_per_step", "wall_seconds")
    if not speeds:
        return figures | {"notes": notes}
    if work is None:
        missing = unrecorded(facts, "flops_per_token")
        figures |= {"fastest_over_measured": missing, "median_over_measured": missing}
    else:
        figures |= {
            "fastest_over_measured": max(speeds) * work / measured,
            "median_over_measured": statistics.median(speeds) * work / measured,
        }
    place = timed[speeds.index(max(speeds))].step
    return figures | {
        "median_speed": statistics.median(speeds),
        "notes": [f"the fastest step is {place}: {max(speeds):.6g} tokens/s", *notes],
    }


def _flops_per_token(facts: Facts, run: Artifact) -> float | None:
    """From the stored config of a run of ours; by the record of another."""
    config = checkpoint_path(run.path, 0) / "config.json"
    if facts.kind != OURS or facts.sequence_length is None or not config.is_file():
        return facts.flops_per_token
    return training_flops_per_token(json.loads(config.read_text(encoding="utf-8")), facts.sequence_length)


def _measured_now(facts: Facts, recorded: float, claimed: float) -> float | None:
    """The rate of the device that a run of ours was on; None for a run of elsewhere."""
    if facts.kind != OURS or "device_flops" in facts.told:
        return None
    from specship.pipeline.device import matmul_flops_per_second, prepare, resolve_device
    from specship.pipeline.processor_rate import processor_flops_per_second

    device = resolve_device(wanted(facts, "device_got"))
    if device.type == "cpu":
        return processor_flops_per_second()
    prepare(device, 0)
    now = 0.0
    for _ in range(_TRIES):
        now = max(now, matmul_flops_per_second(device, seconds=0.5))
        if recorded <= _NEAR * now and claimed <= max(now, recorded):
            break
    return now


def _wall_over_floor(facts: Facts, work: float | None, measured: float) -> float | NotRecorded:
    """Wall time over the least time that the tokens need, or the operations that the run counted."""
    if facts.wall_seconds is None:
        return unrecorded(facts, "wall_seconds")
    trained = facts.trained_tokens
    operations = trained * work if trained and work is not None else facts.total_flops
    return facts.wall_seconds * measured / operations if operations else unrecorded(facts, "flops_per_token")
