"""What all tests share."""

import os
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

# The suite's own settings must not reach the suites that it starts.
os.environ.pop("PYTEST_ADDOPTS", None)


@pytest.fixture(scope="session")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One healthy run for every test that doctors a copy of it."""
    from tests.models.sick_runs import PLANTS, train

    return train(tmp_path_factory.mktemp("healthy"), PLANTS["healthy"])
