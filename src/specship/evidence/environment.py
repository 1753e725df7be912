"""What machine and software a measurement was taken with."""

from __future__ import annotations

import ctypes
import functools
import importlib.metadata
import os
import platform
import shutil
import subprocess
from pathlib import Path
from typing import Final

from specship.digests import sha256_bytes
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


def _git(root: Path, *arguments: str) -> str | None:
    git = shutil.which("git")
    if git is None:
        return None
    answer = subprocess.run(  # noqa: S603 - fixed arguments
        [git, "-C", str(root), *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ.get("PATH", ""), "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"},
    )
    return answer.stdout.strip() if answer.returncode == 0 else None


@functools.cache
def environment(root: Path) -> Environment:
    """The environment of this process; a folder outside git counts as dirty, at no commit."""
    devices = cuda_devices()
    commit = _git(root, "rev-parse", "HEAD")
    changes = _git(root, "status", "--porcelain", "--untracked-files=all")
    return Environment(
        device=f"cuda: {devices[0]}" if devices else "cpu",
        driver=driver_version(),
        torch=_distribution("torch"),
        python=platform.python_version(),
        platform=f"{platform.system()} {platform.machine()}",
        host=sha256_bytes(platform.node().encode()),
        git_commit=commit or "",
        git_dirty=commit is None or changes != "",
    )
