"""The small project that sessions run in, in three states."""

import shutil
from pathlib import Path

import pytest

from tests.processes import run_pytest
from tests.projects.small_faults import arm_small
from tests.projects.small_project import make_project


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project")


@pytest.fixture
def armed(project: Path) -> None:
    """Its two gates were seen to fail on their faults, so that a pass of them counts."""
    arm_small(project)


@pytest.fixture(scope="module")
def shipped_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Armed, and a session has passed; not to be changed."""
    folder = make_project(tmp_path_factory.mktemp("shipped") / "project")
    arm_small(folder)
    assert run_pytest(folder, "-m", "ship").returncode == 0
    return folder


@pytest.fixture
def shipped(shipped_once: Path, tmp_path: Path) -> Path:
    """A copy of that."""
    return Path(shutil.copytree(shipped_once, tmp_path / "shipped"))
