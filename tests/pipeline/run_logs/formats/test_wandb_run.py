"""Runs of Weights & Biases: chunks over blocks, history, config, exit; files that were cut or changed."""

import random
from pathlib import Path

import pytest

from specship.diagnose.opening import diagnose_run
from specship.errors import SpecshipError
from specship.pipeline.run_logs.formats.wandb_run import read_wandb
from tests.diagnose.foreign_logs import Run, chunked, healthy, item, message, wandb_run
from tests.diagnose.written_runs import names


def written(folder: Path, data: bytes) -> Path:
    path = folder / "run-x.wandb"
    path.write_bytes(data)
    return path


def history(**figures: object) -> bytes:
    return message(2, b"".join(item(name, value) for name, value in figures.items()))


def test_a_run_is_read_with_what_was_set(tmp_path: Path) -> None:
    path = wandb_run(tmp_path, healthy(every=10))
    for given in (tmp_path, tmp_path / "wandb", path.parent, path):
        found = diagnose_run(given)
        facts = found.facts

        assert (facts.kind, names(found)) == ("Weights & Biases run", [])
        assert (len(facts.steps), len(facts.evaluations)) == (29, 5)
        assert (facts.vocabulary, facts.planned_steps, facts.clip_norm) == (257, 290, 1.0)
        assert (facts.finished, facts.ended_step, facts.steps[0].step) == (True, 290, 10)
        assert str(facts.steps[0].line) == "run-r1.wandb entry 2"


@pytest.mark.parametrize(
    ("ended", "code", "finished", "reason"),
    [
        (True, 0, True, ""),
        (False, None, None, ""),
        (False, 137, True, "the run's process ended with exit code 137"),
    ],
)
def test_how_a_run_ended_is_its_exit(
    tmp_path: Path, ended: bool, code: int | None, finished: bool | None, reason: str
) -> None:
    run = Run(healthy().records[:100], 290, ended=ended)
    facts, _ = read_wandb(wandb_run(tmp_path, run, code=code))

    assert (facts.finished, facts.stop_reason) == (finished, reason)


def test_a_record_may_go_over_blocks(tmp_path: Path) -> None:
    table = item("table", "x" * 100_000)
    long = message(2, item("loss", 2.5) + item("_step", 7) + table)
    facts, damage = read_wandb(written(tmp_path, chunked([long, history(loss="NaN", _step=8)])))

    assert [(one.step, str(one.loss)) for one in facts.steps] == [(7, "2.5"), (8, "nan")]
    assert damage == []


def test_a_file_that_was_cut_or_changed_is_read_up_to_there(tmp_path: Path) -> None:
    whole = wandb_run(tmp_path, healthy()).read_bytes()
    changed = bytearray(whole)
    changed[len(whole) // 2] ^= 1
    for data in (whole[: len(whole) // 2], bytes(changed)):
        facts, damage = read_wandb(written(tmp_path, data))

        assert 50 < len(facts.steps) < 240
        assert "what stands behind it was not read" in damage[0]
        assert facts.damage == tuple(damage)


def test_what_is_no_record_is_said_and_left_out(tmp_path: Path) -> None:
    odd = [b"\xff" * 11, message(2, b"\x0a\x7f")]
    facts, damage = read_wandb(written(tmp_path, chunked([*odd, history(loss=2.5, _step=1)])))

    assert len(facts.steps) == 1
    assert damage[0] == "run-x.wandb entry 1 is no record: byte 0 of a message: a number without end"
    assert len(damage) == 2


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "no run of Weights & Biases"),
        (b":W&B\xe1\xbe\x01", "no run of Weights & Biases"),
        (chunked([]), "no history"),
        (chunked([b"x" * 40_000])[:33_000], "no history"),
        (b":W&B\xe1\xbe\x00" + b"\x00" * 100, "no history"),
    ],
)
def test_what_is_no_run_is_refused(tmp_path: Path, data: bytes, message: str) -> None:
    with pytest.raises(SpecshipError, match=message):
        read_wandb(written(tmp_path, data))


def test_mutants_are_read_or_refused(tmp_path: Path) -> None:
    """With checksums that hold, so that what is inside a record is reached."""
    dice = random.Random(5)  # noqa: S311 - mutants
    sound = history(loss=2.5, _step=1)
    for _ in range(150):
        inside = bytearray(sound)
        for _ in range(dice.randint(1, 4)):
            inside[dice.randrange(len(inside))] = dice.randrange(256)
        try:
            read_wandb(written(tmp_path, chunked([sound, bytes(inside)])))
        except SpecshipError:
            continue


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of the library and what it imports
def test_what_wandb_writes_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wandb = pytest.importorskip("wandb", reason="wandb is not installed: nothing of its own was read")
    monkeypatch.setenv("WANDB_SILENT", "true")
    config = {"learning_rate": 1e-2, "lr_scheduler_type": "cosine", "warmup_steps": 6, "max_steps": 60}
    run = wandb.init(project="p", mode="offline", config=config, dir=str(tmp_path))
    for step in range(10, 61, 10):
        run.log({"train/loss": 4 - step / 30, "train/global_step": step, "nested": {"a": 1.5}})
    run.finish()
    facts = diagnose_run(tmp_path).facts

    assert [one.step for one in facts.steps] == [10, 20, 30, 40, 50, 60]
    assert (facts.planned_steps, facts.finished, facts.ended_step) == (60, True, 60)
    assert facts.schedule is not None
