"""TensorBoard's event files: scalars and arguments are read, and whatever else a file holds ends no diagnosis."""

import json
import math
import random
from pathlib import Path
from typing import Any

import pytest

from specship.diagnose.opening import diagnose_run
from specship.errors import SpecshipError
from specship.pipeline.run_logs.formats.event_file import masked_crc, read_events
from tests.diagnose.event_files import events, framed, masked, scalar
from tests.diagnose.trainer_logs import VOCABULARY, Draw, cosine, log
from tests.diagnose.written_runs import names, write_state

COSINE: dict[str, Any] = {
    "lr_scheduler_type": "cosine",
    "learning_rate": 3e-4,
    "warmup_steps": 60,
    "max_steps": 600,
    "use_cpu": True,
}


def rate(part: float) -> float:
    """Those 600 steps by Trainer's own form: linear warm-up, then half a cosine to 0."""
    return 3e-4 * (part / 0.1 if part < 0.1 else 0.5 * (1 + math.cos(math.pi * (part - 0.1) / 0.9)))


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def test_the_checksum_is_that_of_the_format() -> None:
    assert masked_crc(b"123456789") == int.from_bytes(masked(b"123456789"), "little")
    assert masked(b"") == bytes.fromhex("d8ea82a2")  # crc 0, masked


def test_a_log_is_read_with_its_lines(tmp_path: Path) -> None:
    records = log(Draw(1), rate=rate)
    path = written(tmp_path / "events.out.tfevents.1", events(records, COSINE, vocab_size=VOCABULARY))
    facts, damage = read_events(path)
    logged = [one for one in records if "loss" in one]

    assert damage == []
    assert [step.step for step in facts.steps] == [one["step"] for one in logged]
    assert [step.loss for step in facts.steps] == pytest.approx([one["loss"] for one in logged])
    assert [one.step for one in facts.evaluations] == [100, 200, 300, 400, 500, 600]
    assert (facts.vocabulary, facts.planned_steps, facts.device_asked) == (VOCABULARY, 600, "cpu")
    assert str(facts.steps[0].line) == f"{path.name} entry 4"


@pytest.mark.parametrize(
    "place", ["events.out.tfevents.17.host.1", "runs/Nov30_11-04_host/events.out.tfevents.17"]
)
@pytest.mark.parametrize(
    ("curve", "found"),
    [(rate, []), (lambda _: 3e-4, ["schedule-not-applied"]), (cosine, ["schedule-not-applied"])],
)
def test_a_trainer_is_held_to_the_arguments_beside_its_state(
    tmp_path: Path, place: str, curve: Any, found: list[str]
) -> None:
    records = log(Draw(1), rate=curve)
    folder = write_state(tmp_path / "out", records)
    (folder / place).parent.mkdir(parents=True, exist_ok=True)
    (folder / place).write_bytes(events([], COSINE))

    assert names(diagnose_run(folder)) == found


def test_arguments_that_a_script_saved_as_json_count_too(tmp_path: Path) -> None:
    """And tables that lie beside the state are no logs of its run, however many."""
    folder = write_state(tmp_path / "out", log(Draw(1), rate=lambda _: 3e-4))
    for name in ("a.csv", "b.csv", "a.jsonl", "b.jsonl"):
        (folder / name).write_text("step,loss\n1,2\n")
    assert names(diagnose_run(folder)) == []
    (folder / "training_args.json").write_text(json.dumps(COSINE))

    assert names(diagnose_run(folder)) == ["schedule-not-applied"]
    (folder / "training_args.json").unlink()
    (folder / "training_args.json").symlink_to(folder / "trainer_state.json")
    assert any("training_args.json" in note for note in diagnose_run(folder).notes)


@pytest.mark.parametrize(
    "arguments",
    [
        COSINE | {"warmup_steps": 0.1},
        COSINE | {"warmup_steps": 0, "warmup_ratio": 0.1},
        COSINE | {"max_steps": -1},
        COSINE | {"lr_scheduler_type": "polynomial"},
        COSINE | {"lr_scheduler_kwargs": {"num_cycles": 2}},
        COSINE | {"learning_rate": "high"},
        {"lr_scheduler_type": ["cosine"]},
        {},
    ],
)
def test_arguments_of_another_form_accuse_nobody(tmp_path: Path, arguments: dict[str, Any]) -> None:
    folder = write_state(tmp_path / "out", log(Draw(1), rate=rate))
    (folder / "events.out.tfevents.17").write_bytes(events([], arguments))

    assert names(diagnose_run(folder)) == []


@pytest.mark.parametrize(
    ("shape", "curve", "found"),
    [
        ("cosine", lambda _: 3e-4, ["schedule-not-applied"]),
        ("cosine", cosine, []),
        ("constant", cosine, ["schedule-not-applied"]),
        ("constant", lambda part: 3e-4 * min(1.0, 10 * part), []),
    ],
)
def test_a_caller_may_say_which_schedule_was_meant(
    tmp_path: Path, shape: str, curve: Any, found: list[str]
) -> None:
    folder = write_state(tmp_path / "out", log(Draw(1), rate=curve))

    assert names(diagnose_run(folder)) == []
    assert names(diagnose_run(folder, {"lr_schedule": shape})) == found
    with pytest.raises(SpecshipError, match="lr_schedule is 'cosin'") as caught:
        diagnose_run(folder, {"lr_schedule": "cosin"})
    assert "'cosine'" in str(caught.value)


@pytest.mark.parametrize(
    ("limit", "clip"), [(1.0, 1.0), (0.0, None), (-1, None), (math.inf, None), ("1", None), (True, None)]
)
def test_the_clip_is_among_the_arguments(tmp_path: Path, limit: Any, clip: float | None) -> None:
    data = events(
        [], COSINE | {"max_grad_norm": limit}, architectures=["BertForTokenClassification"], vocab_size=9
    )
    facts, _ = read_events(written(tmp_path / "a.tfevents", data))

    assert (facts.clip_norm, facts.vocabulary) == (clip, None)


def test_a_file_alone_is_a_run(tmp_path: Path) -> None:
    history = log(Draw(1), curve=lambda _: 2.35)
    for one in history:
        one["grad_norm"] = 0.0
    found = diagnose_run(written(tmp_path / "a.tfevents", events(history, COSINE, vocab_size=VOCABULARY)))

    assert (found.facts.kind, names(found)[0]) == ("TensorBoard log", "no-gradient")


def test_a_file_that_was_cut_or_changed_is_read_up_to_there(tmp_path: Path) -> None:
    whole = events(log(Draw(1)))
    cut = written(tmp_path / "cut", whole[: len(whole) // 2])
    changed = bytearray(whole)
    changed[len(whole) // 2] ^= 1
    for path in (cut, written(tmp_path / "changed", bytes(changed))):
        facts, damage = read_events(path)

        assert 20 < len(facts.steps) < 40
        assert "what stands behind it was not read" in damage[0]
        assert facts.damage == tuple(damage)


def test_a_frame_that_holds_no_event_is_said_and_left_out(tmp_path: Path) -> None:
    odd = [b"\xff" * 11, b"\x2a\x7f", b"\x0b", b"\x2a\x02\x0a\x7f"]
    data = b"".join(
        map(framed, [scalar(1, "train/loss", 3.0), *odd, scalar(2, "train/loss", 2.5, tensor=True)])
    )
    facts, damage = read_events(written(tmp_path / "odd", data))

    assert [(step.step, step.loss) for step in facts.steps] == [(1, 3.0), (2, 2.5)]
    assert len(damage) == 4
    assert damage[0] == "odd entry 2 is no event: byte 0 of a message: a number without end"


@pytest.mark.parametrize("data", [b"", b"x" * 100, framed(b""), events([])])
def test_what_is_no_event_file_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(SpecshipError, match="no event file of TensorBoard"):
        read_events(written(tmp_path / "none", data))


def test_mutants_are_read_or_refused(tmp_path: Path) -> None:
    """With checksums that hold, so that what is inside a frame is reached."""
    dice = random.Random(5)  # noqa: S311 - mutants
    sound = scalar(7, "train/loss", 2.0)
    for _ in range(500):
        inside = bytearray(sound)
        for _ in range(dice.randint(1, 4)):
            inside[dice.randrange(len(inside))] = dice.randrange(256)
        try:
            read_events(written(tmp_path / "mutant", framed(sound) + framed(bytes(inside))))
        except SpecshipError:
            continue
