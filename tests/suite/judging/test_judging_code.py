"""Which changes of specship make every verdict stale, and which make none."""

from pathlib import Path

import pytest

import specship
from specship.code_digests import CodeReader
from specship.suite.judging import judging_code
from specship.version import VERSION
from tests.places import SOURCE

JUDGES = (
    "contracts/expectation.py", "isolated_start.py", "suite/judging/fence.py", "suite/judging/measuring.py", "contracts/judging.py", "contracts/measurement.py", "evidence/statement.py",
    "probes/probe.py", "suite/artifacts/store.py", "suite/judging/judge.py", "units.py",
)  # fmt: skip
JUDGES_NOT = ("probes/run_log.py", "pipeline/training/trainer.py", "lint/running.py", "report/ship/text.py")


def digest_with(tmp_path: Path, changed: str, more: str) -> str:
    """Of a copy of the package (links to its files) in which one file has more in it."""
    package = tmp_path / "specship"
    for path in SOURCE.rglob("*.py"):
        place = package / path.relative_to(SOURCE)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(path)
    file = package / changed
    text = file.read_text()
    file.unlink()
    file.write_text(text + more)
    reader = CodeReader({"specship": package})
    return reader.digest(judging_code._JUDGE, apart=judging_code._COMPARED_OTHERWISE)


@pytest.mark.parametrize("file", JUDGES)
def test_what_judges_counts(file: str, tmp_path: Path) -> None:
    assert digest_with(tmp_path, file, "\nMORE = 1\n") != judging_code.judged_by().code


@pytest.mark.parametrize("file", JUDGES_NOT)
def test_what_has_a_digest_of_its_own_or_only_shows_does_not(file: str, tmp_path: Path) -> None:
    assert digest_with(tmp_path, file, "\nMORE = 1\n") == judging_code.judged_by().code


def test_prose_does_not_count(tmp_path: Path) -> None:
    assert digest_with(tmp_path, JUDGES[1], "\n# a remark\n") == judging_code.judged_by().code


def test_the_version_is_named() -> None:
    assert judging_code.judged_by().version == VERSION == specship.__version__
