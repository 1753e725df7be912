"""A remembered answer is the one that would be computed, and any edit of an input lets it be computed again."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from specship.lint.finding import Edit, Finding, LintResult
from specship.lint.memory import key_of, place
from specship.suite.plan.linting import Question, lint
from tests.projects.sound_project import PYPROJECT, SHORT, change, record_untrained, sound_project


@pytest.fixture(autouse=True)
def own_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of answers that no other test writes into."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "answers"))


def flawed(folder: Path) -> Path:
    return change(
        sound_project(folder),
        ("contract", "arXiv:2203", "arxiv:2203"),
        ("spec", "The loss is low.", "The loss is 2.2."),
    )


def test_remembered_and_computed_answers_are_equal(tmp_path: Path) -> None:
    project = flawed(tmp_path)
    computed = lint(Question(project), cache=False)
    assert not place().exists()
    first = lint(Question(project))
    assert place().exists()
    again = lint(Question(project))

    assert computed == first == again
    assert len(computed.findings) == 2


def test_it_really_is_recalled(tmp_path: Path) -> None:
    """Marked in the file itself: an answer with a valid digest is believed."""
    import hashlib

    project = flawed(tmp_path)
    lint(Question(project))
    kept = json.loads(place().read_text())
    kept["answer"] = json.dumps(LintResult(77, ()).as_json())
    kept["sha256"] = hashlib.sha256(kept["answer"].encode()).hexdigest()
    place().write_text(json.dumps(kept))

    assert lint(Question(project)).files == 77
    assert lint(Question(project), cache=False).files == 5
    assert lint(Question(project, select=("SHIP4",))).files == 5


def test_an_answer_that_somebody_committed_is_not_read(tmp_path: Path) -> None:
    """Nor is one written into the checkout: the words of a pull request are no answer about it."""
    project = flawed(tmp_path / "project")
    expected = lint(Question(project))
    kept = place().read_text().replace("findings", "finding")
    place().unlink()
    for name in (".specship/cache/lint.json", ".cache/specship/lint.json"):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(kept)

    assert lint(Question(project)) == expected


def _append(name: str, text: str) -> Callable[[Path], None]:
    def edit(project: Path) -> None:
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as file:
            file.write(text)

    return edit


def _link(project: Path) -> None:
    path = project / SHORT["contract"]
    path.rename(project / "moved.yaml")
    path.symlink_to("../moved.yaml")


EDITS: dict[str, Callable[[Path], None]] = {
    "pyproject.toml": _append("pyproject.toml", "\n"),
    "a contract": _append(SHORT["contract"], "\n"),
    "a contract with its old size and time": lambda project: _rewrite(project / SHORT["contract"]),
    "a new contract": _append("contracts/new-v1.yaml", "x"),
    "a contract that is not read": _append("contracts/old/new-v1.yaml", "x"),
    "a contract with another ending": _append("contracts/new-v1.yml", "x"),
    "a contract is gone": lambda project: (project / SHORT["contract"]).unlink(),
    "a contract becomes a link": _link,
    "the spec": _append(SHORT["spec"], "\n"),
    "a profile": _append(SHORT["release"], "\n"),
    "a new profile": _append("specs/small/profiles/middle.yaml", "x"),
    "an amendment": _append("specs/small/amendments/0001-begin.yaml", "\n"),
    "a new amendment": _append("specs/small/amendments/0002-more.yaml", "x"),
    "a probe": _append("own_probes/deep/probe.py", "\n"),
    "a fault": _append("own_faults/my_fault.py", "\n"),
    "the untrained report": _append("untrained.json", "\n"),
}


def _rewrite(path: Path) -> None:
    about = path.stat()
    path.write_text(path.read_text().replace("low", "wol").replace("held", "hold"))
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))


@pytest.mark.parametrize("edit", EDITS)
def test_every_input_counts(edit: str, tmp_path: Path) -> None:
    project = sound_project(tmp_path)
    record_untrained(project, {})
    change(project, ("project", PYPROJECT, PYPROJECT + 'probes = "own_probes"\nfaults = "own_faults"\n'))
    key = key_of(project)
    assert key is not None
    assert key_of(project) == key
    EDITS[edit](project)

    assert key_of(project) not in {key, None}


def test_every_option_counts(tmp_path: Path) -> None:
    project = sound_project(tmp_path)

    assert (
        len(
            {
                key_of(project),
                key_of(project, ("SHIP4",)),
                key_of(project, ("SHIP4",), ()),
                key_of(project, ("S", "HIP4")),
            }
        )
        == 4
    )


@pytest.mark.parametrize("what", ["a pipe", "a link to a folder", "a folder", "a table of another shape"])
def test_a_doubt_lets_everything_be_computed(what: str, tmp_path: Path) -> None:
    project = sound_project(tmp_path)
    if what == "a pipe":
        os.mkfifo(project / "contracts" / "pipe-v1.yaml")
    elif what == "a link to a folder":
        (project / "contracts" / "elsewhere").symlink_to(project / "specs")
    elif what == "a folder":
        change(project, ("project", PYPROJECT, PYPROJECT + '[tool.specship.lint]\nuntrained = "specs"\n'))
    else:
        change(project, ("project", PYPROJECT, PYPROJECT + "contracts = 3\n"))

    assert key_of(project) is None


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "[" * 100_000, '{"format": 1}', '{"format": 1, "key": "KEY", "sha256": "", "answer": {}}',
     '{"format": 1, "key": "KEY", "sha256": "", "answer": "[]"}', "\x00\xff"],
)  # fmt: skip
def test_a_damaged_file_is_not_believed(text: str, tmp_path: Path) -> None:
    project = flawed(tmp_path)
    expected = lint(Question(project))
    key = json.loads(place().read_text())["key"]
    place().write_text(text.replace("KEY", key))

    assert lint(Question(project)) == expected
    assert json.loads(place().read_text())["key"] == key


def test_one_flipped_character_is_noticed(tmp_path: Path) -> None:
    project = flawed(tmp_path)
    expected = lint(Question(project))
    text = place().read_text()
    place().write_text(text.replace("The loss", "The lass").replace("SHIP405", "SHIP406"))

    assert lint(Question(project)) == expected


def test_answers_that_cannot_be_kept_are_given_all_the_same(tmp_path: Path) -> None:
    project = flawed(tmp_path)
    (tmp_path / "answers").write_text("a file where a folder should be")

    assert len(lint(Question(project)).findings) == 2


SOUND = LintResult(
    3, (Finding("a", 1, 2, "SHIP404", "n", "m", "w", "e", (Edit(1, 2, "x"),)),), silenced=1, ignored=2
)  # fmt: skip


def test_an_answer_survives_being_written() -> None:
    assert LintResult.from_json(json.loads(json.dumps(SOUND.as_json()))) == SOUND


@pytest.mark.parametrize(
    "changed",
    [{"files": "3"}, {"files": True}, {"files": -1}, {"silenced": None}, {"findings": None}, {"findings": [[]]}, {"findings": 3},
     {"findings": [["a", "1", 2, "c", "n", "m", "w", "e", []]]}, {"findings": [["a", 1, 2, "c", "n", "m", "w", "e", [[1, 2]]]]},
     {"findings": [{"path": "a"}]}, {"more": 1}],
)  # fmt: skip
def test_an_answer_of_another_shape_is_none(changed: dict[str, object]) -> None:
    assert LintResult.from_json(SOUND.as_json() | changed) is None
    assert LintResult.from_json(None) is None


def test_a_recalled_answer_imports_nothing_heavy(tmp_path: Path) -> None:
    project = flawed(tmp_path)
    code = (
        "import sys\nsys.argv = ['specship', 'lint', '--format', 'sarif']\nfrom specship.cli import main\nstatus = main()\n"
        "print(status, sorted({'pydantic', 'yaml', 'torch', 'specship.specs.project'} & set(sys.modules)))"
    )
    last = [
        subprocess.run(
            [sys.executable, "-I", "-c", code], cwd=project, capture_output=True, text=True, check=True
        )
        for _ in range(2)
    ]

    assert last[0].stdout.splitlines()[-1] == "1 ['pydantic', 'specship.specs.project', 'yaml']"
    assert last[1].stdout.splitlines()[-1] == "1 []"
    assert last[0].stdout.splitlines()[:-1] == last[1].stdout.splitlines()[:-1]
