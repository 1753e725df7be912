"""What a run keeps about the place of its work, read without torch: `placement` of run.json, devices.jsonl.

`placement` is written once a session; a line of `devices.jsonl` is a sample that covers a range of steps.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field

from specship.errors import DamagedArtifact
from specship.json_log import whole_lines
from specship.records import Count, Record, checked

DEVICES: Final = "devices.jsonl"
Kind = Annotated[str, Field(pattern=r"^[a-z]{1,16}$")]
"""`cpu` or `cuda`, as torch names kinds of devices."""
Measured = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class _PlacementPart(Record):
    """Whole numbers are taken where others may stand, as JSON writes them."""

    model_config = ConfigDict(strict=False)


class Card(_PlacementPart):
    """A device as its driver names it; on a CPU as the kernel does."""

    name: str
    uuid: str = ""
    """As NVIDIA's tools print it; a processor has none."""
    driver: str
    """Version of the driver; of the kernel, for a processor."""
    capability: str
    """Compute capability, such as `9.0`; of a processor its architecture."""
    memory_bytes: Count
    mig: bool = False
    """Whether the card is cut into instances (MIG)."""


class Kernels(_PlacementPart):
    """What one step of the run was seen to call."""

    step: Count
    matmul_flops: dict[str, Measured]
    """Operations of plain matrix products by the type of their operands."""
    attention: dict[str, Count]
    """Calls of each attention kernel, forward."""


class Placement(_PlacementPart):
    """Where a session of a run worked."""

    kind: Kind
    source: Literal["nvml", "kernel", "none"]
    """Who was asked; `none` where a CUDA device had no driver library to ask, and `why` says so."""
    why: str = ""
    card: Card | None
    computed_on: str = ""
    """Uuid of the card that the framework computed on; empty on a CPU."""
    known_to_kernel: bool | None = None
    """Whether the kernel's own list names that card; None where it keeps no list."""
    library: str = ""
    """File of the driver's library that answered."""
    pid: Count
    visible_devices: str | None = None
    """`CUDA_VISIBLE_DEVICES` as the process had it; None where it was not set."""
    container: str = ""
    """Kind of container the process is in, as far as it can be seen; empty for none."""
    kernels: Kernels | None = None


class DeviceSample(_PlacementPart):
    """What was seen between two moments; it covers the steps that were recorded since the sample before."""

    first_step: Count
    last_step: Count
    seconds: Measured
    """Since the session's first step began."""
    delay_seconds: Measured
    """Since the oldest of these steps was recorded."""
    kind: Kind
    uuid: str = ""
    own_memory_bytes: Count | None
    """Of the run's own process there; None where nobody could say."""
    memory_known_by: Literal["process", "growth", "nothing"]
    """`process`: the driver lists it under our process id. `growth`: of the whole card since before the model
    was built, where process ids are hidden, as in a container."""
    used_bytes: Count | None = None
    """Of the whole card."""
    other_processes: Count = 0
    """Processes on the card that are not ours."""
    power_watts: Measured | None = None
    clock_mhz: Count | None = None
    deterministic: bool
    lost: str = ""
    """Why the driver gave no answer; empty where it did."""


def read_samples(folder: Path) -> list[DeviceSample]:
    """The samples of a run's folder; none where it is a run from before there were any.

    Raises:
        DamagedArtifact: a line is no sample, or the last one was cut.
    """
    path = folder / DEVICES
    lines, cut = whole_lines(path)
    if cut:
        raise DamagedArtifact("the last line was cut", at=path, mend="resume the run")
    return [checked(DeviceSample, record, path, what="no sample of a device") for _, record in lines]
