"""A card by its driver's library: what it says is taken as its word, and the kernel is asked beside it.

The library here is the planted fault itself: a shim that claims a card, as anybody can put one on LD_LIBRARY_PATH.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

pytest.importorskip("pynvml")

UUID: Final = "GPU-11111111-1111-1111-1111-111111111111"
SHIM: Final = """
#include <string.h>
#include <stdlib.h>
#include <unistd.h>
typedef struct { unsigned long long total, free, used; } memory;
typedef struct { unsigned pid; unsigned long long used; unsigned gpu, compute; } process;
static int calls;
static int gone(void) { return getenv("SHIM_GONE") && ++calls > atoi(getenv("SHIM_GONE")); }
int nvmlInitWithFlags(unsigned flags) { return 0; }
int nvmlInit_v2(void) { return 0; }
const char *nvmlErrorString(int code) { return "GPU is lost"; }
int nvmlDeviceGetHandleByUUID(const char *uuid, void **handle) { *handle = (void *) 1; return 0; }
int nvmlDeviceGetUUID(void *handle, char *text, unsigned size) {
  const char *other = getenv("SHIM_UUID");
  strncpy(text, other ? other : "CLAIMED", size); return 0; }
int nvmlDeviceGetName(void *handle, char *text, unsigned size) { strncpy(text, "NVIDIA H200", size); return 0; }
int nvmlSystemGetDriverVersion(char *text, unsigned size) { strncpy(text, "580.1", size); return 0; }
int nvmlDeviceGetCudaComputeCapability(void *handle, int *major, int *minor) { *major = 9; *minor = 0; return 0; }
int nvmlDeviceGetMigMode(void *handle, unsigned *now, unsigned *later) { return 3; }
int nvmlDeviceGetMemoryInfo(void *handle, memory *found) {
  static unsigned long long used = 1000;
  if (gone()) return 15;
  found->total = 150000000000ULL; found->used = used; used += 4000; return 0; }
int nvmlDeviceGetComputeRunningProcesses_v3(void *handle, unsigned *count, process *found) {
  unsigned room = *count; *count = 2;
  if (room < 2) return 7;
  found[0].pid = 1; found[0].used = 70; found[1].pid = getenv("SHIM_HIDDEN") ? 2 : getpid(); found[1].used = 555;
  return 0; }
int nvmlDeviceGetPowerUsage(void *handle, unsigned *milliwatts) { *milliwatts = 612500; return 0; }
int nvmlDeviceGetClockInfo(void *handle, int kind, unsigned *clock) { *clock = 1980; return 0; }
"""
ASK: Final = """
import json, sys
from specship.errors import SpecshipError
from specship.evidence.environment import CudaDevice, card_is_listed
from specship.pipeline.placement.nvml import DriverCard
try:
    card = DriverCard(sys.argv[1])
    said = {"card": card.card().model_dump(), "library": card.library(), "listed": card_is_listed(CudaDevice("", sys.argv[1]))}
    said["figures"] = [card.figures()]
    said["figures"].append(card.figures())
except SpecshipError as error:
    said = {"error": str(error)}
print(json.dumps(said))
"""


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a library that claims to be the driver's."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler here")
    folder = tmp_path_factory.mktemp("driver")
    (folder / "shim.c").write_text(SHIM.replace("CLAIMED", UUID))
    made = folder / "libnvidia-ml.so.1"
    subprocess.run([compiler, "-shared", "-fPIC", "-w", "-o", made, folder / "shim.c"], check=True)
    return folder


def ask(shim: Path | None, uuid: str = UUID, **variables: str) -> dict[str, Any]:
    """What a process of its own is told of a card."""
    environment = {**os.environ, **variables} | ({"LD_LIBRARY_PATH": str(shim)} if shim else {})
    ran = subprocess.run(
        [sys.executable, "-c", ASK, uuid], env=environment, capture_output=True, text=True, check=True
    )
    said: dict[str, Any] = json.loads(ran.stdout)
    return said


def test_a_shim_is_asked_and_the_kernel_does_not_know_its_card(shim: Path) -> None:
    """Its own word is complete; that there is no such card is said beside it."""
    said = ask(shim)

    assert said["card"] == {
        "name": "NVIDIA H200",
        "uuid": UUID,
        "driver": "580.1",
        "capability": "9.0",
        "memory_bytes": 150_000_000_000,
        "mig": False,
    }
    assert said["library"] == str(shim / "libnvidia-ml.so.1")
    assert not said["listed"]
    first = said["figures"][0]
    assert (first["own_memory_bytes"], first["memory_known_by"], first["other_processes"]) == (
        555,
        "process",
        1,
    )
    assert (first["power_watts"], first["clock_mhz"]) == (612.5, 1980)


def test_hidden_process_ids_leave_the_growth_of_the_card(shim: Path) -> None:
    """What was in use before the run is not the run's; another process is still seen."""
    figures = ask(shim, SHIM_HIDDEN="1")["figures"]

    assert [one["memory_known_by"] for one in figures] == ["growth", "growth"]
    assert figures[0]["own_memory_bytes"] < figures[1]["own_memory_bytes"]
    assert figures[0]["other_processes"] == 2


@pytest.mark.parametrize(
    ("variables", "said"),
    [({"SHIM_UUID": UUID.replace("1", "2")}, "answers for GPU-2222"), ({"SHIM_GONE": "2"}, "GPU is lost")],
    ids=["another card", "driver gone"],
)
def test_a_driver_that_cannot_be_believed(shim: Path, variables: dict[str, str], said: str) -> None:
    assert said in ask(shim, **variables)["error"]


def test_no_driver_at_all() -> None:
    """The reason names the call that found none."""
    assert "nvmlInit" in ask(None)["error"]
