"""The stage that receives a run: chosen by its section, and refused with the reason where nothing is there."""

import json
from pathlib import Path
from typing import Any

import pytest

from specship.errors import RequirementMissing
from specship.pipeline.registry import maker_of, run_stage, stage_named
from specship.pipeline.run_logs.opening import read_facts
from tests.projects.logged_project import write_run

SETTINGS: dict[str, Any] = {
    "logged": {"folder": "theirs", "source": "a Trainer", "declared": {"mode": "scratch"}}
}


def received(project: Path, settings: dict[str, Any] = SETTINGS) -> Path:
    run_stage(stage_named("logged"), settings, {}, project / "out", lambda *_, **__: None)
    return project / "out"


def test_the_section_in_the_settings_chooses_how_a_run_comes_about() -> None:
    assert maker_of("run", SETTINGS).name == "logged"
    assert maker_of("run", {"training": {}}).name == "run"


def test_a_run_is_received_with_its_makers_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_run(tmp_path / "theirs")
    facts, _ = read_facts(received(tmp_path))

    assert facts.mode == "scratch"
    assert facts.told == {"mode"}


def test_no_run_is_a_requirement_that_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RequirementMissing, match="is not there"):
        received(tmp_path)


@pytest.mark.parametrize("stage", ["checkpoint", "replay"])
def test_what_needs_weights_is_not_made_from_a_log(
    stage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_run(tmp_path / "theirs")
    run = received(tmp_path)
    with pytest.raises(RequirementMissing, match="a log holds no weights"):
        run_stage(stage_named(stage), {"training": {"warmup_steps": 1}}, {"run": run}, tmp_path / "made")


def test_what_lies_there_is_an_ingredient(tmp_path: Path) -> None:
    stage = stage_named("logged")
    assert stage.outside is not None
    none = stage.outside(SETTINGS, tmp_path)
    write_run(tmp_path / "theirs")
    there = stage.outside(SETTINGS, tmp_path)
    (tmp_path / "theirs/config.json").write_text(json.dumps({"vocab_size": 5}))

    assert len({none, there, stage.outside(SETTINGS, tmp_path)}) == 3
