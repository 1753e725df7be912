"""A working project in an empty folder."""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import pytest

import specship
from specship.cli import main
from specship.contracts.judging import Verdict, judge
from specship.probes.measuring import measure
from specship.probes.probe import Artifact
from specship.specs.project import load_project
from specship.suite.artifacts.store import Store
from specship.suite.plan.plan import make_plan
from specship.suite.scaffold.placing import Draft, place
from tests.processes import run_pytest, run_python, script
from tests.projects.scaffolded import begin, contents, faults, insist_clean


@pytest.fixture(scope="module")
def rehearsed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A new project whose gates have run, as a new user types it."""
    folder = tmp_path_factory.mktemp("rehearsed") / "my model"
    assert script(folder.parent, "specship", "init", "my model").returncode == 0
    done = run_pytest(folder, "-m", "ship", "-p", "no:cacheprovider")
    assert done.returncode == 0, done.stdout + done.stderr
    return folder, done.stdout


def test_every_gate_of_a_new_project_has_an_honest_verdict(rehearsed: tuple[Path, str]) -> None:
    folder, printed = rehearsed
    report = json.loads((folder / ".specship/report.json").read_text())
    gates = {
        gate["id"]: gate["verdict"]
        for criterion in report["models"][0]["criteria"]
        for gate in criterion["gates"]
    }

    assert gates == {f"GATE-MY-MODEL-00{n}": "PASS" for n in range(1, 5)} | {"GATE-MY-MODEL-005": "UNBOUND"}
    assert report["models"][0]["ship_percent"] == 0
    assert "4 passed, 1 skipped" in printed


def test_status_of_a_new_project(rehearsed: tuple[Path, str]) -> None:
    done = script(rehearsed[0], "specship", "status")

    assert done.returncode == 0
    assert "rehearsed 0 %" in done.stdout
    assert "ships 0 %" in done.stdout
    assert "gates is armed yet" in done.stdout


def test_a_new_project_earns_credit_once_its_gates_were_seen_to_fail(
    rehearsed: tuple[Path, str], tmp_path: Path
) -> None:
    """The commands that `init` prints, in their order."""
    folder = shutil.copytree(rehearsed[0], tmp_path / "copy")
    falsified = run_pytest(folder, "-m", "falsify", "-p", "no:cacheprovider")
    assert "10 of 10 pairs caught as predicted" in falsified.stdout, falsified.stdout
    script(folder, "specship", "faults", "--arm")

    status = script(folder, "specship", "status").stdout
    assert "rehearsed 80 %" in status
    assert re.search(r"^[1-9] of \d gates are armed at profile rehearsal; not yet: ", status, re.MULTILINE)


def test_a_new_project_is_clean(tmp_path: Path) -> None:
    insist_clean(begin(tmp_path / "new"))


def test_the_planted_fault_makes_its_gate_fail(rehearsed: tuple[Path, str], tmp_path: Path) -> None:
    """The fault that comes with the project is one, and the probe that comes with it sees it."""
    project = load_project(rehearsed[0])
    plan = make_plan(project)
    check = next(check for check in plan.checks if "control-characters-in-text" in check.gate.faults)
    store = Store.of(project.state, check.model.id, plan.profile)
    record = store.current("corpus")
    assert record is not None
    corpus = shutil.copytree(store.path("corpus", record.ingredients.key), tmp_path / "corpus")
    assert check.probe is not None
    artifact = {"corpus": Artifact("corpus", corpus, "")}

    assert judge(check.gate.expect, measure(check.probe, artifact)).verdict == Verdict.PASS
    planted = run_python(rehearsed[0] / "faults",
                     f"from pathlib import Path\nimport control_characters_in_text as f\nf.plant(Path({str(corpus)!r}))")  # fmt: skip
    assert planted.returncode == 0, planted.stderr
    assert judge(check.gate.expect, measure(check.probe, artifact)).verdict == Verdict.FAIL


def test_what_it_prints(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert main(["init", "a b", "--name", "shop"]) == 0
    out = capsys.readouterr().out
    assert {line.removeprefix("wrote ") for line in out.splitlines() if line.startswith("wrote ")} == set(
        contents(tmp_path / "a b")
    )
    assert out.splitlines()[-6:] == [
        "  cd 'a b'",
        "  pytest -m ship                     # run the gates",
        "  pytest -m falsify                  # see each gate fail: only then its pass counts",
        "  specship faults --arm              # sign that, and commit evidence/arming",
        "  specship status                    # what the evidence supports",
        "  specship explain GATE-SHOP-005   # the gate that waits for a probe",
    ]


@pytest.mark.parametrize(
    ("before", "paths"),
    [
        ('# mine\n[project]\nname = "x"  # kept', ["contracts"]),
        ('[project]\r\nname = "x"\r\n', ["contracts"]),
        ('[tool.pytest.ini_options]\ntestpaths = ["tests"]\nminversion = "8"\n', ["contracts", "tests"]),
        ("[tool.pytest.ini_options]\ntestpaths = [\n  'a', # first\n]\n", ["contracts", "a"]),
        ('[tool.pytest.ini_options]\nminversion = "8"\n', None),
        ("tool.black.line-length = 100\n", ["contracts"]),
    ],
    ids=["no final line end", "CRLF", "paths", "paths over lines", "no paths", "dotted keys"],
)
def test_an_existing_pyproject_is_kept(before: str, paths: list[str] | None, tmp_path: Path) -> None:
    """Everything it said it still says, comments included."""
    path = tmp_path / "pyproject.toml"
    path.write_bytes(before.encode())
    begin(tmp_path)
    after = path.read_bytes().decode()
    tables = tomllib.loads(after)

    assert [
        line for line in before.split("\n") if line and "testpaths" not in line and line not in after
    ] == []
    assert tables["tool"]["specship"]["spec"] == "specs/demo"
    assert tables["tool"]["pytest"]["ini_options"].get("testpaths") == paths
    assert tables.get("project") == tomllib.loads(before).get("project")
    insist_clean(tmp_path)


@pytest.mark.parametrize(
    "before", ['[tool.pytest.ini_options]\ntestpaths = "tests"\n', '[tool]\npytest = {ini_options = {testpaths = ["t"]}}\n'],
)  # fmt: skip
def test_what_cannot_be_edited_is_said(
    before: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "pyproject.toml").write_text(before)
    begin(tmp_path)

    assert 'add "contracts" to its `testpaths`' in capsys.readouterr().out


def test_an_existing_gitignore_is_kept(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("build/")
    begin(tmp_path)

    assert (tmp_path / ".gitignore").read_text() == "build/\n.specship/\n"


def _table(folder: Path) -> None:
    (folder / "pyproject.toml").write_text('[tool.specship]\nspec = "s"\n')


def _not_toml(folder: Path) -> None:
    (folder / "pyproject.toml").write_text("[tool\n")


def _inline_tool(folder: Path) -> None:
    (folder / "pyproject.toml").write_text("tool = {a = {b = 1}}\n")


def _latin_1(folder: Path) -> None:
    (folder / "pyproject.toml").write_bytes(b"# caf\xe9\n")


def _two_files(folder: Path) -> None:
    for name in ("probes/demo.py", "specs/demo/spec.yaml"):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text("mine")


def _file_for_folder(folder: Path) -> None:
    (folder / "texts").write_text("mine")


def _link_outside(folder: Path) -> None:
    (folder.parent / "elsewhere").mkdir()
    (folder / "texts").symlink_to(folder.parent / "elsewhere")


def _link_to_nowhere(folder: Path) -> None:
    (folder / "probes").mkdir()
    (folder / "probes" / "demo.py").symlink_to(folder / "nowhere")


def _folder_as_pyproject(folder: Path) -> None:
    (folder / "pyproject.toml").mkdir()


def _nothing(_folder: Path) -> None:
    """An empty folder: the command line is at fault."""


@pytest.mark.parametrize(
    ("prepare", "name", "said"),
    [
        (_table, "demo", "there is a project here already"),
        (_not_toml, "demo", "not TOML"),
        (_inline_tool, "demo", "cannot be extended safely"),
        (_latin_1, "demo", "not UTF-8"),
        (_two_files, "demo", "probes/demo.py: there is such a file already"),
        (_two_files, "demo", "specs/demo/spec.yaml: there is such a file already"),
        (_file_for_folder, "demo", "a folder is needed here"),
        (_link_outside, "demo", "leads out of the project"),
        (_link_to_nowhere, "demo", "there is such a file already"),
        (_folder_as_pyproject, "demo", "cannot read"),
        (_nothing, "../demo", "write 'demo'"),
        (_nothing, "My Model", "write 'my-model'"),
        (_nothing, "", "cannot be the name of a project"),
        (_nothing, "x" * 61, "at most 60 characters"),
        (_nothing, "a\nb", "write 'a-b'"),
    ],
)
def test_what_is_in_the_way(
    prepare: object, name: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is said, the exit status is 2, and nothing was written."""
    folder = tmp_path / "folder"
    folder.mkdir()
    assert callable(prepare)
    prepare(folder)
    before = contents(tmp_path)

    assert main(["init", str(folder), "--name", name]) == 2
    assert said in capsys.readouterr().err
    assert contents(tmp_path) == before


def test_a_second_init_is_refused(tmp_path: Path) -> None:
    before = contents(begin(tmp_path))

    assert main(["init", str(tmp_path)]) == 2
    assert contents(tmp_path) == before


@pytest.mark.parametrize("folder", ["/proc/specship-was-here", "/dev/null"])
def test_a_folder_that_refuses(folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", folder]) == 2
    assert "defect" not in capsys.readouterr().err


def test_all_files_or_none(tmp_path: Path) -> None:
    """What cannot be encoded is found while the second file is written; the first is taken back."""
    (tmp_path / "old.txt").write_text("old")
    drafts = [
        Draft("new/folder/a.txt", "a"),
        Draft("old.txt", "new", instead_of="old"),
        Draft("b.txt", "\ud800"),
    ]
    with pytest.raises(UnicodeEncodeError):
        place(tmp_path, drafts)

    assert contents(tmp_path) == {"old.txt": b"old"}
    assert not (tmp_path / "new").exists()


def test_what_a_light_install_lacks_is_said(tmp_path: Path) -> None:
    """A real interpreter whose packages are these, without the two that the corpus stage needs."""
    packages = tmp_path / "packages"
    packages.mkdir()
    for entry in Path(sysconfig.get_paths()["purelib"]).iterdir():
        if not entry.name.startswith(("numpy", "rensa")):
            (packages / entry.name).symlink_to(entry)
    paths = os.pathsep.join([str(packages), str(Path(specship.__file__).parent.parent)])
    done = subprocess.run(
        [sys.executable, "-S", "-m", "specship.cli", "init", str(tmp_path / "light")],
        env={**os.environ, "PYTHONPATH": paths}, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert "note: the gates need rensa and numpy here: pip install 'specship[pipeline]'" in done.stdout


@pytest.mark.parametrize(
    ("folder", "name"),
    [("Ünï cödé", "uni-code"), ("日本", "my-model"), ("__x__", "x"), ("a.b", "a-b"), ("corpus", "corpus")],
)
def test_the_name_of_a_folder(folder: str, name: str, tmp_path: Path) -> None:
    """Whatever a folder is called, the project gets a name that can be a file, an id and a key."""
    assert main(["init", str(tmp_path / folder)]) == 0
    assert (tmp_path / folder / "specs" / name / "spec.yaml").is_file()
    assert faults(tmp_path / folder) == []
