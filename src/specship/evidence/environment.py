"""What machine and software a measurement was taken with."""

from __future__ import annotations

import ctypes
import functools
import importlib.metadata
import platform
from pathlib import Path
from typing import Final

from specship.digests import sha256_bytes
from specship.evidence.committed import committed
from specship.evidence.statement import Environment

_DRIVER_NODES: Final = ("/dev/nvidiactl", "/proc/driver/nvidia/version", "/dev/dxg")


@functools.cache
def cuda_devices() -> tuple[str, ...]:
    """Names of the CUDA devices that the driver reports; empty without a driver.

    Asks the driver's own library, so that no framework is imported for the question.
    """
    if not any(Path(node).exists() for node in _DRIVER_NODES):
        return ()  # a library of that name without the kernel's driver is not a device
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return ()
    count = ctypes.c_int()
    if driver.cuInit(0) != 0 or driver.cuDeviceGetCount(ctypes.byref(count)) != 0:
        return ()
    names = []
    for index in range(count.value):
        text = ctypes.create_string_buffer(256)
        if driver.cuDeviceGetName(text, len(text), index) == 0:
            names.append(text.value.decode(errors="replace"))
    return tuple(names)


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
def environment(root: Path, folders: tuple[Path, ...] = ()) -> Environment:
    """The environment of this process; a folder outside git counts as dirty, at no commit.

    `folders` are those that the project reads: they have to be committed too.
    """
    devices = cuda_devices()
    found = committed(root, folders)
    return Environment(
        device=f"cuda: {devices[0]}" if devices else "cpu",
        driver=driver_version(),
        torch=_distribution("torch"),
        python=platform.python_version(),
        platform=f"{platform.system()} {platform.machine()}",
        host=sha256_bytes(platform.node().encode()),
        git_commit=found.commit,
        git_dirty=not found.commit or bool(found.differs),
    )
