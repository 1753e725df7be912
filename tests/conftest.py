"""What all tests share."""

import atexit
import gc
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.models.once import SHARED

pytest_plugins = ["pytester"]

# The suite's own settings must not reach the suites that it starts.
os.environ.pop("PYTEST_ADDOPTS", None)
# A worker of pytest-xdist has a width; what it starts writes into pipes, which have none.
os.environ.pop("COLUMNS", None)

if "PYTEST_XDIST_WORKER" in os.environ:
    # The workers have the cores between them: a second thread in each only waits for the first.
    os.environ.setdefault("OMP_NUM_THREADS", "1")

IN_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - folders with names of their own are made in there
MOST_BYTES: Final = 4 << 30
"""More than the tests ever have in files at once."""


def write_in_memory() -> None:
    """Have the folders of tests in memory where there is room: on a disk, the tests mostly wait for it to flush."""
    try:
        room = os.statvfs(IN_MEMORY)
    except OSError:
        return
    usable = os.access(IN_MEMORY, os.W_OK) and not room.f_flag & os.ST_NOEXEC
    if usable and room.f_bavail * room.f_frsize > MOST_BYTES:
        os.environ["TMPDIR"] = tempfile.tempdir = str(IN_MEMORY)


if "TMPDIR" not in os.environ:  # else somebody has said where
    write_in_memory()

if SHARED not in os.environ:  # else this is a worker, and whoever started it has made the folder
    os.environ[SHARED] = tempfile.mkdtemp(prefix="specship-tests-")
    atexit.register(shutil.rmtree, os.environ[SHARED], ignore_errors=True)


# Ten thousand tests are collected into objects that live to the end: looking through them for garbage each time
# that more have come finds none, and takes about an eighth of the time of collecting them.
gc.disable()


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """From here on what tests leave is collected as ever, what was collected for them is not looked at."""
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def healthy() -> Path:
    """One healthy run for every test that doctors a copy of it."""
    from tests.models.sick_runs import healthy_run

    return healthy_run()


@pytest.fixture
def one_thread() -> Iterator[None]:
    """For models too small for two threads, which only wait for each other on a busy machine."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
