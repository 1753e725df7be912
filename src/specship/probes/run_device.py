"""The device asked for, the one each step ran on, and the memory the run's own process had there."""

from __future__ import annotations

from specship.errors import NotRecorded
from specship.pipeline.run_logs.facts import Facts
from specship.pipeline.run_logs.needs import judged_facts, on_word, steps_with, unrecorded, wanted
from specship.probes.probe import Artifact, Figures, probe


@probe(
    "run.device",
    checked="steps",
    steps="steps",
    kind="text",
    device_name="text",
    steps_elsewhere="steps",
    least_memory="bytes",
    least_memory_over_weights="ratio",
)
def run_device(run: Artifact) -> Figures:
    """Steps whose device is not the one asked for, and the least memory in use during a step.

    `kind` is `cpu` or `cuda`. `auto` asks for whatever the run got. Four bytes a parameter is
    the least that the weights take, so less memory than that means that they were elsewhere.

    Where no record of a step names its device, the one that the run as a whole had counts for all of them.

    Raises:
        DamagedArtifact: the log or the record of the run cannot be read.
        NotRecorded: no device is on record.
    """
    facts = judged_facts(run.path)
    devices = _devices(facts)
    asked = facts.device_got if facts.device_asked == "auto" else facts.device_asked
    elsewhere = [(step, device) for step, device in devices if asked is None or not _is(device, asked)]
    least = _least_memory(facts)
    parameters = facts.parameters
    return {
        "steps": len(facts.steps),
        "kind": devices[-1][1].partition(":")[0],
        "device_name": facts.device_name or unrecorded(facts, "device_name"),
        "steps_elsewhere": unrecorded(facts, "device_asked") if asked is None else len(elsewhere),
        "least_memory": least,
        "least_memory_over_weights": least
        if isinstance(least, NotRecorded)
        else unrecorded(facts, "parameters")
        if parameters is None
        else least / (4 * parameters),
        "notes": [
            *(f"step {step}: on {device}, asked for {asked}" for step, device in elsewhere[:3] if asked),
            *on_word(facts, "device_asked", "device_got", "parameters"),
        ],
    }


def _devices(facts: Facts) -> list[tuple[int, str]]:
    """The device of each step, or that of the whole run for each."""
    try:
        return [(step.step, step.device or "") for step in steps_with(facts, "device")]
    except NotRecorded:
        whole = str(wanted(facts, "device_got"))
        return [(step.step, whole) for step in facts.steps]


def _least_memory(facts: Facts) -> int | NotRecorded:
    try:
        return min(step.device_memory_bytes or 0 for step in steps_with(facts, "device_memory_bytes"))
    except NotRecorded as error:
        return error


def _is(device: str, asked: str) -> bool:
    """Whether a device is the one asked for; `cuda` asks for the first one."""
    return device == asked or (asked == "cuda" and device == "cuda:0")
