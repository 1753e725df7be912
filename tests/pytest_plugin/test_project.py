"""One project, one verdict, wherever a session is started: a contract belongs to the project it lies in."""

import re
from pathlib import Path

import pytest

from tests.processes import run_pytest
from tests.projects.small_faults import make_falsifiable
from tests.projects.small_project import edit, make_project, report_of, statements_of

IDS = [f"GATE-SMALL-00{number}" for number in (1, 2, 3)]
FOREIGN = {
    "pyproject.toml": '[tool.pytest.ini_options]\naddopts = "-ra"\n',
    "other.ini": "[pytest]\naddopts = -ra\n",
    "sub/tox.ini": "[pytest]\naddopts = -ra\n",
    "sub/setup.cfg": "[tool:pytest]\naddopts = -ra\n",
    "sub/pytest.ini": "[pytest]\naddopts = -ra\n",
}
PLACES = {
    # plain words: (foreign files, the folder it is started in, arguments)
    "its own folder": ((), "mono/sub", ()),
    "its contracts": ((), "mono/sub/contracts", ()),
    "another of its folders": ((), "mono/sub/probes", ("../contracts",)),
    "above": (("pyproject.toml",), "mono", ("sub",)),
    "above, without an argument": (("pyproject.toml",), "mono", ()),
    "above, without any settings": ((), "mono", ()),
    "two above, by a file": (("pyproject.toml",), ".", ("mono/sub/contracts/small-v1.yaml",)),
    "an absolute path": (("pyproject.toml",), ".", ("ROOT/mono/sub/contracts",)),
    "another rootdir": ((), "mono/sub", ("--rootdir=..",)),
    "a rootdir that an editor passes": (("pyproject.toml",), ".", ("--rootdir", "ROOT/mono", "mono/sub")),
    "a rootdir beside it": ((), "mono/sub", ("--rootdir=../../beside",)),
    "another settings file": (("other.ini",), "mono", ("-c", "other.ini", "sub")),
    "no settings file": ((), "mono/sub", ("-c", "/dev/null")),
    "a confcutdir": (("pyproject.toml",), "mono", ("--confcutdir=sub", "sub")),
    "a tox.ini of its own": (("sub/tox.ini",), "mono/sub", ()),
    "a setup.cfg of its own": (("sub/setup.cfg",), "mono/sub", ()),
    "a pytest.ini of its own": (("sub/pytest.ini",), "mono", ("sub",)),
    "a link to it": (("pyproject.toml",), ".", ("link",)),
    "a link to its contracts": ((), "beside", ("contracts",)),
}  # fmt: skip


@pytest.fixture(scope="module")
def mono(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a project below a folder of somebody else, and links to it."""
    root = tmp_path_factory.mktemp("places")
    project = make_project(root / "mono/sub")
    edit(project / "pyproject.toml", "[tool.pytest.ini_options]", "[tool.other]")
    (root / "beside").mkdir()
    (root / "link").symlink_to("mono/sub")
    (root / "beside/contracts").symlink_to("../mono/sub/contracts")
    return root


def gates(printed: str) -> list[str]:
    return re.findall(r"contracts/small-v1\.yaml::(GATE\S+)", printed)


@pytest.mark.parametrize("case", PLACES, ids=lambda case: case.replace(" ", "-").replace(",", ""))
def test_the_same_gates_are_collected_from_everywhere(case: str, mono: Path) -> None:
    foreign, start, arguments = PLACES[case]
    for name in foreign:
        (mono / "mono" / name).write_text(FOREIGN[name])
    try:
        words = [argument.replace("ROOT", str(mono)) for argument in arguments]
        done = run_pytest(mono / start, "--collect-only", "-qm", "ship", "-p", "no:cacheprovider", *words)
    finally:
        for name in foreign:
            (mono / "mono" / name).unlink()

    assert done.returncode == 0, done.stdout + done.stderr
    assert gates(done.stdout) == IDS


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two projects, judged from above: one of ours looks for a relative path, one asks for more than there is."""
    root = tmp_path_factory.mktemp("both")
    first, second = make_project(root / "a"), make_project(root / "b")
    edit(
        first / "contracts/small-v1.yaml",
        "    probe: small.documents\n    expect:\n      characters: {at_least: 100, unit: characters}",
        "    probe: corpus.files\n    expect:\n      unlisted: {equals: 0, unit: files}",
    )
    edit(
        second / "contracts/small-v1.yaml", "at_least: 10, unit: documents", "at_least: 1000, unit: documents"
    )
    done = run_pytest(root, "-qm", "ship")
    (root / "printed.txt").write_text(f"{done.returncode}\n{done.stdout}")
    return root


def test_a_relative_source_belongs_to_the_project(both: Path) -> None:
    """For a probe of ours, which is not kept apart from it; what was judged from above is fresh from within."""
    gates = [criterion["gates"][0] for criterion in report_of(both / "a")["models"][0]["criteria"]]

    assert [gate["verdict"] for gate in gates] == ["PASS", "PASS", "UNBOUND"]
    assert gates[0]["measured"][0]["value"] == 20
    assert "2 passed, 1 skipped" in run_pytest(both / "a", "-qm", "ship").stdout
    assert len(statements_of(both / "a")) == 2
    assert not (both / ".specship").exists()


def test_two_projects_are_each_judged_under_their_own_settings(both: Path) -> None:
    status, _, printed = (both / "printed.txt").read_text().partition("\n")
    gates = [criterion["gates"][0] for criterion in report_of(both / "b")["models"][0]["criteria"]]

    assert status == "1", printed
    assert "1 failed, 3 passed, 2 skipped" in printed
    assert [gate["verdict"] for gate in gates] == ["FAIL", "PASS", "UNBOUND"]
    assert re.findall(r"=+ (specship: \w+) =+", printed) == ["specship: a", "specship: b"]


@pytest.mark.slow
def test_workers_report_projects_that_nobody_else_came_by(both: Path) -> None:
    done = run_pytest(both, "-qm", "ship", "-n", "2")

    assert done.returncode == 1, done.stdout
    assert sorted(re.findall(r"=+ (specship: \w+) =+", done.stdout)) == ["specship: a", "specship: b"]


def test_one_report_for_two_projects_is_refused(both: Path) -> None:
    done = run_pytest(both, "-qm", "ship", "--specship-report=one.json", "-k", "GATE-SMALL-003")

    assert done.returncode == 2
    assert "this session judged several projects" in done.stdout
    assert not (both / "one.json").exists()


def test_a_demand_counts_for_projects_further_below(both: Path) -> None:
    """And is refused where there is none at all."""
    assert run_pytest(both, "-qm", "ship", "-k", "GATE-SMALL-003", "--ship-strict").returncode == 1
    (both / "c").mkdir()
    done = run_pytest(both / "c", "--ship-strict")

    assert done.returncode == 4
    assert "no [tool.specship] in a pyproject.toml at or above" in done.stdout


def test_pairs_of_a_project_further_below_are_collected(tmp_path: Path) -> None:
    project = make_falsifiable(tmp_path / "mono/sub")
    (tmp_path / "mono/pyproject.toml").write_text("[project]\nname = 'x'\n")
    above = run_pytest(tmp_path / "mono", "--collect-only", "-qm", "falsify")
    within = run_pytest(project, "--collect-only", "-qm", "falsify", "contracts")

    assert len(gates(above.stdout)) == len(gates(within.stdout)) == 3, above.stdout


@pytest.mark.parametrize(
    ("settings", "said"),
    [("[tool.specship", "pyproject.toml: not TOML"), ("[tool.specship]\nspecs = 'x'\n", "SHIP201")],
    ids=["no-toml", "unknown-key"],
)
def test_settings_of_a_project_below_that_cannot_be_read_are_told_once(
    settings: str, said: str, tmp_path: Path
) -> None:
    project = make_project(tmp_path / "mono/sub")
    (project / "pyproject.toml").write_text(settings)
    done = run_pytest(tmp_path / "mono", "-qm", "ship")

    assert done.returncode == 2
    assert done.stdout.count(said) == 1
    assert "specship/" not in done.stdout, "no line of ours is shown"
