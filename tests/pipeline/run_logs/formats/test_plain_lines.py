"""JSON Lines of a script of its own: nested records, what is not finite, what was cut."""

import json
import math
from pathlib import Path

import pytest

from specship.diagnose.opening import diagnose_run
from specship.errors import SpecshipError
from specship.pipeline.run_logs.formats.plain_lines import read_plain_lines
from tests.diagnose.trainer_logs import Draw, log
from tests.diagnose.written_runs import names


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "log.jsonl"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_trainers_records_are_read(tmp_path: Path) -> None:
    written(tmp_path, "".join(json.dumps(one) + "\n" for one in log(Draw(1))))
    found = diagnose_run(tmp_path)

    assert (names(found), found.facts.kind) == ([], "JSON Lines log")
    assert (len(found.facts.steps), len(found.facts.evaluations)) == (60, 6)


def test_objects_inside_a_record_are_looked_into(tmp_path: Path) -> None:
    one = {"iter": 5, "train": {"loss": 2.5, "lr": 0.1, "grad_norm": 1.0}, "val": {"loss": 2.6}}
    facts, _ = read_plain_lines(written(tmp_path, json.dumps(one) + "\n"))
    (step,) = facts.steps

    assert (step.step, step.loss, step.lr, step.grad_norm) == (5, 2.5, 0.1, 1.0)
    assert facts.evaluations[0].loss == 2.6


def test_history_of_weights_and_biases_counts_the_trainers_steps(tmp_path: Path) -> None:
    one = {"_step": 7, "_runtime": 1.5, "train/global_step": 700, "train/loss": "NaN"}
    facts, _ = read_plain_lines(written(tmp_path, json.dumps(one) + "\n"))

    assert facts.steps[0].step == 700
    assert math.isnan(facts.steps[0].loss or 0.0)


def test_what_cannot_be_read_is_said_with_its_line(tmp_path: Path) -> None:
    text = (
        '{"step": 1, "loss": 3}\n[1]\n{"step": 2, "loss": "low"}\n\n{"step": 3, "loss": NaN}\n{"step": 4, "lo'
    )
    facts, damage = read_plain_lines(written(tmp_path, text))

    assert [one.step for one in facts.steps] == [1, 3]
    assert damage[0] == "log.jsonl:2 is no record"
    assert damage[1].startswith("log.jsonl:6 was cut while it was written")
    assert damage[2] == "log.jsonl:3: loss is 'low', no number"


@pytest.mark.parametrize("text", [b"", b"\xff\xfe\n", b"[" * 5000 + b"\n", b"[]\n" * 500])
def test_what_is_no_log_is_refused(tmp_path: Path, text: bytes) -> None:
    with pytest.raises(SpecshipError, match="no log in JSON Lines"):
        read_plain_lines(written(tmp_path, text))
