"""What torchtitan prints: speed per device, ranks beside one another, colours."""

from pathlib import Path

from specship.diagnose.opening import diagnose_run
from specship.pipeline.run_logs.formats.torchtitan_log import read_torchtitan
from specship.pipeline.run_logs.series.columns import Columns
from tests.diagnose.foreign_logs import healthy, torchtitan
from tests.diagnose.written_runs import names

STEP = "[rank{rank}]:[titan] 2025-06-04 08:51:48,074 - root - INFO - step: {step:2}  loss: {loss:7.4f}  "
REST = "grad_norm:  1.4604  memory:  1.21GiB(0.86%)  tps: 5,756  tflops: 0.41  mfu: 0.04%\n"
MESH = "[rank0]:[titan] - Building device mesh with parallelism: pp=1, dp_replicate=2, dp_shard=4, cp=1, tp=2, ep=1\n"


def written(folder: Path, text: str) -> Path:
    (folder / "titan.log").write_text(text)
    return folder / "titan.log"


def test_a_run_is_read_with_what_was_meant(tmp_path: Path) -> None:
    torchtitan(tmp_path, healthy(every=10))
    found = diagnose_run(tmp_path)
    facts = found.facts

    assert (facts.kind, names(found), len(facts.steps), len(facts.evaluations)) == (
        "torchtitan log",
        [],
        29,
        5,
    )
    assert (facts.vocabulary, facts.tokens_per_step, facts.planned_steps, facts.parameters) == (
        257,
        512,
        290,
        6464,
    )
    assert (facts.finished, facts.ended_step, facts.device_got) == (True, 290, "cpu")
    assert facts.steps[0].lr is None


def test_speed_per_device_becomes_that_of_all_where_their_number_is_known(tmp_path: Path) -> None:
    line = STEP.format(rank=0, step=1, loss=8.0277) + REST
    unknown, _ = read_torchtitan(written(tmp_path, line))
    printed, _ = read_torchtitan(written(tmp_path, MESH + line))
    told, _ = read_torchtitan(written(tmp_path, line), Columns(tokens_are="device", devices=8))

    assert [one.steps[0].tokens_per_second for one in (unknown, printed, told)] == [None, 16 * 5756, 8 * 5756]


def test_ranks_that_say_the_same_count_once(tmp_path: Path) -> None:
    lines = [STEP.format(rank=rank, step=step, loss=8.0) + REST for step in (1, 10) for rank in (0, 1)]
    facts, damage = read_torchtitan(written(tmp_path, "".join(lines)))

    assert ([one.step for one in facts.steps], damage) == ([1, 10], [])


def test_a_line_without_a_norm_is_read(tmp_path: Path) -> None:
    line = (
        STEP.format(rank=0, step=20, loss=8.9196) + "memory: 30.99GiB(32.62%)  tps: 7,022  tflops: 406.65\n"
    )
    facts, _ = read_torchtitan(written(tmp_path, line))

    assert (facts.steps[0].loss, facts.steps[0].grad_norm) == (8.9196, None)
