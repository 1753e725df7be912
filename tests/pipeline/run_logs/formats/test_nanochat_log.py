"""What nanochat prints: a running mean, a share of the rate, all devices; no held-out loss a token."""

from pathlib import Path

from specship.diagnose.opening import diagnose_run
from specship.pipeline.run_logs.formats.nanochat_log import read_nanochat
from tests.diagnose.foreign_logs import healthy, nanochat
from tests.diagnose.written_runs import names


def test_a_run_is_read_with_what_was_meant(tmp_path: Path) -> None:
    nanochat(tmp_path, healthy())
    found = diagnose_run(tmp_path)
    facts = found.facts

    assert (facts.kind, names(found), len(facts.steps), facts.evaluations) == ("nanochat log", [], 290, ())
    assert (facts.vocabulary, facts.tokens_per_step, facts.planned_steps, facts.parameters) == (
        257,
        512,
        290,
        6464,
    )
    assert (facts.finished, facts.ended_step, facts.device_got) == (True, 290, "cpu")
    assert (facts.steps[0].tokens_per_second, max(one.lr or 0.0 for one in facts.steps)) == (50_000.0, 1.0)


def test_lines_of_other_releases_are_read(tmp_path: Path) -> None:
    text = (
        "step 00007/21400 (0.03%) | loss: 9.123456 | grad norm: 0.5000 | lrm: 1.00 | dt: 1.00ms | "
        "tok/sec: 1,234,567 | mfu: 40.00 | total time: 0.00m\n"
        "step 00008 (0.04%) | loss: 9.1 | dt: 99.00ms | tok/sec: 1,234 | bf16_mfu: 40.00% | eta: 1.0m\n"
    )
    (tmp_path / "a.log").write_text(text)
    facts, _ = read_nanochat(tmp_path / "a.log")
    first = facts.steps[0]

    assert (first.step, first.loss, first.grad_norm, first.tokens_per_second) == (
        7,
        9.123456,
        0.5,
        1_234_567.0,
    )
    assert (facts.steps[1].step, facts.finished) == (8, None)
