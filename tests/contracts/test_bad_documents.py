"""A hundred bad documents, and the place, code and wording that each of them earns.

After a change of wording that is meant, `python -m tests.contracts.test_bad_documents` writes the
answers anew; the difference is then reviewed like code.
"""

import os
import tempfile
from pathlib import Path

import pytest

from specship.codes import CODES
from specship.specs.project import survey_project
from specship.suite.plan.plan import all_faults
from specship.suite.plan.vocabulary import known_names
from tests.contracts.bad_documents import CASES
from tests.projects.small_project import make_project

ANSWERS = Path(__file__).with_name("bad_documents.txt")
NAMES = [name for name, *_ in CASES]
"""Codes whose documents are more than a replaced text, and are tried below."""
OTHERWISE = {"SHIP101", "SHIP102", "SHIP214", "SHIP312"}


def answers() -> dict[str, str]:
    """What is expected, by the words of the case."""
    parts = ANSWERS.read_text(encoding="utf-8").split("## ")[1:]
    return {name: text for name, _, text in (part.partition("\n") for part in parts)}


def told(root: Path) -> str:
    """Everything that is wrong with a project, as people read it."""
    survey = survey_project(root)
    faults = all_faults(survey, known_names(survey.root, survey.configuration))
    return "".join(f"{fault}\n" for fault in faults)


def spoil(root: Path, name: str) -> None:
    """Write one bad document into a sound project."""
    _, file, old, new = next(case for case in CASES if case[0] == name)
    path = root / file
    if old is None:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(new if isinstance(new, bytes) else new.encode())
        return
    text = path.read_text(encoding="utf-8")
    if old not in text or isinstance(new, bytes):
        raise AssertionError(f"{old!r} is not in {file}")
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project", files=1)


def test_the_sound_project_is_told_nothing(project: Path) -> None:
    assert told(project) == ""


def test_every_case_has_its_answer() -> None:
    assert len(set(NAMES)) == len(NAMES) >= 100
    assert list(answers()) == NAMES


@pytest.mark.parametrize("name", NAMES, ids=lambda name: name.replace(" ", "-"))
def test_a_bad_document_is_told_where_what_why_and_how_to_mend_it(name: str, project: Path) -> None:
    spoil(project, name)

    assert told(project) == answers()[name]


def test_every_code_has_a_document() -> None:
    """A code nobody can earn would be decoration."""
    text = ANSWERS.read_text(encoding="utf-8")

    assert {code for code in CODES if f" {code} " not in text} == OTHERWISE - {"SHIP102"}


def test_what_is_no_file_is_told_so(project: Path) -> None:
    """A pipe would be waited for, a link may lead out of the project or nowhere."""
    (project / "contracts/folder-v1.yaml").mkdir()
    os.mkfifo(project / "contracts/pipe-v1.yaml")
    (project / "contracts/out-v1.yaml").symlink_to("/etc/hostname")
    (project / "contracts/nowhere-v1.yaml").symlink_to("nothing")
    (project / "contracts/circle-v1.yaml").symlink_to("circle-v1.yaml")

    assert [line for line in told(project).splitlines() if "SHIP" in line and "mend" not in line] == [
        "contracts/circle-v1.yaml:1:1 SHIP101 a link that leads nowhere",
        "contracts/folder-v1.yaml:1:1 SHIP101 not a regular file",
        "contracts/nowhere-v1.yaml:1:1 SHIP101 a link that leads nowhere",
        "contracts/out-v1.yaml:1:1 SHIP101 a link out of the project",
        "contracts/pipe-v1.yaml:1:1 SHIP101 not a regular file",
    ]


def test_a_file_that_nobody_would_read_is_told_so(project: Path) -> None:
    """By its suffix or by its folder; what would mend it is to rename it, to move it, or both."""
    misplaced = {
        "contracts/old/small-v0.yaml": "move it up",
        "contracts/old/small-v1.yml": "rename it to small-v1.yaml and move it up",
        "contracts/other-v1.YAML": "rename it to other-v1.yaml",
        "contracts/other-v1.yml": "rename it to other-v1.yaml",
        "specs/small/amendments/0002-more.yml": "rename it to 0002-more.yaml",
        "specs/small/profiles/larger.yml": "rename it to larger.yaml",
        "specs/small/profiles/old/larger.yaml": "move it up",
    }
    (project / "contracts/old").mkdir()
    (project / "specs/small/profiles/old").mkdir()
    for name in misplaced:
        (project / name).write_text("a: 1\n")
    lines = told(project).splitlines()
    at = [number for number, line in enumerate(lines) if "SHIP214" in line]

    assert [lines[number].partition(":")[0] for number in at] == list(misplaced)
    assert [lines[number + 2].strip().removeprefix("mend: ") for number in at] == list(misplaced.values())


def test_a_spec_with_the_other_suffix_is_told_so(project: Path) -> None:
    (project / "specs/small/spec.yaml").rename(project / "specs/small/spec.yml")

    assert "specs/small/spec.yml:1:1 SHIP214 a spec in a file that nobody reads" in told(project)


def test_a_probe_of_what_no_stage_makes_is_told_so(project: Path) -> None:
    path = project / "probes/small.py"
    path.write_text(path.read_text().replace("def documents(corpus:", "def documents(corpse:"))

    assert "contracts/small-v1.yaml:10:5 SHIP306 probe 'small.documents' measures 'corpse'" in told(project)
    assert "mend: the nearest is 'corpus'" in told(project)


def test_a_gate_for_two_models_is_told_so(project: Path) -> None:
    spec = project / "specs/small/spec.yaml"
    second = spec.read_text()[spec.read_text().index("  - id: MODEL-1") :]
    spec.write_text(spec.read_text() + second.replace("MODEL-1", "MODEL-2").replace("AC-SMALL", "AC-LARGE"))
    contract = project / "contracts/small-v1.yaml"
    contract.write_text(contract.read_text().replace("[AC-SMALL-001]", "[AC-SMALL-001, AC-LARGE-001]"))

    assert (
        "contracts/small-v1.yaml:8:5 SHIP312 GATE-SMALL-001 binds to criteria of MODEL-1 and MODEL-2"
        in told(project)
    )


def main() -> None:
    """Write the answers of today."""
    lines = []
    for name in NAMES:
        with tempfile.TemporaryDirectory() as folder:
            root = make_project(Path(folder, "project"), files=1)
            spoil(root, name)
            lines.append(f"## {name}\n{told(root)}")
    ANSWERS.write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
