"""What a machine has: a device is one that the driver's library and the kernel both name."""

import shutil
import subprocess
from pathlib import Path

import pytest

from specship.evidence.environment import CudaDevice, environment, known_to_kernel, told_devices

LIBRARY = """#include <string.h>
int cuInit(unsigned flags) { return 0; }
int cuDeviceGetCount(int *count) { *count = 1; return 0; }
int cuDeviceGetName(char *name, int length, int device) { strncpy(name, "NVIDIA H200", length); return 0; }
int cuDeviceGetUuid(unsigned char *uuid, int device) { memset(uuid, 0x11, 16); return 0; }
"""
UUID = "GPU-11111111-1111-1111-1111-111111111111"
INFORMATION = """Model: \t\t NVIDIA H200
IRQ:   \t\t 16
GPU UUID: \t {uuid}
Video BIOS: \t 96.00
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A driver's library in five lines, as anybody can put one on LD_LIBRARY_PATH."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler here")
    folder = tmp_path_factory.mktemp("driver")
    (folder / "fake.c").write_text(LIBRARY)
    made = folder / "libcuda.so.1"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", made, folder / "fake.c"], check=True)
    return made


def kernel(folder: Path, *uuids: str) -> Path:
    for number, uuid in enumerate(uuids):
        path = folder / f"0000:{number:02x}:00.0" / "information"
        path.parent.mkdir(parents=True)
        path.write_text(INFORMATION.format(uuid=uuid))
    return folder


def test_a_library_alone_is_no_device(library: Path, tmp_path: Path) -> None:
    """It is one where the kernel's driver lists the same device."""
    told = told_devices(str(library))

    assert told == (CudaDevice("NVIDIA H200", UUID),)
    assert known_to_kernel(told, tmp_path / "none") == ()
    assert known_to_kernel(told, kernel(tmp_path / "other", UUID.replace("1", "2"))) == ()
    assert known_to_kernel(told, kernel(tmp_path / "same", UUID.replace("1", "2"), UUID)) == told


def test_a_library_that_is_none_or_lacks_a_function(tmp_path: Path) -> None:
    (tmp_path / "libcuda.so.1").write_text("no library")

    assert told_devices(str(tmp_path / "libcuda.so.1")) == ()
    assert told_devices("libm.so.6") == ()


def test_what_was_let_through_is_written_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLUSTER", "one")
    monkeypatch.setenv("LD_LIBRARY_PATH", "/cluster/lib")
    monkeypatch.setenv("UNSAID", "secret")
    environment.cache_clear()
    found = environment(tmp_path, inherited=("CLUSTER",))

    assert found.inherited == {"CLUSTER": "one", "LD_LIBRARY_PATH": "/cluster/lib"}
    assert found.git_dirty
