"""A session that asked for gates and found none says why, in one line."""

from pathlib import Path

import pytest

from tests.processes import run_pytest
from tests.projects.small_project import edit, make_project


@pytest.fixture(scope="module")
def mono(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("nothing")
    project = make_project(root / "mono/sub")
    (root / "mono/tests").mkdir()
    (root / "empty").mkdir()
    (project / "tests").mkdir()
    (project / "tests/test_it.py").write_text("def test_it():\n    pass\n")
    return root


CASES = {
    # plain words: (the folder it is started in, arguments, what is said)
    "no project anywhere": ("empty", (), "no [tool.specship] in a pyproject.toml at or above"),
    "a project below, elsewhere": ("mono", ("tests",), "the nearest is "),
    "other folders of the project": ("mono/sub", ("tests",), "contracts, where this session did not look"),
    "contracts that are ignored": ("mono/sub", ("--ignore=contracts",), "run: pytest -m ship contracts"),
}


def lines(printed: str) -> list[str]:
    return [line for line in printed.splitlines() if line.startswith("specship: ")]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.replace(" ", "-").replace(",", ""))
def test_why_no_gate_was_collected_is_said(case: str, mono: Path) -> None:
    start, arguments, said = CASES[case]
    done = run_pytest(mono / start, "-qm", "ship", "-p", "no:cacheprovider", *arguments)

    assert done.returncode == 5, done.stdout
    assert len(lines(done.stdout)) == 1
    assert said in lines(done.stdout)[0]


def test_a_fault_in_another_contract_than_the_one_asked_for_is_said(tmp_path: Path) -> None:
    """No gate can be judged then, and its own file has nothing to tell."""
    project = make_project(tmp_path)
    other = project / "contracts/other-v1.yaml"
    other.write_text((project / "contracts/small-v1.yaml").read_text().replace("GATE-SMALL", "GATE-OTHER"))
    done = run_pytest(project, "-qm", "ship", "contracts/small-v1.yaml")

    assert done.returncode == 5, done.stdout
    assert "no gate was collected: contracts/other-v1.yaml:1:1 SHIP211" in "".join(lines(done.stdout))


def test_nothing_is_said_where_gates_were_deselected_or_not_asked_for(mono: Path) -> None:
    for arguments in (("-k", "nobody"), ("-m", "not ship", "contracts"), ("-m", "ship and export")):
        done = run_pytest(mono / "mono/sub", "-qm", "ship", "-p", "no:cacheprovider", *arguments)
        assert done.returncode == 5
        assert lines(done.stdout) == []


@pytest.mark.parametrize("suffix", [".yml", ".YAML"])
def test_a_folder_of_contracts_that_nobody_reads_is_an_error(suffix: str, tmp_path: Path) -> None:
    project = make_project(tmp_path)
    path = project / "contracts/small-v1.yaml"
    path.rename(path.with_suffix(suffix))
    done = run_pytest(project, "-qm", "ship")

    assert done.returncode == 2
    assert f"contracts/small-v1{suffix}:1:1 SHIP214 a contract in a file that nobody reads" in done.stdout
    assert "mend: rename it to small-v1.yaml" in done.stdout


def test_a_folder_of_contracts_that_is_not_there_is_said(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    edit(project / "pyproject.toml", "[tool.specship]\n", '[tool.specship]\ncontracts = "contract"\n')
    done = run_pytest(project, "-qm", "ship")

    assert done.returncode == 5
    assert "there is no such folder of contracts" in "".join(lines(done.stdout))
