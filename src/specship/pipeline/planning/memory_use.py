"""Most memory in use while some work is done, and how much of it was in use before.

On a CPU it is what the process keeps resident. Linux keeps the peak of a process and forgets it when a 5
is written to `/proc/self/clear_refs` (proc_pid_clear_refs(5)); elsewhere only the peak since the process
began is known, which the work cannot have exceeded.
"""

from __future__ import annotations

import contextlib
import resource
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import torch

_STATUS: Final = Path("/proc/self/status")
_FORGET: Final = Path("/proc/self/clear_refs")


@dataclass(frozen=True, slots=True)
class MemoryUse:
    """Bytes; on CUDA what PyTorch has allocated on the device."""

    most: int
    before: int
    """In use when the work began: Python, the libraries, and what was done until then."""
    since_start: bool
    """The peak is that of the whole life of the process, since no later one could be asked for."""


class MemoryWatch:
    """Begun before some work, asked after it."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        if device.type == "cuda":
            import torch

            torch.cuda.reset_peak_memory_stats(device)
            self._before, self._forgot = int(torch.cuda.memory_allocated(device)), True
            return
        self._forgot = False
        with contextlib.suppress(OSError):
            _FORGET.write_text("5")
            self._forgot = _resident("VmHWM") is not None
        self._before = _resident("VmRSS") or 0

    def use(self) -> MemoryUse:
        """The most since the watch began."""
        if self._device.type == "cuda":
            import torch

            most = int(torch.cuda.max_memory_allocated(self._device))
        else:
            most = (_resident("VmHWM") if self._forgot else None) or _peak_of_the_process()
        return MemoryUse(most, self._before, since_start=not self._forgot)


def _resident(name: str) -> int | None:
    """A line of the kernel's account of this process, in bytes; None where it keeps none."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in _STATUS.read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) * 1024
    return None


def _peak_of_the_process() -> int:
    unit = 1 if sys.platform == "darwin" else 1024  # getrusage(2): bytes there, kilobytes elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
