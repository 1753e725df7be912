"""One healthy run for every test that doctors a copy of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.diagnose.sick_runs import PLANTS, train


@pytest.fixture(scope="session")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(tmp_path_factory.mktemp("healthy"), PLANTS["healthy"])
