"""What all tests share."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from tests.models.once import SHARED

pytest_plugins = ["pytester"]

# The suite's own settings must not reach the suites that it starts.
os.environ.pop("PYTEST_ADDOPTS", None)

if "PYTEST_XDIST_WORKER" in os.environ:
    # The workers have the cores between them: a second thread in each only waits for the first.
    os.environ.setdefault("OMP_NUM_THREADS", "1")

if SHARED not in os.environ:  # else this is a worker, and whoever started it has made the folder
    os.environ[SHARED] = tempfile.mkdtemp(prefix="specship-tests-")
    atexit.register(shutil.rmtree, os.environ[SHARED], ignore_errors=True)


@pytest.fixture(scope="session")
def healthy() -> Path:
    """One healthy run for every test that doctors a copy of it."""
    from tests.models.sick_runs import healthy_run

    return healthy_run()
