"""What a diagnosis says beside its findings: remarks, ranks, what is missing and what is left open."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from specship.cli import main
from specship.diagnose.diagnosing import FLOOR, all_causes, diagnose
from specship.diagnose.finding import Figure, Observed
from specship.diagnose.opening import diagnose_run
from specship.diagnose.whys import five_whys
from specship.pipeline.run_logs.facts import OURS, TRAINER, Facts
from specship.pipeline.run_logs.records import in_words, named
from specship.report.diagnosis.json import shape as as_json
from specship.report.diagnosis.markdown import render as as_markdown
from specship.report.diagnosis.text import render as as_text
from tests.diagnose.doctored_runs import edit_log, edit_run, names, set_all, settings, with_event


@pytest.fixture
def run(healthy: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(healthy, tmp_path / "run"))


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    status = main(["diagnose", *arguments])
    return status, capsys.readouterr().out


def starved(run: Path, tokens_per_parameter: float) -> None:
    parameters = int(290 * 512 / tokens_per_parameter)
    edit_run(run, parameters=parameters, declared_parameters=parameters)


def test_a_shade_under_a_limit_is_a_remark_and_binds_nothing(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    starved(run, 19.9)
    found = diagnose_run(run)
    status, text = printed(capsys, str(run))

    assert (found.binding, names(found), [one.cause.name for one in found.remarks]) == (
        "healthy",
        [],
        ["few-tokens"],
    )
    assert found.remarks[0].observed.confidence < FLOOR
    assert status == 0
    assert "remark: few-tokens: 19.9" in text
    assert as_json(found)["remarks"][0]["name"] == "few-tokens"
    assert "- remark: few-tokens" in as_markdown(found)


def test_above_the_floor_the_same_cause_binds(run: Path) -> None:
    starved(run, 17.0)
    found = diagnose_run(run)

    assert (found.binding, found.remarks) == ("data-starvation", ())


def test_every_class_has_a_rank_of_its_own(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit_run(run, parameters=10**9, declared_parameters=10**9, device_asked="cuda")
    edit_log(run / "train.jsonl", set_all("lr", 0.0))
    _, text = printed(capsys, str(run))
    _, report = printed(capsys, str(run), "--format", "json")
    _, markdown = printed(capsys, str(run), "--format", "markdown")
    classes = json.loads(report)["classes"]

    assert [(one["rank"], one["class"]) for one in classes] == [
        (1, "infrastructure-masking"),
        (2, "optimization-defect"),
        (3, "data-starvation"),
    ]
    assert classes[0]["strongest"] == "device-fallback"
    assert classes[1]["findings"] >= 2
    assert "  1. infrastructure-masking: device-fallback (confidence 1.000)\n  2. optimization-defect" in text
    assert "1. infrastructure-masking: device-fallback (confidence 1.000)\n2. optimization-defect" in markdown


def shortened(run: Path, steps: int) -> None:
    edit_run(run, steps_done=steps)
    keep(run, "train.jsonl", 0, steps)


@pytest.mark.parametrize(
    ("doctor", "name"),
    [
        (lambda run: edit_log(run / "train.jsonl", set_all("lr", 0.01, 280)), "schedule-not-applied"),
        (
            lambda run: edit_log(run / "train.jsonl", set_all("grad_norm_after_clip", 7.5, 286)),
            "clipping-not-applied",
        ),
        (lambda run: shortened(run, 280), "exhausted-stream"),
    ],
)
def test_a_defect_that_is_on_record_binds_however_small_a_part_of_the_run_it_is(
    run: Path, doctor: Callable[[Path], Any], name: str
) -> None:
    doctor(run)
    found = diagnose_run(run)

    assert name in names(found)
    assert found.binding != "healthy"


def lines_of(run: Path, name: str) -> list[str]:
    return (run / name).read_text().splitlines(keepends=True)


def keep(run: Path, name: str, start: int, end: int | None = None) -> None:
    (run / name).write_text("".join(lines_of(run, name)[start:end]))


def linked(run: Path) -> None:
    (run / "elsewhere").write_text((run / "events.jsonl").read_text())
    (run / "events.jsonl").unlink()
    (run / "events.jsonl").symlink_to(run / "elsewhere")


def without_floor(run: Path) -> None:
    record = json.loads((run / "run.json").read_text())
    del record["config"]["training"]["floor_share"]
    edit_run(run, config=record["config"])


def drop_from(run: Path, *steps: int) -> None:
    edit_log(run / "train.jsonl", lambda all_: [one for one in all_ if one["step"] not in steps])


LEFT_OPEN: dict[str, tuple[Callable[[Path], Any], str]] = {
    "it goes on, or it was killed": (
        lambda run: edit_run(run, status="running"),
        "the run has not ended by its record (step 290 of 290)",
    ),
    "the last line was cut": (
        lambda run: (run / "events.jsonl").write_text('{"event": "wr'),
        "events.jsonl:1 was cut while it was written",
    ),
    "a log is gone": (lambda run: (run / "events.jsonl").unlink(), "events.jsonl is missing"),
    "a log is a link": (linked, "events.jsonl: cannot be opened: it is a link"),
    "a line is longer than any record": (
        lambda run: (run / "events.jsonl").write_text("x" * (17 << 20) + "\n"),
        "events.jsonl:1: a line longer than",
    ),
    "an evaluation is gone": (
        lambda run: keep(run, "evaluations.jsonl", 1),
        "evaluations.jsonl holds no evaluation of 1 steps, the first of them 0",
    ),
    "a line is no record": (
        lambda run: (run / "events.jsonl").write_text("[]\n{}\n"),
        "events.jsonl:2 lacks what makes it a record",
    ),
    "a figure is missing in places": (
        lambda run: edit_log(run / "train.jsonl", set_all("lr", None, 9, 12)),
        "train.jsonl:10: 3 of 290 records have no usable `lr`",
    ),
    "no size of the model": (
        lambda run: edit_run(run, parameters=0, declared_parameters=0),
        "`parameters` is 0, and no number above 0",
    ),
}


@pytest.mark.parametrize("what", LEFT_OPEN)
def test_a_run_is_not_healthy_while_its_records_leave_it_open(
    run: Path, capsys: pytest.CaptureFixture[str], what: str
) -> None:
    doctor, says = LEFT_OPEN[what]
    doctor(run)
    status, text = printed(capsys, str(run))

    assert (status, "cannot tell" in text.splitlines()[0]) == (1, True)
    assert says in text
    assert any(says in one for one in as_json(diagnose_run(run))["open_ends"])


@pytest.mark.parametrize(
    ("doctor", "says"),
    [
        (lambda run: keep(run, "train.jsonl", 100), "train.jsonl begins at step 101"),
        (lambda run: drop_from(run, 150, 151), "train.jsonl:150: the log goes from step 149 to step 152"),
        (
            lambda run: edit_run(run, steps_done=288),
            "train.jsonl ends at step 290, and run.json says that 288",
        ),
        (
            lambda run: edit_run(run, status="stopped_early", reason="no improvement"),
            "events.jsonl does not hold the event `early_stop`",
        ),
        (
            lambda run: edit_run(run, status="aborted", reason="divergence: it grew"),
            "events.jsonl does not hold the event `aborted`",
        ),
    ],
)
def test_what_is_lost_of_the_records_is_said_and_is_not_healthy(
    run: Path, doctor: Callable[[Path], Any], says: str
) -> None:
    doctor(run)
    found = diagnose_run(run)

    assert found.binding != "healthy"
    assert any(says in one for one in found.open_ends)


def test_a_step_that_is_any_number_is_not_counted_up_to(run: Path) -> None:
    edit_log(run / "train.jsonl", lambda records: records[-1].update(step=2**53))
    found = diagnose_run(run)

    lost = 2**53 // 58 + 1 - 6
    assert f"evaluations.jsonl holds no evaluation of {lost} steps, the first of them 348" in found.open_ends


def test_a_preempted_run_said_so_and_goes_on(run: Path) -> None:
    edit_run(run, status="preempted", reason="SIGTERM")
    with_event(run, event="preempted", step=290, reason="SIGTERM")

    assert diagnose_run(run).open_ends == ()


def test_any_cause_that_cannot_be_examined_leaves_a_run_of_ours_open(run: Path) -> None:
    without_floor(run)
    found = diagnose_run(run)

    assert (found.binding, found.missing["schedule-not-applied"]) == ("unknown", ("schedule",))
    assert as_json(found)["cannot_tell"]["schedule-not-applied"] == [
        "settings of the learning rate's schedule (`config.training` in run.json)"
    ]


@pytest.mark.parametrize(
    ("told", "binding"),
    [
        ({}, "healthy"),
        ({"device_asked": "cpu"}, "healthy"),
        ({"device_asked": "cuda"}, "infrastructure-masking"),
    ],
)
def test_auto_that_got_the_cpu_is_remarked_until_somebody_says_what_was_meant(
    run: Path, told: dict[str, str], binding: str
) -> None:
    edit_run(run, device_asked="auto")
    found = diagnose_run(run, told)

    assert found.binding == binding
    assert [one.cause.name for one in found.remarks] == ([] if told else ["device-fallback"])


def test_a_need_is_named_in_words_of_the_run() -> None:
    assert in_words("steps.lr", OURS) == "learning rate of each step (`lr` in train.jsonl)"
    assert in_words("steps.lr", TRAINER) == "learning rate of each step (`learning_rate` in `log_history`)"
    assert in_words("unique_tokens", TRAINER).endswith("(--fact unique_tokens=…)")


def test_every_need_of_every_cause_has_words() -> None:
    assert [need for cause in all_causes().values() for need in cause.needs if not named(need)] == []


def not_a_number(_: Facts) -> Observed:
    return Observed(
        figures=(Figure("loss", float("nan"), "nats/token"), Figure("norm", float("inf"), "ratio")),
        lines=(),
        confidence=float("nan"),
        rule="0 / 0",
        says="a figure is no number",
        refute_by="",
    )


def test_a_confidence_that_is_no_number_binds_nothing_and_is_valid_json(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cause = replace(next(iter(all_causes().values())), needs=(), examine=not_a_number)
    monkeypatch.setattr("specship.diagnose.diagnosing.all_causes", lambda: {cause.name: cause})
    found = diagnose("run", Facts(kind=OURS, finished=True))
    remark = json.loads(json.dumps(as_json(found), allow_nan=False))["remarks"][0]

    assert found.binding == "healthy"
    assert (remark["confidence"], remark["confidence_text"]) == (None, "nan")
    assert remark["figures"]["norm"] == {"value": None, "value_text": "inf", "unit": "ratio"}
    assert as_text(found)
    assert as_markdown(found)


def because(run: Path) -> list[str]:
    return [why.answer for why in five_whys(diagnose_run(run))]


def test_a_check_that_was_set_aside_was_not_missing(run: Path) -> None:
    starved(run, 1.0)
    before = because(run)
    edit_run(run, bypasses=[{"name": "accept-starvation", "reason": "a trial", "figures": {}}])
    after = because(run)

    assert before[4].startswith("Nothing on record shows that this was in place: ")
    assert after[4].startswith("What prevents it was there and was set aside: accept-starvation: a trial")


def test_a_bypass_is_cited_by_its_line(run: Path) -> None:
    starved(run, 1.0)
    bypass = {"name": "accept-starvation", "reason": "a trial", "figures": {}}
    record = json.loads((run / "run.json").read_text()) | {"bypasses": [bypass]}
    (run / "run.json").write_text(json.dumps(record, indent=2))
    number = next(n for n, line in enumerate(lines_of(run, "run.json"), 1) if '"bypasses"' in line)

    assert f"a trial (run.json:{number})" in because(run)[4]


def test_a_guard_that_spoke_is_not_said_to_be_missing(run: Path) -> None:
    edit_run(run, status="aborted", reason="non-finite train_loss: nan")
    with_event(run, event="aborted", step=290, reason="non-finite train_loss")
    whys = because(run)

    assert whys[3] == "The run saw it: aborted: non-finite train_loss (step 290) (events.jsonl:1)."
    assert "missing" not in " ".join(whys)
    assert whys[4].startswith("A guard was in place and spoke up")


def test_the_chain_says_how_the_run_ended_by_its_own_record(run: Path) -> None:
    settings(run, peak_learning_rate=5e-5, warmup_steps=100)
    whys = because(run)

    assert "The run recorded `completed`: every planned step was done (run.json:3)." in whys[3]
    assert "training loss ended at" in whys[0]
    assert "(train.jsonl:290)" in whys[0]
    assert " Beside it: " in whys[2]
