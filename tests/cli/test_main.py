"""The console script, as a new user types it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.places import ROOT
from tests.processes import SCRIPTS, specship
from tests.projects.small_project import make_project
from tests.projects.trusting import trusting


def test_help_lists_every_verb() -> None:
    done = specship("--help")

    assert done.returncode == 0
    for verb in ("status", "schema", "evidence", "run", "export", "compare", "bench", "verify"):
        assert f"    {verb} " in done.stdout


def test_help_imports_nothing_heavy() -> None:
    code = "import sys\nsys.argv = ['specship', '--help']\nfrom specship.cli import main\ntry:\n    main()\nexcept SystemExit:\n    pass\nprint(sorted({n.split('.')[0] for n in sys.modules} & {'torch', 'pydantic', 'rich', 'yaml', 'numpy', 'pytest'}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    "verb", sorted(path.stem for path in (ROOT / "src/specship/cli/commands").glob("[!_]*.py"))
)
def test_a_verb_is_helped_without_the_others(verb: str) -> None:
    """Its own module is imported and no other; the line in the list is its own."""
    code = (
        "import sys\nfrom specship.cli import main\ntry:\n    main([sys.argv[1], '--help'])\nexcept SystemExit:\n    pass\n"
        "print([n.rpartition('.')[2] for n in sys.modules if n.startswith('specship.cli.commands.')], file=sys.stderr)"
    )
    name = verb.replace("_", "-")
    done = subprocess.run([sys.executable, "-c", code, name], capture_output=True, text=True, check=False)

    assert done.stdout.startswith(f"usage: specship {name} ")
    assert done.stderr.strip() == f"['{verb}']"


def test_a_misspelt_verb_is_told_the_nearest() -> None:
    done = specship("statsu")

    assert (done.returncode, done.stderr) == (2, "there is no command 'statsu'\n  mend: write 'status'\n")


def test_a_terminal_without_the_signs_is_no_defect(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project", files=2)
    done = subprocess.run(
        [SCRIPTS / "specship", "status"], cwd=project, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
    )  # fmt: skip

    assert (done.returncode, done.stderr) == (0, "")
    assert "rehearsed 0 %" in done.stdout


def test_outside_a_project(tmp_path: Path) -> None:
    done = specship("status", folder=tmp_path)

    assert done.returncode == 2
    assert "no pyproject.toml with [tool.specship]" in done.stderr


def test_status_without_evidence(tmp_path: Path) -> None:
    done = specship("status", folder=make_project(tmp_path))

    assert done.returncode == 0
    assert "rehearsed 0 %" in done.stdout
    assert "no evidence yet" in done.stdout


def test_status_of_a_damaged_ledger(tmp_path: Path) -> None:
    """It is said, nothing is credited, and the exit status is not 0."""
    project = make_project(tmp_path)
    ledger = project / ".specship" / "ledger"
    ledger.mkdir(parents=True)
    (ledger / ("a" * 64 + ".json")).write_text("{}")
    done = specship("status", folder=project)

    assert done.returncode == 1
    assert "its bytes are not the ones its name promises" in done.stdout
    assert specship("evidence", "verify", folder=project).returncode == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "nowhere", "def"), ("export", "nowhere", "out.gguf"), ("compare", "nowhere", "out.gguf"),
        ("bench", "nowhere"), ("verify", "nowhere"), ("evidence", "show", "abc"), ("status", "--profile", "x"),
    ],
    ids=lambda arguments: arguments[0],
)  # fmt: skip
def test_what_is_not_there_is_said(arguments: tuple[str, ...], tmp_path: Path) -> None:
    done = specship(*arguments, folder=make_project(tmp_path))

    assert done.returncode == 2
    assert done.stderr.strip()
    assert "Traceback" not in done.stderr
    assert "defect" not in done.stderr


def test_unusable_trusted_keys_are_refused(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    path = project / "pyproject.toml"
    path.write_text(
        path.read_text().replace(
            "[tool.specship]", f"[tool.specship]\ntrusted_keys = [{trusting('01' + '00' * 31)}]"
        )
    )
    done = specship("status", folder=project)

    assert done.returncode == 2
    assert "not usable as a public key" in done.stderr


@pytest.mark.parametrize(
    "path", sorted((ROOT / "src/specship/cli/evaluations").glob("[!_]*.py")), ids=lambda path: path.stem
)
def test_each_evaluation_is_an_action_of_eval(path: Path) -> None:
    """The folder is scanned; nothing else names an evaluation."""
    action = path.stem.replace("_", "-")
    done = specship("eval", action, "--help")

    assert done.stdout.startswith(f"usage: specship eval {action} ")
    assert f"    {action}" in specship("eval", "--help").stdout
