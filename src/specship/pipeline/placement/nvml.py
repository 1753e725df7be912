"""What NVIDIA's driver says of one card, through NVML; the library `nvidia-ml-py` is optional.

A card is asked for by the uuid that the framework computes on, so that `CUDA_VISIBLE_DEVICES` and another
order of cards mislead nobody. Source: NVIDIA Management Library, API reference.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

from specship.errors import RequirementMissing
from specship.pipeline.placement.records import Card

_MAPS: Final = Path("/proc/self/maps")


class DriverLost(RequirementMissing):
    """The driver does not answer, or answers of another card."""


class DriverCard:
    """One card, by the driver."""

    def __init__(self, uuid: str) -> None:
        """Find the card; what is in use there now is nobody's of this run.

        Raises:
            DriverLost: `nvidia-ml-py` or the driver's library is not here, or does not know the card.
        """
        try:
            import pynvml
        except ModuleNotFoundError as error:
            raise DriverLost(
                "the package nvidia-ml-py is not installed", mend="pip install 'specship[cuda]'"
            ) from error
        self._nvml = pynvml
        self.uuid = uuid
        self._handle = self._ask("nvmlInit") or self._ask("nvmlDeviceGetHandleByUUID", uuid.encode())
        told = _text(self._ask("nvmlDeviceGetUUID", self._handle))
        if told != uuid:
            raise DriverLost(
                f"the driver was asked for the card {uuid} and answers for {told}",
                mend="see what `nvidia-smi -L` lists; the driver may have to be loaded again",
            )
        self._before = self._used_bytes()

    def _ask(self, function: str, *arguments: Any) -> Any:
        try:
            return getattr(self._nvml, function)(*arguments)
        except (self._nvml.NVMLError, OSError, AttributeError) as error:
            raise DriverLost(f"{function}: {error}", why="nothing is known of a card without it") from error

    def _perhaps(self, function: str, *arguments: Any) -> Any:
        """An answer that not every card has."""
        try:
            return self._ask(function, *arguments)
        except DriverLost:
            return None

    def card(self) -> Card:
        """Its name and sizes.

        Raises:
            DriverLost: the driver does not answer.
        """
        major, minor = self._ask("nvmlDeviceGetCudaComputeCapability", self._handle)
        mig = self._perhaps("nvmlDeviceGetMigMode", self._handle)
        return Card(
            name=_text(self._ask("nvmlDeviceGetName", self._handle)),
            uuid=self.uuid,
            driver=_text(self._ask("nvmlSystemGetDriverVersion")),
            capability=f"{major}.{minor}",
            memory_bytes=int(self._ask("nvmlDeviceGetMemoryInfo", self._handle).total),
            mig=bool(mig and mig[0]),
        )

    def _used_bytes(self) -> int:
        return int(self._ask("nvmlDeviceGetMemoryInfo", self._handle).used)

    def figures(self) -> dict[str, Any]:
        """What a `DeviceSample` says of the card: memory, other processes, power and clock.

        Raises:
            DriverLost: the driver does not answer.
        """
        found = self._ask("nvmlDeviceGetComputeRunningProcesses", self._handle)
        processes = {int(one.pid): one.usedGpuMemory for one in found}
        used, own = self._used_bytes(), processes.get(os.getpid())
        milliwatts = self._perhaps("nvmlDeviceGetPowerUsage", self._handle)
        return {
            "own_memory_bytes": max(0, used - self._before) if own is None else own,
            "memory_known_by": "growth" if own is None else "process",
            "used_bytes": used,
            "other_processes": len(processes.keys() - {os.getpid()}),
            "power_watts": None if milliwatts is None else milliwatts / 1000,
            "clock_mhz": self._perhaps("nvmlDeviceGetClockInfo", self._handle, self._nvml.NVML_CLOCK_SM),
        }

    def library(self) -> str:
        """The file of the driver's library that this process loaded."""
        lines = _MAPS.read_text(encoding="utf-8", errors="replace").splitlines() if _MAPS.exists() else []
        files = [line.split(maxsplit=5)[5] for line in lines if "libnvidia-ml.so" in line]
        return os.path.realpath(files[0]) if files else ""


def _text(value: str | bytes) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else value
