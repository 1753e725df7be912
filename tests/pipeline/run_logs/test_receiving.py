"""Receiving a run: what is copied, what is left where it is, and who says what of it."""

import json
import os
import pickle
from pathlib import Path
from typing import Any

import pytest

from specship.errors import DamagedArtifact, UnusableInput
from specship.pipeline.run_logs.opening import read_facts
from specship.pipeline.run_logs.receiving import LoggedSettings, read_received, receive, seen_outside
from tests.projects.logged_project import write_run

SCHEDULE = {"peak": 0.001, "warmup_steps": 20, "planned_steps": 200}


def settings(**more: Any) -> LoggedSettings:
    about = {"folder": "theirs", "source": "a Trainer", **more}
    return LoggedSettings.model_validate_json(json.dumps(about))


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    return write_run(tmp_path / "theirs")


def test_records_are_copied_and_read_as_they_are_there(theirs: Path, tmp_path: Path) -> None:
    receive(theirs, tmp_path / "out", settings())
    copied = {path.name for path in (tmp_path / "out").iterdir()}

    assert copied == {"trainer_state.json", "config.json", "declared.json", "received.json"}
    assert read_facts(tmp_path / "out")[0] == read_facts(theirs)[0]


def test_one_file_is_a_run_too(theirs: Path, tmp_path: Path) -> None:
    facts = receive(theirs / "trainer_state.json", tmp_path / "out", settings())

    assert (len(facts.steps), facts.vocabulary) == (40, None)


def test_no_link_no_pickle_and_no_weights_are_copied(theirs: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.json").write_text("{}")
    (theirs / "linked.json").symlink_to(tmp_path / "secret.json")
    (theirs / "folder").symlink_to(tmp_path, target_is_directory=True)
    (theirs / "named.json").write_bytes(pickle.dumps({"a": 1}))
    for name in ("training_args.bin", "model.safetensors", "optimizer.pt", "last.ckpt"):
        (theirs / name).write_bytes(b"weights of " + name.encode())
    os.mkfifo(theirs / "pipe.json")
    receive(theirs, tmp_path / "out", settings())
    found = read_received(tmp_path / "out")

    assert found is not None
    assert found.left == {
        "linked.json": "a link",
        "named.json": "a pickle or an archive",
        "pipe.json": "no regular file",
        **dict.fromkeys(
            ("training_args.bin", "model.safetensors", "optimizer.pt", "last.ckpt"),
            "weights, a pickle or an archive",
        ),
    }
    assert found.weights.keys() == {"model.safetensors", "last.ckpt"}
    assert {path.name for path in (tmp_path / "out").rglob("*")} == {
        "trainer_state.json", "config.json", "declared.json", "received.json",
    }  # fmt: skip


def test_the_weights_of_the_newest_checkpoint_are_those_of_the_run(theirs: Path, tmp_path: Path) -> None:
    for step in (40, 200):
        (theirs / f"checkpoint-{step}").mkdir()
        (theirs / f"checkpoint-{step}" / "model.safetensors").write_bytes(b"%d" % step)
    receive(theirs, tmp_path / "newest", settings())
    receive(theirs, tmp_path / "named", settings(weights="checkpoint-40"))
    newest, named = read_received(tmp_path / "newest"), read_received(tmp_path / "named")

    assert newest is not None
    assert named is not None
    assert (newest.weights_folder, named.weights_folder) == ("checkpoint-200", "checkpoint-40")
    assert newest.weights != named.weights
    for asked in ("checkpoint-41", "../theirs/checkpoint-40"):
        with pytest.raises(UnusableInput, match="no weights lie in"):
            receive(theirs, tmp_path / "none", settings(weights=asked))


def test_a_folder_without_a_run_is_refused_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UnusableInput, match="not a run"):
        receive(tmp_path / "empty", tmp_path / "out", settings())


def test_a_log_without_steps_is_refused(theirs: Path, tmp_path: Path) -> None:
    (theirs / "trainer_state.json").write_text('{"log_history": [{"loss": "high", "step": 1}]}')
    (theirs / "trainer_state.json").write_text('{"log_history": []}')
    with pytest.raises(DamagedArtifact, match="holds no step"):
        receive(theirs, tmp_path / "out", settings())


def test_a_changed_log_and_changed_weights_are_seen_from_outside(theirs: Path) -> None:
    before = seen_outside(theirs, "")
    (theirs / "model.safetensors").write_bytes(b"weights")
    with_weights = seen_outside(theirs, "")
    (theirs / "config.json").write_text("{}")

    assert [name for name, _ in before] == ["config.json", "trainer_state.json"]
    assert len({str(before), str(with_weights), str(seen_outside(theirs, ""))}) == 3
    assert seen_outside(theirs / "nowhere", "") == []


def test_what_is_declared_is_the_makers_word(theirs: Path, tmp_path: Path) -> None:
    declared = {"schedule": SCHEDULE, "device_asked": "cuda", "planned_steps": 200}
    receive(theirs, tmp_path / "out", settings(declared=declared))
    facts, _ = read_facts(tmp_path / "out")

    assert facts.told == {"schedule", "device_asked"}  # the planned steps are on record
    assert facts.schedule is not None
    assert facts.schedule.planned_steps == 200


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ({"planned_steps": 300}, "planned_steps is declared as 300, and the run recorded 200"),
        ({"vocabulary": 50257}, "vocabulary is declared as 50257, and the run recorded 1024"),
    ],
)
def test_a_declaration_that_contradicts_the_record_is_refused(
    theirs: Path, tmp_path: Path, declared: dict[str, Any], said: str
) -> None:
    with pytest.raises(UnusableInput, match=said):
        receive(theirs, tmp_path / "out", settings(declared=declared))
