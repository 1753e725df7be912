"""What driver and kernel say of the device that did the work, against what the log claims of it."""

from __future__ import annotations

from collections.abc import Sequence

from specship.errors import NotRecorded
from specship.evidence.environment import found_devices
from specship.pipeline.placement.records import DeviceSample, Placement, read_samples
from specship.pipeline.run_logs.facts import OURS, Facts
from specship.pipeline.run_logs.needs import judged_facts
from specship.pipeline.training.run_reading import read_run
from specship.probes.probe import Artifact, Figures, probe


@probe(
    "run.placement",
    checked="steps",
    steps="steps",
    samples="samples",
    kind="text",
    card="text",
    missing_facts="facts",
    first_sample="seconds",
    longest_delay="seconds",
    unsampled_steps="steps",
    lost_samples="samples",
    steps_claimed_elsewhere="steps",
    other_cards="cards",
    unknown_cards="cards",
    least_own_memory_over_weights="ratio",
    highest_power="watts",
)
def run_placement(run: Artifact) -> Figures:
    """Samples of the device beside the log: who was asked, what it named, and which steps are covered.

    `first_sample` is the time between the start of the first step and the first sample; `longest_delay` that
    between the record of a step and the sample that covers it. `other_cards` are named by the driver and not
    the one that the framework computed on; `unknown_cards` are not among those of the machine that judges, as
    its driver and its kernel both list them. Memory is that of the run's own process by the driver, over four
    bytes a parameter; what nobody could say counts as none.

    Raises:
        DamagedArtifact: log, record or samples of the run cannot be read.
        NotRecorded: the run asked neither driver nor kernel.
    """
    facts = judged_facts(run.path)
    if facts.kind != OURS:
        raise NotRecorded(
            f"not recorded: what the driver said of the device; a {facts.kind} has no place for it"
        )
    record = read_run(run.path)
    placement, samples = record.placement, read_samples(run.path)
    if placement is None or not samples:
        raise NotRecorded(
            "not recorded: what the driver said of the device",
            why="the run is from before drivers were asked",
            mend="make the run again; what was not written down while it ran stays unknown",
        )
    begun = [sample.seconds for sample in samples if sample.first_step == 0]
    least = min(samples, key=lambda sample: sample.own_memory_bytes or 0)
    elsewhere = _claimed_elsewhere(facts, samples)
    cards = {placement.computed_on, *(sample.uuid for sample in samples)} - {""}
    named = {placement.card.uuid} if placement.card else set[str]()
    power = [sample.power_watts for sample in samples if sample.power_watts is not None]
    return {
        "steps": len(facts.steps),
        "samples": len(samples),
        "kind": samples[-1].kind,
        "card": placement.card.name if placement.card else "",
        "missing_facts": len(missing := _missing(placement)),
        "first_sample": min(begun, default=None),
        "longest_delay": max(sample.delay_seconds for sample in samples),
        "unsampled_steps": len(_unsampled(facts, samples)),
        "lost_samples": sum(bool(sample.lost) for sample in samples),
        "steps_claimed_elsewhere": len(elsewhere),
        "other_cards": len((cards | named) - {"", placement.computed_on}),
        "unknown_cards": len(cards - {device.uuid for device in found_devices()}),
        "least_own_memory_over_weights": (least.own_memory_bytes or 0) / (4 * record.parameters),
        "highest_power": max(power, default=NotRecorded("not recorded: power; a processor does not say")),
        "notes": [
            *(f"not named: {name}" for name in missing),
            *(f"step {step}: the log says {said}, the sample {seen}" for step, said, seen in elsewhere[:3]),
            f"least memory at step {least.first_step}, by {least.memory_known_by}",
            *([f"the driver was not asked: {placement.why}"] if placement.why else []),
        ],
    }


def _missing(placement: Placement) -> list[str]:
    """Facts that the driver ought to have named."""
    card = placement.card
    if card is None:
        return ["card"]
    facts = {
        "name": card.name,
        "driver": card.driver,
        "memory": card.memory_bytes,
        "capability": card.capability,
    }
    if placement.kind == "cuda":
        facts |= {"uuid": card.uuid}
    return [name for name, value in facts.items() if not value]


def _unsampled(facts: Facts, samples: Sequence[DeviceSample]) -> set[int]:
    covered = {step for sample in samples for step in range(sample.first_step, sample.last_step + 1)}
    return {step.step for step in facts.steps} - covered


def _claimed_elsewhere(facts: Facts, samples: Sequence[DeviceSample]) -> list[tuple[int, str, str]]:
    """Steps whose record names another kind of device than the sample that covers them."""
    kinds = {step: one.kind for one in samples for step in range(one.first_step, one.last_step + 1)}
    return [
        (step.step, step.device or "", kinds[step.step])
        for step in facts.steps
        if step.step in kinds and (step.device or "").partition(":")[0] != kinds[step.step]
    ]
