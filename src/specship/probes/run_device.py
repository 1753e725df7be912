"""The device asked for, the one each step ran on, and the memory the run's own process had there."""

from __future__ import annotations

from specship.pipeline.training.run_reading import read_run, read_steps
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

    Raises:
        DamagedArtifact: the log or the record of the run cannot be read.
    """
    record = read_run(run.path)
    steps = read_steps(run.path)
    asked = record.device_got if record.device_asked == "auto" else record.device_asked
    elsewhere = [step for step in steps if not _is(str(step["device"]), asked)]
    least = min(int(step["device_memory_bytes"]) for step in steps)
    return {
        "steps": len(steps),
        "kind": str(steps[-1]["device"]).partition(":")[0],
        "device_name": record.device_name,
        "steps_elsewhere": len(elsewhere),
        "least_memory": least,
        "least_memory_over_weights": least / (4 * record.parameters),
        "notes": [f"step {s['step']}: on {s['device']}, asked for {asked}" for s in elsewhere[:3]],
    }


def _is(device: str, asked: str) -> bool:
    """Whether a device is the one asked for; `cuda` asks for the first one."""
    return device == asked or (asked == "cuda" and device == "cuda:0")
