"""What nanoGPT prints: iterations, estimates, its settings; what forks add; what was cut."""

from pathlib import Path

from specship.diagnose.opening import diagnose_run
from specship.pipeline.run_logs.formats.nanogpt_log import read_nanogpt
from tests.diagnose.foreign_logs import healthy, nanogpt
from tests.diagnose.written_runs import names


def written(folder: Path, text: str) -> Path:
    (folder / "train.log").write_text(text)
    return folder / "train.log"


def test_a_run_is_read_with_what_was_meant(tmp_path: Path) -> None:
    run = healthy(every=10)
    nanogpt(tmp_path, run)
    found = diagnose_run(tmp_path)
    facts = found.facts

    assert (facts.kind, names(found), len(facts.steps), len(facts.evaluations)) == ("nanoGPT log", [], 29, 5)
    assert (facts.vocabulary, facts.tokens_per_step, facts.planned_steps) == (257, 512, 290)
    assert (facts.clip_norm, facts.device_asked, facts.device_got, facts.initialised) == (
        1.0,
        "cpu",
        None,
        False,
    )
    assert (facts.finished, facts.ended_step, facts.log_every) == (True, 290, 10)
    assert str(facts.steps[0].line) == "train.log:9"
    assert facts.parameters is None  # printed in millions, with two digits


def test_lines_of_forks_are_read(tmp_path: Path) -> None:
    text = (
        "iter 0: loss 10.9876, time 1234.56ms, mfu -100.00%\n"
        "step 0: train loss 10.9, val loss 10.8, lr 1.0e-04\n"
        "iter 1: loss nan, lr 3.0e-04, grad_norm 1.25, time 12ms\n"
        "saving checkpoint to out\n"
    )
    facts, damage = read_nanogpt(written(tmp_path, text))
    last = facts.steps[-1]

    assert [one.step for one in facts.steps] == [0, 1]
    assert (last.lr, last.grad_norm, str(last.loss)) == (3e-4, 1.25, "nan")
    assert (facts.evaluations[0].loss, facts.finished, damage) == (10.8, None, [])


def test_a_line_that_was_cut_is_said_and_not_taken(tmp_path: Path) -> None:
    text = "iter 0: loss 3.5, time 1ms\niter 1: loss 3.4, time 1ms\niter 2: loss 3."
    facts, damage = read_nanogpt(written(tmp_path, text))

    assert [one.loss for one in facts.steps] == [3.5, 3.4]
    assert damage == ["train.log:3 has no newline: it may have been cut while it was written"]
    assert facts.damage == tuple(damage)
