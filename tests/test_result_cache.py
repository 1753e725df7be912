"""Answers are recalled under their key only, and there is no key where something cannot be seen."""

import importlib.util
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from specship import result_cache
from specship.result_cache import (
    ProjectFiles,
    bytes_digest,
    content_digest,
    inputs_digest,
    project_files,
    recall,
    remember,
)
from tests.projects.sound_project import SHORT, sound_project

ANSWERS: list[Any] = [{}, [], 0, "text é \u202e \udcff", {"a": [1, 2.5, None, True, "\n"]}]


@pytest.mark.parametrize("answer", ANSWERS, ids=repr)
def test_remembered_answers_come_back(answer: Any, tmp_path: Path) -> None:
    path = tmp_path / "deep" / "answer.json"

    assert recall(path, "key") is None
    assert remember(path, "key", answer)
    assert recall(path, "key") == answer
    assert recall(path, "another") is None
    assert recall(path, None) is None
    assert [entry.name for entry in path.parent.iterdir()] == ["answer.json"]


def test_without_a_key_nothing_is_kept(tmp_path: Path) -> None:
    assert not remember(tmp_path / "answer.json", None, {})
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_kept_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    assert not remember(tmp_path / "file" / "answer.json", "key", {})
    assert recall(tmp_path / "file" / "answer.json", "key") is None
    assert recall(tmp_path, "key") is None


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "answer.json")

    assert recall(tmp_path / "answer.json", "key") is None


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"key": "x"},
        {"sha256": ""},
        {"answer": "{}"},
        {"answer": None},
        {"more": 1},
    ],
)
def test_a_changed_file_is_not_believed(change: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "answer.json"
    remember(path, "key", {"files": 3})
    path.write_text(json.dumps(json.loads(path.read_text()) | change))

    assert recall(path, "key") is None


def test_inputs_are_those_that_the_project_reads(tmp_path: Path) -> None:
    project = sound_project(tmp_path)
    inputs = project_files(project / "contracts")

    assert inputs is not None
    assert inputs.root == project.resolve()
    assert set(inputs.files) == {
        "pyproject.toml", "specs/small/amendments/0001-begin.yaml", *SHORT.values()
    }  # fmt: skip


def test_contracts_are_the_files_of_their_folder_itself(tmp_path: Path) -> None:
    """Also where it holds something else besides."""
    for name in ("a-v1.yaml", ".b.yaml", "c.yml", "probe.py", "old/d-v1.yaml"):
        (tmp_path / "gates" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "gates" / name).write_text("")
    (tmp_path / "pyproject.toml").write_text("[tool.specship]\ncontracts = 'gates'\nprobes = 'gates'")
    inputs = project_files(tmp_path)

    assert inputs is not None
    assert inputs.contracts == ("gates/.b.yaml", "gates/a-v1.yaml")
    assert set(inputs.files) - {*inputs.contracts, "pyproject.toml"} == {
        "gates/c.yml", "gates/old/d-v1.yaml", "gates/probe.py"
    }  # fmt: skip


def test_a_folder_that_is_called_like_a_file_is_a_doubt(tmp_path: Path) -> None:
    (sound_project(tmp_path) / "contracts/new-v1.yaml").mkdir()

    assert project_files(tmp_path) is None


def test_a_digest_is_that_of_a_regular_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"\xff")
    (tmp_path / "link").symlink_to(path)
    os.mkfifo(tmp_path / "pipe")

    assert content_digest(str(path)) == bytes_digest(b"\xff")
    assert [content_digest(str(tmp_path / name)) for name in ("link", "pipe", "", "none")] == [""] * 4


def test_outside_of_a_project_there_is_no_key(tmp_path: Path) -> None:
    assert project_files(tmp_path) is None
    assert inputs_digest(None) is None


@pytest.mark.parametrize(
    "text",
    [
        "[tool.specship",
        "tool = 3 # specship",
        "[tool]\nspecship = 3",
        "[tool.specship]\nspec = 3",
        "[tool.specship]\ncontracts = ['contracts']",
        "[tool.specship]\nlint = {untrained = 3}",
    ],
)
def test_a_table_in_doubt_gives_no_inputs(text: str, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(text)

    assert project_files(tmp_path) is None


def test_probes_of_other_distributions_are_out_of_sight(tmp_path: Path) -> None:
    """Their code can change without any file here; a distribution that nobody names brings none."""
    settings = tmp_path / "pyproject.toml"
    settings.write_text('[tool.specship]\nspec = "spec"\n')
    assert project_files(tmp_path) is not None
    settings.write_text('[tool.specship]\nspec = "spec"\nprobe_distributions = ["other-probes"]\n')

    assert project_files(tmp_path) is None


def test_what_is_installed_is_part_of_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = ProjectFiles(tmp_path, ())
    before = inputs_digest(inputs)
    folder = tmp_path / "site" / "other-1.0.dist-info"
    folder.mkdir(parents=True)
    monkeypatch.setattr(sys, "path", [*sys.path, str(folder.parent)])

    assert before is not None
    assert inputs_digest(inputs) not in {before, None}


@pytest.mark.parametrize("near", [-1, 60_000_000_000], ids=["kept in the process", "read each time"])
def test_an_edit_of_our_own_code_gives_another_key(near: int, tmp_path: Path) -> None:
    """Also one that leaves a file as long and as old as it was."""
    code = tmp_path / "specship"
    code.mkdir()
    for name in ("result_cache.py", "other.py"):
        shutil.copy2(Path(result_cache.__file__).with_name("result_cache.py"), code / name)
    spec = importlib.util.spec_from_file_location("copied_result_cache", code / "result_cache.py")
    assert spec is not None
    assert spec.loader is not None
    copied = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(copied)
    vars(copied)["_NEAR_NS"] = near  # what the test just wrote is as new as can be
    project = copied.ProjectFiles(sound_project(tmp_path / "project"), ("pyproject.toml",))
    edited = code / "other.py"
    before, text = edited.stat(), edited.read_bytes()

    first = copied.inputs_digest(project)
    assert copied.inputs_digest(project) == first
    edited.write_bytes(text.replace(b"Answers of", b"Sayings of", 1))
    os.utime(edited, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (edited.stat().st_size, edited.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert copied.inputs_digest(project) not in {None, first}
    edited.write_bytes(text)
    assert copied.inputs_digest(project) == first
    (code / "more.py").touch()
    assert copied.inputs_digest(project) not in {None, first}
