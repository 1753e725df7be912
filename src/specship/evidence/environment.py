"""What machine and software a measurement was taken with."""

from __future__ import annotations

import ctypes
import functools
import importlib.metadata
import os
import platform
import re
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

from specship.digests import sha256_bytes
from specship.evidence.committed import committed
from specship.evidence.startup import altered_files, startup_files
from specship.evidence.statement import Environment

_DRIVER_NODES: Final = ("/dev/nvidiactl", "/proc/driver/nvidia/version", "/dev/dxg")
_LISTED: Final = Path("/proc/driver/nvidia/gpus")
"""Where the kernel's driver lists the devices that there are."""
_WINDOWS: Final = Path("/dev/dxg")
"""The device node of WSL, where the driver is Windows' and lists nothing here."""
_LOADER: Final = ("LD_", "DYLD_")
"""How variables begin that the system's loader obeys."""


class CudaDevice(NamedTuple):
    """A device as the driver's library names it."""

    name: str
    uuid: str
    """As NVIDIA's tools print it: `GPU-` and 32 hexadecimal digits in five groups."""


@functools.cache
def found_devices() -> tuple[CudaDevice, ...]:
    """The CUDA devices that the driver's library reports and the kernel knows; empty without a driver.

    Asks the driver's own library, so that no framework is imported for the question.
    """
    if not any(Path(node).exists() for node in _DRIVER_NODES):
        return ()  # a library of that name without the kernel's driver is not a device
    told = told_devices("libcuda.so.1")
    if _WINDOWS.is_char_device() and not _LISTED.exists():
        return told
    return known_to_kernel(told, _LISTED)


def cuda_devices() -> tuple[str, ...]:
    """Names of the CUDA devices; empty without a driver."""
    return tuple(device.name for device in found_devices())


def told_devices(library: str) -> tuple[CudaDevice, ...]:
    """The devices that a library says there are. Source: the CUDA driver API."""
    try:
        driver = ctypes.CDLL(library)
        count = ctypes.c_int()
        if driver.cuInit(0) != 0 or driver.cuDeviceGetCount(ctypes.byref(count)) != 0:
            return ()
        found = []
        for index in range(count.value):
            text, own = ctypes.create_string_buffer(256), ctypes.create_string_buffer(16)
            if (
                driver.cuDeviceGetName(text, len(text), index) == 0
                and driver.cuDeviceGetUuid(own, index) == 0
            ):
                name = text.value.decode(errors="replace")
                found.append(CudaDevice(name, f"GPU-{uuid.UUID(bytes=own.raw)}"))
    except (OSError, AttributeError):  # no such library, or one without these functions
        return ()
    return tuple(found)


def known_to_kernel(told: Iterable[CudaDevice], listed: Path) -> tuple[CudaDevice, ...]:
    """Of some devices those that the kernel lists too: a library is a file, and anybody can write one."""
    texts = [path.read_text(encoding="ascii", errors="replace") for path in listed.glob("*/information")]
    uuids = {
        match[1].lower() for text in texts for match in re.finditer(r"GPU UUID:\s*(GPU-[0-9a-fA-F-]+)", text)
    }
    return tuple(device for device in told if device.uuid.lower() in uuids)


def card_is_listed(card: CudaDevice) -> bool | None:
    """Whether the kernel's own list names a card; None where it keeps no list, as under WSL."""
    return bool(known_to_kernel((card,), _LISTED)) if _LISTED.exists() else None


def driver_version() -> str:
    """The line in which NVIDIA's kernel driver names itself; empty without one."""
    path = Path("/proc/driver/nvidia/version")
    return path.read_text(encoding="ascii", errors="replace").splitlines()[0] if path.is_file() else ""


def _distribution(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


@functools.cache
def environment(root: Path, folders: tuple[Path, ...] = (), inherited: tuple[str, ...] = ()) -> Environment:
    """The environment of this process; a folder outside git counts as dirty, at no commit.

    `folders` are those that the project reads: they have to be committed too. `inherited` are variables
    that the project lets through to what measures.
    """
    devices = found_devices()
    found = committed(root, folders)
    return Environment(
        device=f"cuda: {devices[0].name}" if devices else "cpu",
        driver=driver_version(),
        torch=_distribution("torch"),
        python=platform.python_version(),
        platform=f"{platform.system()} {platform.machine()}",
        host=sha256_bytes(platform.node().encode()),
        git_commit=found.commit,
        git_dirty=not found.commit or bool(found.differs),
        device_uuid=devices[0].uuid if devices else "",
        device_uuids=tuple(device.uuid for device in devices),
        inherited={
            name: value
            for name, value in sorted(os.environ.items())
            if name in inherited or name.startswith(_LOADER)
        },
        startup=startup_files(),
        altered=altered_files(),
    )
