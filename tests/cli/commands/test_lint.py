"""`specship lint` as it is typed: exit statuses, paths, hostile names, and this project itself."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.places import ROOT
from tests.processes import specship
from tests.projects.sound_project import SHORT, change, sound_project


def lint(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return specship("lint", *arguments, folder=folder)


def test_nothing_found(tmp_path: Path) -> None:
    done = lint(folder=sound_project(tmp_path))

    assert (done.returncode, done.stdout, done.stderr) == (0, "5 files, 0 findings\n", "")


def test_findings_of_rules(tmp_path: Path) -> None:
    project = change(sound_project(tmp_path), ("contract", "arXiv:2203", "arxiv:2203"))
    done = lint(folder=project)

    assert done.returncode == 1
    assert done.stdout == (
        "contracts/small-v1.yaml:6:6 SHIP407 an arXiv reference in another spelling\n"
        "  why:  A reference that nobody can follow supports nothing.\n"
        "  mend: write 'arXiv:2203.15556'\n"
        "5 files, 1 finding, 1 fixable with --fix\n"
    )
    fixed = lint("--fix", folder=project)
    assert (fixed.returncode, fixed.stdout) == (0, "5 files, 0 findings, 1 fixed\n")
    assert lint(folder=project).stdout == "5 files, 0 findings\n"


def test_a_file_that_cannot_be_used(tmp_path: Path) -> None:
    project = change(
        sound_project(tmp_path),
        ("contract", "ship_blocking: true\n    probe: corpus", "ship_blokcing: true\n    probe: corpus"),
    )
    done = lint("--format", "json", folder=project)
    answer = json.loads(done.stdout)

    assert done.returncode == 2
    assert answer["files"] == 5
    assert {finding["code"] for finding in answer["findings"]} == {"SHIP201"}


@pytest.mark.parametrize(
    "arguments", [("--select", "SHIP9"), ("nowhere",), ("--ignore", "SHIP2"), ("--format", "xml")]
)
def test_unusable_arguments(arguments: tuple[str, ...], tmp_path: Path) -> None:
    done = lint(*arguments, folder=sound_project(tmp_path))

    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_outside_of_a_project(tmp_path: Path) -> None:
    done = lint(folder=tmp_path)

    assert done.returncode == 2
    assert "no pyproject.toml with [tool.specship]" in done.stderr


@pytest.mark.parametrize("style", ["text", "json", "github", "sarif"])
def test_every_format_from_a_folder_below(style: str, tmp_path: Path) -> None:
    """Paths are those within the project, wherever one stands; PATH is read from where one stands."""
    project = change(sound_project(tmp_path), ("contract", "arXiv:2203", "arxiv:2203"))
    done = lint("--format", style, "--no-cache", "small-v1.yaml", folder=project / "contracts")

    assert done.returncode == 1
    assert "contracts/small-v1.yaml" in done.stdout
    assert not (project / ".specship").exists()


def test_several_codes_with_commas(tmp_path: Path) -> None:
    project = change(
        sound_project(tmp_path), ("contract", "arXiv:2203", "arxiv:2203"), ("spec", "The loss is low.", "The loss is 2.2.")
    )  # fmt: skip
    answers = [
        lint(*arguments, folder=project)
        for arguments in (("--ignore", "SHIP407,SHIP405"), ("--select", "SHIP407, SHIP405"))
    ]

    assert [done.returncode for done in answers] == [0, 1]
    assert answers[0].stdout == "5 files, 0 findings, 2 silenced by --ignore\n"


@pytest.mark.parametrize("style", ["text", "json", "github", "sarif"])
def test_hostile_names(style: str, tmp_path: Path) -> None:
    """Names of files with line breaks, escapes, commas and broken UTF-8 are told, and stay on their line."""
    project = sound_project(tmp_path)
    for name in (
        b"a\nb-v1.yaml",
        b"\x1b[2J-v1.yaml",
        b"::error::,%-v1.yaml",
        b"\xff\xfe-v1.yaml",
        b"-v1.yaml",
        "\u202ex-v1.yaml".encode(),
    ):
        Path(os.fsdecode(os.fsencode(project / "contracts") + b"/" + name)).write_text("gates: [\n")
    misplaced = Path(os.fsdecode(os.fsencode(project / "contracts") + b"/\xffsmall-v1.yaml"))
    (project / SHORT["contract"]).rename(misplaced)
    done = lint("--format", style, folder=project)

    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "\x1b" not in done.stdout
    if style == "json":
        assert len(json.loads(done.stdout)["findings"]) == 7
    if style == "github":
        assert sum(line.startswith("::error file=") for line in done.stdout.splitlines()) == 7
    if style == "text":
        assert "contracts/\\udcffsmall-v1.yaml:1:1 SHIP211 " in done.stdout
        assert sum(" SHIP104 " in line for line in done.stdout.splitlines()) == 6


def test_a_pipe_among_the_contracts_is_not_waited_for(tmp_path: Path) -> None:
    project = sound_project(tmp_path)
    os.mkfifo(project / "contracts" / "pipe-v1.yaml")
    done = lint(folder=project)

    assert done.returncode == 2
    assert "contracts/pipe-v1.yaml:1:1 SHIP101 not a regular file" in done.stdout


def test_a_project_whose_paths_have_blanks(tmp_path: Path) -> None:
    project = sound_project(tmp_path)
    (project / "contracts").rename(project / "my contracts, 100 %")
    change(
        project,
        ("project", 'spec = "specs/small"\n', 'spec = "specs/small"\ncontracts = "my contracts, 100 %"\n'),
    )
    path = project / "my contracts, 100 %" / Path(SHORT["contract"]).name
    path.write_text(path.read_text().replace("arXiv:2203", "arxiv:2203"))

    assert (
        "file=my contracts%2C 100 %25/small-v1.yaml,line=6,"
        in lint("--format", "github", folder=project).stdout
    )
    assert lint("--fix", folder=project).returncode == 0


def test_this_project_has_no_findings() -> None:
    """And silences none."""
    done = lint("--format", "json", "--no-cache", folder=ROOT)
    answer = json.loads(done.stdout)

    assert (done.returncode, answer["findings"], answer["silenced"]) == (0, [], 0)
