"""What surrounds a measurement: a false device, code that Python runs at its start, swapped files, sessions that die."""

import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from tests.processes import run_pytest
from tests.projects.small_project import edit

GATE: Final = "GATE-SMALL-001"
LIBRARY: Final = """#include <string.h>
int cuInit(unsigned flags) { return 0; }
int cuDeviceGetCount(int *count) { *count = 1; return 0; }
int cuDeviceGetName(char *name, int length, int device) { strncpy(name, "NVIDIA H200", length); return 0; }
int cuDeviceGetUuid(unsigned char *uuid, int device) { memset(uuid, 0x11, 16); return 0; }
"""
FIGURES: Final = """\
import json, sys
if "specship.suite.judging.measuring" in sys.orig_argv:
    written = json.dumps
    def lie(value, **how):
        if isinstance(value, dict) and value.get("event") == "measured":
            value["figures"]["documents"] = 5000
        return written(value, **how)
    json.dumps = lie
"""
PERCENT: Final = """\
import sys
if not sys.flags.isolated:
    import specship.status.assess as assess
    assess.ship_percent = lambda criteria: 100.0
"""
SWAP: Final = """\
import os, pathlib, threading, time

def swap():
    while True:
        for path in pathlib.Path(".specship/measuring").glob("*/at/corpus/train.jsonl"):
            line = path.read_text().splitlines()[0]
            path.with_name("other").write_text(f"{line}\\n" * 5000)
            os.replace(path.with_name("other"), path)
            return
        time.sleep(0.001)

threading.Thread(target=swap, daemon=True).start()
"""
EXIT: Final = "import os\ndef pytest_sessionfinish():\n    os._exit(0)\n"


class Surroundings(NamedTuple):
    """One attempt in a project whose first gate fails."""

    tries: str
    act: Callable[[Path], None]
    guards: tuple[str, ...]
    says: str
    """Part of the answer, which is not said once the guard is taken out."""
    succeeds: str
    """Part of what is said then."""
    words: tuple[str, ...] = ("pytest", "-m", "ship", "-k", GATE)
    environment: Mapping[str, str] = {}
    """Variables of the command; `{project}` is the folder of the project."""
    installed: Mapping[str, str] = {}
    """Files beside the packages that are installed."""


def stricter(project: Path) -> None:
    """A limit that nobody measured yet, so that no failure of before stands."""
    edit(project / "contracts/small-v1.yaml", "at_least: 1000, unit", "at_least: 2000, unit")


def met(project: Path) -> None:
    """A limit that the corpus meets."""
    edit(project / "contracts/small-v1.yaml", "at_least: 1000, unit", "at_least: 5, unit")


def false_device(project: Path) -> None:
    """A gate that asks for CUDA, and a driver's library in five lines on the path of the loader."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler here")
    met(project)
    edit(project / "contracts/small-v1.yaml", "    probe: small.documents\n    expect:\n      documents", "    probe: small.documents\n    requires: {device: cuda}\n    expect:\n      documents")  # fmt: skip
    edit(project / "pyproject.toml", "[tool.specship]\n", '[tool.specship]\ninherit = ["LD_LIBRARY_PATH"]\n')
    (project / "driver").mkdir()
    (project / "driver/fake.c").write_text(LIBRARY)
    made = project / "driver/libcuda.so.1"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", made, project / "driver/fake.c"], check=True)


def started_by_a_variable(project: Path) -> None:
    """A `sitecustomize` in a folder that a variable names."""
    (project / "evil").mkdir()
    (project / "evil/sitecustomize.py").write_text(PERCENT)


def swapped(project: Path) -> None:
    """Other bytes in the place of those that were hashed, before the probe opens them."""
    stricter(project)
    (project / "conftest.py").write_text(SWAP)


def _judge(project: Path) -> None:
    from specship.specs.project import load_project
    from specship.suite.judging.judge import Judge
    from specship.suite.plan.plan import make_plan

    os.setsid()
    Judge(make_plan(load_project(project))).run(GATE)


def killed(project: Path) -> None:
    """A pass; and a judge that measures again and is killed between its attempt and its statement."""
    met(project)
    done = run_pytest(project, "-m", "ship", "-k", GATE)
    assert done.returncode == 0, done.stdout
    before = len(list(project.glob(".specship/ledger/*.json")))
    child = multiprocessing.get_context("spawn").Process(target=_judge, args=(project,))
    child.start()
    while len(list(project.glob(".specship/ledger/*.json"))) == before:
        time.sleep(0.002)
    assert child.pid is not None
    os.killpg(child.pid, signal.SIGKILL)
    child.join()
    assert list(project.glob(".specship/ledger/*.open")), "it was killed too late"


def ended(project: Path) -> None:
    """A session in which a gate fails, that ends with 0 before it says so or leaves a receipt."""
    stricter(project)
    (project / "conftest.py").write_text(EXIT)
    receipt = project / ".specship/ledger/last-receipt"
    before = receipt.read_text() if receipt.exists() else ""
    done = subprocess.run([sys.executable, "-m", "pytest", "-m", "ship"], cwd=project, capture_output=True, check=False)  # fmt: skip
    assert done.returncode == 0
    assert (receipt.read_text() if receipt.exists() else "") == before
    (project / "conftest.py").unlink()


_STATUS: Final = ("specship", "status", "--format", "json")

ROWS: Final = (
    Surroundings("claim a device by a library of one's own", false_device, ("devices are the kernel's",), "this machine has no CUDA device", "1 passed", environment={"LD_LIBRARY_PATH": "{project}/driver"}),
    Surroundings("run code at the start of what computes", started_by_a_variable, ("commands begin apart",), '"ship_percent": 0.0', '"ship_percent": 100.0', _STATUS, {"PYTHONPATH": "{project}/evil"}),
    Surroundings("run code at the start of what measures", stricter, ("processes begin apart",), "1 failed", "1 passed", installed={"sitecustomize.py": FIGURES}),
    Surroundings("run code from a .pth file", stricter, ("processes begin apart",), "1 failed", "1 passed", installed={"zz-start.pth": "import zz_start\n", "zz_start.py": FIGURES}),
    Surroundings("swap a file between hashing and measuring", swapped, ("copies are hashed again",), "corpus changed while it was measured", "1 passed"),
    Surroundings("be killed between attempt and statement", killed, ("killed attempts are errors",), "left no result: its judge was interrupted", '"verdict": "PASS"', _STATUS),
    Surroundings("end a session before it says what failed", ended, ("judged again",), '"verdict": "FAIL"', '"verdict": "PASS"', _STATUS),
)  # fmt: skip
