"""The place where this process works: a card by its driver, or the processor by the kernel."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from specship.evidence.environment import CudaDevice, card_is_listed
from specship.pipeline.device import device_name, memory_bytes
from specship.pipeline.placement.nvml import DriverCard, DriverLost
from specship.pipeline.placement.records import Card, Placement

if TYPE_CHECKING:
    import torch

_CGROUP: Final = Path("/proc/1/cgroup")
_CONTAINERS: Final = {"/.dockerenv": "docker", "/run/.containerenv": "podman"}
_NAMED: Final = ("docker", "kubepods", "containerd", "lxc", "libpod")


def uuid_of(device: torch.device) -> str:
    """The uuid of the card that torch computes on, as the driver prints it; empty for a processor."""
    if device.type != "cuda":
        return ""
    import torch

    return f"GPU-{torch.cuda.get_device_properties(device).uuid}"


class WorkDevice:
    """A device of this process, asked again and again; made before anything is allocated there."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.uuid = uuid_of(device)
        self._card: DriverCard | None = None
        self._why = ""
        if device.type == "cuda":
            try:
                self._card = DriverCard(self.uuid)
            except DriverLost as error:
                self._why = str(error)

    @property
    def answers(self) -> bool:
        """Whether there was a driver to ask when the place was made; one that is gone later is lost."""
        return self._card is not None

    def placement(self) -> Placement:
        """What is known of it as a whole."""
        on_cuda = self.device.type == "cuda"
        card, why = None, self._why
        if not on_cuda:
            card = _processor(self.device)
        elif self._card is not None:
            try:
                card = self._card.card()
            except DriverLost as error:
                why = str(error)
        return Placement(
            kind="cuda" if on_cuda else "cpu",
            source="kernel" if not on_cuda else "nvml" if card else "none",
            why=why,
            card=card,
            computed_on=self.uuid,
            known_to_kernel=card_is_listed(CudaDevice("", self.uuid)) if on_cuda else None,
            library=self._card.library() if self._card else "",
            pid=os.getpid(),
            visible_devices=os.environ.get("CUDA_VISIBLE_DEVICES"),
            container=container(),
        )

    def figures(self) -> dict[str, Any]:
        """Fields of a `DeviceSample` that the device gives.

        A driver that gives no answer is no error here: `lost` says why, and whoever trains decides.
        """
        import torch

        shared = {
            "kind": "cuda" if self.device.type == "cuda" else "cpu",
            "uuid": self.uuid,
            "deterministic": torch.are_deterministic_algorithms_enabled(),
        }
        if self.device.type != "cuda":
            memory = memory_bytes(self.device)
            return {**shared, "own_memory_bytes": memory, "memory_known_by": "process"}
        nothing = {"own_memory_bytes": None, "memory_known_by": "nothing"}
        if self._card is None:
            return {**shared, **nothing, "lost": self._why}
        try:
            return {**shared, **self._card.figures()}
        except DriverLost as error:
            return {**shared, **nothing, "lost": str(error)}


def _processor(device: torch.device) -> Card:
    return Card(
        name=device_name(device),
        driver=f"{platform.system()} {platform.release()}",
        capability=platform.machine(),
        memory_bytes=os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"),
    )


def container() -> str:
    """The kind of container that this process is in, as far as it can be seen; empty for none."""
    for path, kind in _CONTAINERS.items():
        if Path(path).exists():
            return kind
    try:
        group = _CGROUP.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return next((name for name in _NAMED if name in group), "")
