"""One new file of a project: sound from the first line, and never over one that is there."""

import ast
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from specship.cli import main
from specship.contracts.document import read_document
from specship.probes.measuring import measure
from specship.probes.probe import Artifact
from specship.probes.registry import all_probes, probes_in_force
from specship.specs.project import load_project
from specship.suite.scaffold.naming import next_id
from tests.models import inference_chain
from tests.processes import SCRIPTS, run_pytest, run_python, script
from tests.projects.logged_project import write_run
from tests.projects.scaffolded import begin, contents, faults, insist_clean
from tests.projects.small_project import edit, make_project

CRITERION = ("criterion", "--weight", "5", "--from", "AC-DEMO-001", "--why", "Users asked: is it fast?")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    begin(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def new(*words: str) -> int:
    return main(["new", *words])


@pytest.mark.parametrize(
    "words",
    [
        ("contract", "tokenizer-limits"),
        (
            "contract",
            "a",
            "--stage",
            "export",
            "--criterion",
            "AC-DEMO-003",
            "--rule",
            'It says "a: b" # and more',
        ),
        ("probe", "corpus.line_length"),
        ("probe", "loudness"),
        ("probe", "class"),
        ("probe", "x.y", "--artifact", "checkpoint"),
        ("stage", "word_counts"),
        ("stage", "words", "--makes", "my_words"),
        ("fault", "swapped-labels"),
        ("fault", "evil", "--what", 'It ends """ here \\', "--seen", "In the 'wild'."),
        CRITERION,
        (*CRITERION, "--statement", "- it: [is] {fast}", "--because", "'quoted' \\ and # not a comment"),
        (
            "criterion",
            "AC-MINE",
            "--model",
            "MODEL-1",
            "--weight",
            "29",
            "--from",
            "AC-DEMO-002",
            "--why",
            "ünïcode ✓",
        ),
    ],
    ids=lambda words: "-".join(words)[:30],
)
def test_a_new_file_is_clean(words: tuple[str, ...], project: Path) -> None:
    before = contents(project)

    assert new(*words) == 0
    insist_clean(project)
    after = contents(project)
    edited = {name for name in before if before[name] != after[name]}
    expected = {"criterion": {"specs/demo/spec.yaml"}, "stage": {"pyproject.toml"}}
    assert edited == expected.get(words[0], set())
    assert len(after) - len(before) == (2 if words[0] == "criterion" else 1)


def test_the_tool_allocates_ids(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The next number after any that a contract, profile or amendment ever named."""
    assert new("contract", "speed") == 0
    assert load_project(project).contracts[1].contract.gates[0].id == "GATE-SPEED-001"
    text = (project / "contracts/speed-v1.yaml").read_text()
    (project / "contracts/speed-v1.yaml").unlink()
    other = project / "contracts/other-v1.yaml"
    other.write_text(
        text.replace("contract_id: speed", "contract_id: other").replace("SPEED-001", "SPEED-041")
    )
    amendment = next((project / "specs/demo/amendments").iterdir())
    edit(amendment, "changes:", "changes:\n  - {id: GATE-SPEED-077, what: It is gone.}")
    assert new("contract", "speed") == 0
    assert "GATE-SPEED-078" in (project / "contracts/speed-v1.yaml").read_text()
    assert "specship explain GATE-SPEED-078" in capsys.readouterr().out


def test_a_number_is_never_given_twice_after_evidence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Statements outlive the contract they speak of."""
    monkeypatch.chdir(make_project(tmp_path))
    assert run_pytest(tmp_path, "-qm", "ship", "-p", "no:cacheprovider").returncode == 0
    edit(tmp_path / "contracts/small-v1.yaml", "GATE-SMALL-002", "GATE-OTHER-002")
    edit(tmp_path / "contracts/small-v1.yaml", "GATE-SMALL-003", "GATE-OTHER-003")
    (tmp_path / "contracts/small-v1.yaml").rename(tmp_path / "contracts/kept-v1.yaml")
    edit(tmp_path / "contracts/kept-v1.yaml", "contract_id: small", "contract_id: kept")

    assert new("contract", "small") == 0
    assert "GATE-SMALL-003" in (tmp_path / "contracts/small-v1.yaml").read_text()


def test_a_new_gate_speaks_for_whoever_waits(project: Path) -> None:
    """The criterion with the fewest gates, when none is named; the stage follows from the name."""
    assert new("contract", "my-export") == 0
    contract = next(file.contract for file in load_project(project).contracts if "export" in file.path)

    assert contract.gates[0].binds_to == ("AC-DEMO-002",)
    assert contract.stage == "export"
    text = (project / "contracts/my-export-v1.yaml").read_text()
    assert "probe: gguf.quality" in text


def test_the_example_in_the_comment_binds(project: Path) -> None:
    """Whoever takes the comment at its word gets a sound gate."""
    assert new("contract", "more-corpus") == 0
    path = project / "contracts/more-corpus-v1.yaml"
    example = re.findall(r"^  #     (.*)$", path.read_text(), re.MULTILINE)
    path.write_text(path.read_text() + "".join(f"    {line}\n" for line in example))

    assert faults(project) == []
    assert load_project(project).contracts[-1].contract.gates[0].probe == "corpus.duplicates"


def test_the_first_contract_of_a_project(project: Path) -> None:
    """A project without a contract is told to write one, so that must work."""
    (project / "contracts/demo-corpus-v1.yaml").unlink()
    edit(project / "specs/demo/profiles/rehearsal.yaml", "overrides:", "")
    text = (project / "specs/demo/profiles/rehearsal.yaml").read_text()
    (project / "specs/demo/profiles/rehearsal.yaml").write_text(
        text[: text.index("  # A limit that differs")]
    )
    assert main(["status"]) == 2
    assert new("contract", "first") == 0
    assert faults(project) == []
    (project / "contracts/first-v1.yaml").unlink()
    (project / "contracts").rmdir()
    assert new("contract", "second") == 0
    assert faults(project) == []


def test_a_new_probe_measures(project: Path, tmp_path: Path) -> None:
    assert new("probe", "shards.size") == 0
    probe = all_probes(project / "probes")["shards.size"]
    folder = tmp_path / "artifact"
    folder.mkdir()
    (folder / "a").write_bytes(b"12345")
    (folder / "b").touch()
    measured = measure(probe, {"shards": Artifact("shards", folder, "")})

    assert {name: entry.value for name, entry in measured.quantities.items()} == {
        "files": 2, "empty_files": 1, "size": 5,
    }  # fmt: skip


def test_a_new_fault_can_be_planted(project: Path, tmp_path: Path) -> None:
    assert new("fault", "half-a-file") == 0
    folder = tmp_path / "artifact"
    folder.mkdir()
    (folder / "small").write_bytes(b"12")
    (folder / "large").write_bytes(b"123456")
    code = f"from pathlib import Path\nimport half_a_file as fault\nfault.plant(Path({str(folder)!r}))"
    done = run_python(project / "faults", code)

    assert done.returncode == 0, done.stderr
    assert (folder / "large").read_bytes() == b"123"
    assert (folder / "small").read_bytes() == b"12"


def test_a_sentence_cannot_leave_its_docstring(project: Path) -> None:
    assert new("fault", "evil", "--what", 'It ends.""" \\', "--seen", '"""\nimport os') == 0
    tree = ast.parse((project / "faults/evil.py").read_text())

    assert [type(node).__name__ for node in tree.body] == [
        "Expr",
        "ImportFrom",
        "ImportFrom",
        "Assign",
        "FunctionDef",
    ]


@pytest.mark.parametrize(("artifact", "quantities"), [
    ("corpus", {"documents", "shortest"}), ("checkpoint", {"texts", "tokens", "rows"}),
    ("gguf", {"texts", "tokens", "rows"}), ("run", {"steps", "last_loss"}), ("shards", {"files", "empty_files", "size"}),
])  # fmt: skip
def test_a_new_probe_opens_the_artifact_it_is_about(
    artifact: str, quantities: set[str], project: Path
) -> None:
    places: dict[str, Callable[[], Path]] = {
        "corpus": inference_chain.corpus, "checkpoint": inference_chain.checkpoint,
        "gguf": lambda: inference_chain.made("gguf"), "run": lambda: write_run(project / "theirs"),
        "shards": inference_chain.corpus,
    }  # fmt: skip
    assert new("probe", f"mine.{artifact}", "--artifact", artifact) == 0
    found = load_project(project)
    probe = probes_in_force(found.root, found.configuration)[f"mine.{artifact}"]
    taken = measure(probe, {artifact: Artifact(artifact, places[artifact](), "0" * 64)})

    assert taken.quantities.keys() == quantities
    assert all(one.measured for one in taken.quantities.values())
    insist_clean(project)


def test_a_new_fault_and_a_new_criterion_are_about_what_is_asked(project: Path) -> None:
    assert new("fault", "half-a-file", "--artifact", "checkpoint") == 0
    assert 'FAULT = Fault(row="", stage="checkpoint")' in (project / "faults/half_a_file.py").read_text()
    assert new("fault", "other", "--artifact", "chekpoint") == 2
    assert new(*CRITERION, "--stage", "export") == 0
    assert any("stage: export" in path.read_text() for path in (project / "contracts").glob("*.yaml"))


@pytest.mark.parametrize("kind", ["probe", "fault"])
def test_a_folder_is_named_when_there_was_none(kind: str, project: Path) -> None:
    """pyproject.toml gets one line, and its comments stay."""
    path = project / "pyproject.toml"
    old = re.sub(rf"{kind}s = .*\n", "", path.read_text())
    path.write_text(old)
    for file in (project / f"{kind}s").glob("*.py"):
        file.unlink()
    contract = project / "contracts/demo-corpus-v1.yaml"
    kept = contract.read_text().split("  # The probe of this gate")[0]
    contract.write_text(kept.replace("[AC-DEMO-001]", "[AC-DEMO-001, AC-DEMO-002, AC-DEMO-003]"))

    assert new(kind, "lines") == 0
    assert path.read_text().replace(f'{kind}s = "{kind}s"\n', "") == old
    insist_clean(project)


def test_a_folder_of_other_python_files_is_left_alone(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = project / "pyproject.toml"
    path.write_text(re.sub("probes = .*\n", "", path.read_text()))
    before = contents(project)

    assert new("probe", "lines") == 2
    assert 'add `probes = "probes"` to [tool.specship]' in capsys.readouterr().err
    assert contents(project) == before


@pytest.mark.parametrize(("kind", "name"), [("probe", "demo.missing"), ("fault", "unheard-of-x")])
def test_what_a_contract_misses_can_be_written(kind: str, name: str, project: Path) -> None:
    """The error that a name is unknown says which command writes it."""
    contract = project / "contracts/demo-corpus-v1.yaml"
    if kind == "probe":
        more = f"    probe: {name}\n    expect:\n      documents: {{at_least: 1, unit: documents}}\n"
        contract.write_text(contract.read_text() + more)
    else:
        edit(contract, "control-characters-in-text:", f"{name}:")
    (found,) = {fault.split("mend: ")[1].split("\n")[0] for fault in faults(project)}

    assert found.endswith(f"specship new {kind} {name}")
    assert script(project, *found.split(": ")[1].split()).returncode == 0
    assert faults(project) == []


LAYOUTS: dict[str, Callable[[str], str]] = {
    "as it is": lambda text: text,
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "no final line end": lambda text: text.rstrip("\n"),
    "comments behind": lambda text: text + "      # the end of MODEL-1\n\n# the end\n",
    "comment beside": lambda text: text.replace("weight: 50", "weight:   50  # half of it"),
    "no indentation": lambda text: re.sub("^      (  |- )", r"    \1", text, flags=re.MULTILINE),
    "flow items": lambda text: text + "      - {id: AC-DEMO-009, statement: S., weight: 7,\n         because: B., effort: {gpu_hours: 0, person_hours: 1}}\n",
    "folded text last": lambda text: text + "      - id: AC-DEMO-009\n        weight: 7\n        statement: S.\n        effort: {gpu_hours: 0, person_hours: 1}\n        because: >-\n          It is\n          folded.\n\n",
    "a second model": lambda text: text + "  - id: MODEL-2\n    title: T\n    criteria:\n      - id: AC-TWO-001\n        statement: S.\n        weight: 100\n        because: B.\n        effort: {gpu_hours: 0, person_hours: 1}\n",
}  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_criterion_is_written_into_any_layout(layout: str, project: Path) -> None:
    """Nothing that was there goes, comments and line ends included."""
    path = project / "specs/demo/spec.yaml"
    text = LAYOUTS[layout](path.read_text())
    if "AC-DEMO-009" in text:
        text = text.replace("weight: 20", "weight: 13")
    path.write_bytes(text.encode())
    assert faults(project) == []

    assert new(*CRITERION) == 0
    after = path.read_bytes().decode()
    added = "AC-DEMO-010" if "AC-DEMO-009" in text else "AC-DEMO-004"
    assert [line for line in text.split("\n") if "50" not in line and line not in after.split("\n")] in (
        [],
        [text.split("\n")[-1]],
    )
    spec = load_project(project).spec
    model = spec.spec.models[0]
    assert model.criteria[-1].id == added
    assert {c.id: c.weight for c in model.criteria}["AC-DEMO-001"] == 45
    assert ("\r\n" in after) == (layout == "CRLF")
    assert ("# half of it" in after) == (layout == "comment beside")
    assert faults(project) == []


def test_a_criterion_raises_the_version_and_says_why(project: Path) -> None:
    """A weight falls, which is a major step; the amendment names all that a review will."""
    assert load_project(project).spec.version == "1.0.0"
    assert new(*CRITERION) == 0
    assert new(*CRITERION, "--bump", "minor") == 0
    spec = load_project(project).spec
    (path,) = (project / "specs/demo/amendments").glob("0002-ac-demo-004-????????.yaml")
    written = read_document(path).values

    assert spec.version == "2.1.0"
    assert (written["bump"], written["after"], written["why"]) == (
        "major",
        "1.0.0",
        "Users asked: is it fast?",
    )
    assert {change["id"]: change["what"] for change in written["changes"]} == {
        "AC-DEMO-004": "A new criterion of weight 5.", "AC-DEMO-001": "Its weight falls from 50 to 45.",
        "GATE-DEMO-004-001": "It waits for a probe.", "demo-004": "A new contract.",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("contract", "../x"), "cannot be the name of a contract"),
        (("contract", "Big Name"), "write 'big-name'"),
        (("contract", "x" * 100), "at most 60"),
        (("contract", "demo-corpus"), "there is such a file already"),
        (("contract", "x", "--criterion", "AC-DEMO-01"), "write 'AC-DEMO-001'"),
        (("contract", "x", "--rule", "  "), "is no sentence"),
        (("contract", "x", "--rule", "a\x1b[2J"), "is no sentence"),
        (("contract", "x", "--rule", "long " * 400), "is no sentence"),
        (("probe", "../x"), "cannot be the name of a probe"),
        (("probe", "A.B"), "write 'a.b'"),
        (("probe", "a.b.c"), "cannot be the name of a probe"),
        (("probe", "corpus.files"), "there is a probe 'corpus.files' already"),
        (("probe", "demo.readable_text"), "there is a probe 'demo.readable_text' already"),
        (("probe", "x", "--artifact", "chekpoint"), "write 'checkpoint'"),
        (("fault", "../x"), "cannot be the name of a fault"),
        (("fault", "frozen-weights"), "there is a fault 'frozen-weights' already"),
        (("fault", "control-characters-in-text"), "already"),
        (("fault", "x", "--what", "\x00"), "is no sentence"),
        (("criterion",), "for example --weight 5 --from AC-DEMO-001"),
        (("criterion", "--weight", "5", "--from", "AC-DEMO-001"), "needs --weight, --from and --why"),
        (("criterion", "--weight", "5", "--from", "AC-DEMO-001", "--why", " "), "is no sentence"),
        (("criterion", "--weight", "50", "--from", "AC-DEMO-001", "--why", "w"), "from 1 to 49"),
        (("criterion", "--weight", "0", "--from", "AC-DEMO-001", "--why", "w"), "from 1 to 49"),
        (("criterion", "--weight", "-3", "--from", "AC-DEMO-001", "--why", "w"), "from 1 to 49"),
        (("criterion", "--weight", "5", "--from", "AC-DEMO-1", "--why", "w"), "write 'AC-DEMO-001'"),
        ((*CRITERION, "--model", "MODEL-9"), "the nearest is 'MODEL-1'"),
        (("criterion", "ac-4", *CRITERION[1:]), "write 'AC-DEMO-004'"),
        (("criterion", "AC-DEMO-002", *CRITERION[1:]), "is or was used"),
    ],
    ids=lambda value: "-".join(value)[:40] if isinstance(value, tuple) else "",
)
def test_what_is_refused(
    words: tuple[str, ...], said: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit status 2, said plainly, and nothing was written."""
    before = contents(project)

    assert new(*words) == 2
    assert said in capsys.readouterr().err
    assert contents(project) == before


@pytest.mark.parametrize(
    "words", [("contract", "x"), ("probe", "x"), ("fault", "x"), CRITERION], ids=lambda words: words[0]
)
def test_outside_a_project(
    words: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)

    assert new(*words) == 2
    assert "specship init" in capsys.readouterr().err


@pytest.mark.parametrize("words", [("contract", "x"), CRITERION], ids=lambda words: words[0])
def test_a_project_with_faults_gets_no_ids(
    words: tuple[str, ...], project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What cannot be read may hold the number that would be given."""
    edit(project / "contracts/demo-corpus-v1.yaml", "ship_blocking", "ship_blokcing")
    before = contents(project)

    assert new(*words) == 2
    assert "ship_blokcing" in capsys.readouterr().err
    assert contents(project) == before


def test_a_spec_in_brackets_is_left_to_people(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = project / "specs/demo/spec.yaml"
    one = (
        "{id: AC-DEMO-001, statement: S., weight: 100, because: B., effort: {gpu_hours: 0, person_hours: 1}}"
    )
    path.write_text(f"spec_id: SPEC-DEMO\ntitle: T\nmodels: [{{id: MODEL-1, title: T, criteria: [{one}]}}]\n")
    before = contents(project)

    assert new(*CRITERION) == 2
    assert "one below the other" in capsys.readouterr().err
    assert contents(project) == before


def test_a_second_time_is_refused(project: Path) -> None:
    for words in (("contract", "x"), ("probe", "x"), ("fault", "x"), ("criterion", "AC-X", *CRITERION[1:])):
        assert new(*words) == 0
        before = contents(project)
        assert new(*words) == 2
        assert contents(project) == before


def test_a_new_file_where_the_folder_is_a_link_out(project: Path) -> None:
    (project.parent / "outside").mkdir()
    (project / "faults/control_characters_in_text.py").rename(
        project.parent / "outside/control_characters_in_text.py"
    )
    (project / "faults").rmdir()
    (project / "faults").symlink_to(project.parent / "outside")

    assert new("fault", "x") == 2
    assert not (project.parent / "outside/x.py").exists()


@pytest.mark.parametrize(
    ("taken", "expected"),
    [
        ((), "GATE-A-001"),
        (("GATE-A-009",), "GATE-A-010"),
        (("GATE-A-999",), "GATE-A-1000"),
        (("GATE-A-B-7", "GATE-A-X"), "GATE-A-001"),
    ],
)
def test_the_next_id(taken: tuple[str, ...], expected: str) -> None:
    assert next_id("GATE-A", taken) == expected


def test_scaffolded_python_meets_a_strict_linter(project: Path) -> None:
    """What people start from is formatted, and free of what a linter finds by default."""
    assert new("probe", "corpus.size") == 0
    assert new("fault", "half") == 0
    ruff = [str(SCRIPTS / "ruff"), "check", "--isolated", "--line-length", "110", "probes", "faults"]
    done = subprocess.run(ruff, cwd=project, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout
