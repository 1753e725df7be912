"""The action and the hooks: their steps, read from the YAML and run in real repositories."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.places import ROOT
from tests.processes import SCRIPTS, script
from tests.projects.histories import git
from tests.projects.merging import CONTRACT, Merging, commit
from tests.projects.small_project import edit

ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
HOOKS: list[dict[str, Any]] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]
ENVIRONMENT = os.environ | {"PATH": f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}"}


@pytest.fixture(scope="module")
def merging(tmp_path_factory: pytest.TempPathFactory) -> Merging:
    built = Merging(tmp_path_factory.mktemp("merging"), tmp_path_factory.mktemp("keys"))
    built.branch("harmless")
    (built.folder / "README.md").write_text("Read me.\n")
    commit(built.folder, "harmless")
    built.branch("weaker")
    edit(built.folder / CONTRACT, "at_most: 2.2", "at_most: 4.7")
    commit(built.folder, "weaker")
    built.branch("unreadable")
    edit(built.folder / CONTRACT, "ship_blocking: true", 'ship_blocking: "::error::`yes`"')
    commit(built.folder, "unreadable")
    return built


def value(text: str, known: Mapping[str, str]) -> str:
    """A text of the action with its expressions filled in: `a || b` is the first that is not empty."""

    def filled(found: re.Match[str]) -> str:
        names = [name.strip() for name in found[1].split("||")]
        return next((known[name] for name in names if known.get(name)), "")

    return re.sub(r"\$\{\{ (.*?) \}\}", filled, text)


def run_step(
    step: Mapping[str, Any], folder: Path, temporary: Path, known: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """A step as a runner of GitHub starts it."""
    own = {name: value(text, known) for name, text in step.get("env", {}).items()}
    files = {name: str(temporary / name) for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT")}
    environment = (
        ENVIRONMENT
        | own
        | files
        | {"RUNNER_TEMP": str(temporary), "GITHUB_ACTION_PATH": known.get("action", "")}
    )
    (temporary / "step.sh").write_text(step["run"])
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(temporary / "step.sh")]
    where = folder / value(step.get("working-directory", "."), known)
    return subprocess.run(command, cwd=where, env=environment, capture_output=True, text=True, check=False)


def test_no_text_of_a_change_becomes_part_of_a_script() -> None:
    """What `${{ }}` writes into a script is obeyed by the shell; values go through the environment."""
    assert ACTION["runs"]["using"] == "composite"
    assert not [step["name"] for step in STEPS if "${{" in step["run"]]
    asked = set(re.findall(r"inputs\.([a-z-]+)", (ROOT / "action.yml").read_text(encoding="utf-8")))
    assert asked == set(ACTION["inputs"])
    assert all(entry["description"] for entry in (*ACTION["inputs"].values(), *ACTION["outputs"].values()))


@pytest.mark.parametrize(
    ("branch", "known", "status", "verdict", "summary"),
    [
        ("harmless", {}, 0, "pass", "## ✅ specship: PASS"),
        ("harmless", {"inputs.fail-under": "70"}, 1, "fail", "`below-floor`"),
        ("weaker", {}, 1, "fail", "### ⚠️ 1 weakening"),
        ("unreadable", {}, 2, "unreadable", "the change could not be read"),
    ],
)
def test_the_step_of_the_action(
    branch: str,
    known: dict[str, str],
    status: int,
    verdict: str,
    summary: str,
    merging: Merging,
    tmp_path: Path,
) -> None:
    merging.branch("checked-out", branch)
    (tmp_path / "GITHUB_STEP_SUMMARY").write_text("Another step was here.\n")
    given = {
        "inputs.folder": ".",
        "github.event.pull_request.base.sha": git(merging.folder, "rev-parse", "base"),
    }
    done = run_step(STEPS[-1], merging.folder, tmp_path, given | known)

    assert done.returncode == status, done.stderr
    told = (tmp_path / "GITHUB_STEP_SUMMARY").read_text()
    assert told.startswith("Another step was here.\n")
    assert summary in told
    outputs = dict(line.split("=", 1) for line in (tmp_path / "GITHUB_OUTPUT").read_text().splitlines())
    assert outputs["verdict"] == verdict
    assert Path(outputs["sarif"]).exists() == (status < 2)
    assert [line for line in done.stdout.splitlines() if line.startswith("::error")] or status != 1
    assert (status == 2) == ("SHIP203" in done.stderr)


@pytest.mark.slow
def test_the_step_that_installs(tmp_path: Path) -> None:
    """What the action holds is what is installed; here without dependencies, into a folder."""
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path / name)
    shutil.copytree(
        ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info")
    )
    environment = {
        "PIP_NO_INDEX": "1",
        "PIP_NO_DEPS": "1",
        "PIP_NO_BUILD_ISOLATION": "0",
        "PIP_TARGET": str(tmp_path / "site"),
    }
    install = STEPS[0] | {"env": environment}
    assert install["if"] == "${{ inputs.install == 'true' }}"
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python").symlink_to(sys.executable)
    done = run_step(install, tmp_path, tmp_path, {"action": str(tmp_path)})

    assert done.returncode == 0, done.stderr
    assert (tmp_path / "site/specship/pull_request/deciding.py").is_file()


def run_hook(identity: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """A hook as pre-commit starts it, without file names."""
    (hook,) = (hook for hook in HOOKS if hook["id"] == identity)
    assert hook["pass_filenames"] is False
    return script(folder, *shlex.split(hook["entry"]))


def test_the_hook_of_lint(merging: Merging) -> None:
    merging.branch("hooked")
    assert run_hook("specship-lint", merging.folder).returncode == 0

    edit(
        merging.folder / CONTRACT,
        "The held-out loss reaches the target.",
        "The loss is at most 2.2 nats a token.",
    )
    done = run_hook("specship-lint", merging.folder)
    assert (done.returncode, "SHIP404" in done.stdout) == (1, True)


def test_the_hook_of_the_gate_looks_at_what_is_staged(merging: Merging) -> None:
    merging.branch("hooked")
    edit(merging.folder / CONTRACT, "at_most: 2.2", "at_most: 4.7")
    assert run_hook("specship-gate", merging.folder).returncode == 0

    git(merging.folder, "add", "-A")
    done = run_hook("specship-gate", merging.folder)
    assert (done.returncode, "weakening-not-named" in done.stdout) == (1, True)


def test_the_hooks_say_what_they_are() -> None:
    assert [hook["id"] for hook in HOOKS] == ["specship-lint", "specship-gate"]
    assert all(hook["name"] and hook["description"] and hook["language"] == "python" for hook in HOOKS)
