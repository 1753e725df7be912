"""The hosted checks, `.ci/run` and the Makefile run the same steps."""

import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([a-z]+):", MAKEFILE, re.MULTILINE))
LOCAL = re.findall(r"^make ([a-z]+)$", (ROOT / ".ci" / "run").read_text(encoding="utf-8"), re.MULTILINE)
_TEXT = (ROOT / ".github" / "workflows" / "check.yml").read_text(encoding="utf-8")


def _workflow() -> dict[Any, Any]:
    """A YAML 1.1 reader takes the key `on` for a truth value."""
    read = yaml.safe_load(_TEXT)
    assert isinstance(read, dict)
    return {"on" if key is True else key: value for key, value in read.items()}


def _steps() -> list[dict[str, Any]]:
    return [step for job in _workflow()["jobs"].values() for step in job["steps"]]


def test_each_hosted_step_is_a_target_that_exists() -> None:
    runs = [step["run"] for step in _steps() if "run" in step]
    targets = [
        re.fullmatch(r"make ([a-z]+)(?: PYTHON=python\$\{\{ matrix\.python \}\})?", run) for run in runs
    ]

    assert [run for run, target in zip(runs, targets, strict=True) if target is None] == []
    assert {target[1] for target in targets if target} == {"check", "docs", "test"} <= TARGETS


def test_the_local_run_has_the_same_steps_and_the_longer_tests() -> None:
    hosted = {step["run"].split()[1] for step in _steps() if "run" in step}

    assert LOCAL == ["check", "docs", "test", "slow"]
    assert set(LOCAL) == hosted | {"slow"} <= TARGETS


def test_tests_run_on_every_python_that_is_declared() -> None:
    declared = re.findall(
        r'"Programming Language :: Python :: (3\.\d+)"', (ROOT / "pyproject.toml").read_text()
    )

    assert (
        _workflow()["jobs"]["tests"]["strategy"]["matrix"]["python"] == declared == ["3.11", "3.12", "3.13"]
    )


def test_hosted_checks_read_only_and_name_versions_of_actions() -> None:
    workflow = _workflow()

    assert set(workflow["on"]) == {"push", "pull_request"}
    assert workflow["permissions"] == {"contents": "read"}
    assert all(re.search(r"@v\d+", step["uses"]) for step in _steps() if "uses" in step)
    assert "secrets." not in _TEXT


def test_every_target_is_told_by_help_and_is_no_file() -> None:
    """`make` alone says what there is."""
    told = set(re.findall(r'@echo "make ([a-z]+) ', MAKEFILE))
    phony = re.search(r"^\.PHONY: (.+)$", MAKEFILE, re.MULTILINE)

    assert phony
    assert set(phony[1].split()) == TARGETS
    assert told == TARGETS - {"clean", "help"}
