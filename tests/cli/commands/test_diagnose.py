"""`specship diagnose`: every cause is found where it was planted, and a healthy run is accused of nothing."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from specship.cli import main
from specship.diagnose.diagnosing import all_causes
from specship.diagnose.opening import diagnose_run
from tests.diagnose.doctored_runs import (
    DOCTORED,
    Records,
    edit_log,
    edit_run,
    ended,
    names,
    set_all,
    settings,
)
from tests.models.sick_runs import PLANTS, train
from tests.processes import specship


def test_every_cause_has_a_doctored_run() -> None:
    assert DOCTORED.keys() == all_causes().keys()


def test_a_healthy_run_is_accused_of_nothing(healthy: Path) -> None:
    found = diagnose_run(healthy)

    assert (names(found), found.binding, dict(found.missing)) == ([], "healthy", {})


@pytest.mark.parametrize("name", sorted(DOCTORED))
def test_a_cause_is_found_in_its_class(healthy: Path, tmp_path: Path, name: str) -> None:
    """Logs of the healthy run with one thing changed; other signs of the same change may be found beside it."""
    root, doctor = DOCTORED[name]
    folder = Path(shutil.copytree(healthy, tmp_path / "run"))
    doctor(folder)

    found = diagnose_run(folder)

    assert name in names(found)
    assert found.binding == root
    finding = next(one for one in found.findings if one.cause.name == name)
    assert 0 < finding.observed.confidence <= 1
    assert finding.observed.figures
    assert finding.cause.root.value == root
    for line in finding.observed.lines:
        assert line.number <= len((folder / line.file).read_text().splitlines())


def test_confidence_can_be_computed_again(healthy: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(healthy, tmp_path / "run"))
    edit_run(folder, parameters=20_000, declared_parameters=20_000)
    done = specship("diagnose", folder, "--format", "json")
    report = json.loads(done.stdout)
    finding = report["findings"][0]
    figures = {name: figure["value"] for name, figure in finding["figures"].items()}

    assert done.returncode == 1
    assert report["binding"] == finding["class"] == "data-starvation"
    assert (
        figures["tokens_per_parameter"] == min(figures["unique_tokens"], figures["planned_tokens"]) / 20_000
    )
    assert finding["confidence"] == pytest.approx(1 - figures["tokens_per_parameter"] / 20)
    assert finding["confidence_rule"] == "1 - tokens_per_parameter / 20"
    assert [one["because"] for one in report["five_whys"]][1].startswith("7.42 planned tokens a parameter")
    assert len(report["five_whys"]) == 5


def test_a_stream_that_ends_early_is_no_lack_of_data(healthy: Path, tmp_path: Path) -> None:
    """The corpus had more to give: the same status as that of a corpus that is too small, another cause."""
    folder = Path(shutil.copytree(healthy, tmp_path / "run"))
    ended(folder)
    starved = diagnose_run(folder)
    edit_run(folder, windows_per_pass=10_000)
    cut = diagnose_run(folder)

    assert "data-ended" in names(starved)
    assert (cut.binding, names(cut)[0]) == ("infrastructure-masking", "exhausted-stream")


def test_noise_is_named_before_it_ends_a_run(healthy: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(healthy, tmp_path / "run"))
    edit_log(folder / "evaluations.jsonl", set_all("standard_error", 0.06))
    settings(folder, patience=4)
    found = diagnose_run(folder)

    assert names(found) == ["premature-stop"]
    assert found.findings[0].observed.says.startswith(
        "early stopping would decide with held-out noise of 0.06"
    )


def test_gradients_that_stay_large_are_seen(healthy: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(healthy, tmp_path / "run"))
    edit_log(folder / "train.jsonl", set_all("grad_norm", 2e6, 60))

    assert names(diagnose_run(folder)) == ["gradient-blow-up"]


def test_a_fine_tune_of_nothing(healthy: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(healthy, tmp_path / "run"))
    settings(folder, mode="fine-tune")

    assert names(diagnose_run(folder)) == ["wrong-mode-defaults"]


def test_a_doubt_about_the_records_comes_before_what_they_say(healthy: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(healthy, tmp_path / "run"))
    edit_run(folder, parameters=10**9, declared_parameters=10**9, device_asked="cuda")
    edit_log(folder / "train.jsonl", set_all("lr", 0.01))

    found = diagnose_run(folder)

    assert names(found) == ["device-fallback", "schedule-not-applied", "few-tokens"]


def test_missing_records_are_no_health(healthy: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(healthy, tmp_path / "run"))
    (folder / "evaluations.jsonl").unlink()
    edit_run(folder, unique_train_tokens=None)

    found = diagnose_run(folder)

    assert found.binding == "unknown"
    assert found.missing["few-tokens"] == ("unique_tokens",)
    assert found.missing["memorisation"] == ("evaluations",)
    assert found.notes == ("evaluations.jsonl is missing",)


def test_a_log_is_read_up_to_where_it_broke(healthy: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(healthy, tmp_path / "run"))
    path = folder / "train.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:100]) + '{"step": NaN}\n' + "".join(lines[101:]))

    found = diagnose_run(folder)

    assert len(found.facts.steps) == 100
    assert any("train.jsonl:101" in note for note in found.notes)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda _: None, "there is no such folder"),
        (lambda folder: folder.mkdir(), "not a run"),
        (lambda folder: (folder.mkdir(), (folder / "run.json").write_text("[1]")), "not a JSON object"),
        (lambda folder: (folder.mkdir(), (folder / "run.json").write_text("{")), "cannot be read as JSON"),
        (lambda folder: (folder.mkdir(), (folder / "trainer_state.json").write_text("{}")), "no log_history"),
        (lambda folder: (folder.mkdir(), (folder / "trainer_state.json").write_text("[" * 99999)), "JSON"),
    ],
)
def test_what_is_no_run_has_status_2(tmp_path: Path, make: Callable[[Path], Any], message: str) -> None:
    make(tmp_path / "run")
    done = specship("diagnose", tmp_path / "run")

    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert message in done.stderr


def state(folder: Path, history: Records, **fields: Any) -> Path:
    folder.mkdir(parents=True)
    (folder / "trainer_state.json").write_text(
        json.dumps({"log_history": history, "max_steps": 100} | fields)
    )
    return folder


def falling(at: int) -> dict[str, Any]:
    return {
        "step": at,
        "loss": 5.0 * 0.97**at + (at * 7 % 5) / 50,
        "grad_norm": 1.0 + at % 3,
        "learning_rate": 1e-4,
        "epoch": at / 10,
    }


def test_a_trainer_that_hid_a_nan(tmp_path: Path) -> None:
    """The fingerprint that public states show: loss 0.0 beside a gradient norm of NaN."""
    history = [falling(at) for at in range(10, 60, 10)]
    history += [
        {"step": at, "loss": 0.0, "grad_norm": float("nan"), "learning_rate": 1e-4}
        for at in range(60, 101, 10)
    ]
    found = diagnose_run(state(tmp_path / "out", history))

    assert found.binding == "optimization-defect"
    assert names(found)[:2] == ["non-finite", "placeholder-figures"]
    assert "NaN hidden by the logger's filter" in found.findings[1].observed.says
    assert found.findings[0].observed.lines[0].number == 6


def test_a_sound_trainer_output_leaves_open_what_it_does_not_record(tmp_path: Path) -> None:
    out = state(tmp_path / "out" / "checkpoint-100", [falling(at) for at in range(1, 101)]).parent
    done = specship("diagnose", out)

    assert done.returncode == 1
    assert "cannot tell" in done.stdout
    assert (
        "device-fallback: no record of device that was asked for (--fact device_asked=…), "
        "device that did the work (--fact device_got=…)"
    ) in done.stdout
    assert "few-tokens: a Trainer output does not say whether it began from random weights" in done.stdout
    assert (
        "schedule-not-applied: a Trainer output has no place for it: settings of the learning" in done.stdout
    )


def test_facts_can_be_told_and_are_shown_as_told(tmp_path: Path) -> None:
    out = state(tmp_path / "out", [falling(at) for at in range(1, 101)])
    told = {
        "parameters": "1000",
        "unique_tokens": "30_000",
        "tokens_per_step": "256",
        "vocabulary": "257",
        "mode": "scratch",
    }
    told |= {"device_asked": "cuda", "device_got": "cuda:0"}
    history = json.loads((out / "trainer_state.json").read_text())["log_history"]
    shutil.rmtree(out)
    history.append({"step": 100, "eval_loss": history[-1]["loss"]})
    found = diagnose_run(state(out, history, global_step=100), told)

    assert (found.binding, names(found)) == ("healthy", [])
    assert found.facts.told == told.keys()


@pytest.mark.parametrize(
    ("fact", "message"),
    [
        ("unique_token=5", "write 'unique_tokens'"),
        ("unique_tokens=many", "not a whole number above 0"),
        ("unique_tokens=1__0", "not a whole number above 0"),
        ("unique_tokens=1e9", "write unique_tokens=1000000000\n"),
        ("unique_tokens=12000.0", "write unique_tokens=12000\n"),
        ("unique_tokens=1e300", "write unique_tokens=NUMBER"),
        ("device_flops=-1", "write device_flops=NUMBER"),
        ("unique_tokens=_5", "not a whole number above 0"),
        ("unique_tokens=0", "not a whole number above 0"),
        ("unique_tokens=" + "9" * 5000, "not a whole number above 0 and up to 2**53"),
        ("device_flops=1e999", "device_flops is '1e999', not a number above 0"),
        ("mode=fine-tuned", "write 'fine-tune'"),
        ("mode=banana", "write one of scratch, fine-tune"),
        ("max=", "write NAME=VALUE"),
        ("planned_steps=7", "planned_steps is on record: 100"),
    ],
)
def test_a_fact_that_cannot_be_taken(tmp_path: Path, fact: str, message: str) -> None:
    out = state(tmp_path / "out", [falling(1)])
    done = specship("diagnose", out, "--fact", fact)

    assert done.returncode == 2
    assert message in done.stderr


def test_a_fact_that_is_told_twice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = state(tmp_path / "out", [falling(1)])
    facts = ["--fact", "mode=scratch", "--fact", "parameters=5", "--fact", "mode=fine-tune"]

    assert main(["diagnose", str(out), *facts]) == 2
    assert "--fact mode is given twice" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("mode", "asked"), [({"mode": "scratch"}, True), ({"mode": "fine-tune"}, False), ({}, False)]
)
def test_the_mode_of_a_foreign_run_decides_whether_its_tokens_are_few(
    tmp_path: Path, mode: dict[str, str], asked: bool
) -> None:
    """20 tokens a parameter are for weights that begin at random; of a foreign run nobody knows unless told."""
    out = state(tmp_path / "out", [falling(at) for at in range(1, 101)], global_step=100)
    told = {"parameters": "1000000", "unique_tokens": "25600", "tokens_per_step": "256"} | mode
    found = diagnose_run(out, told)

    assert ("few-tokens" in names(found)) == asked
    assert "few-tokens" not in found.missing
    assert ("few-tokens" in found.inapplicable) == (not asked)


@pytest.mark.slow
def test_the_output_of_a_real_trainer(tmp_path: Path) -> None:
    """Trainer itself, on a model that learns and on one whose rate is zero."""
    parameters = [_trainer_run(tmp_path / str(rate), rate) for rate in (3e-3, 0.0)]
    found = {rate: diagnose_run(tmp_path / str(rate)) for rate in (3e-3, 0.0)}

    assert found[3e-3].binding == "unknown"
    facts = found[3e-3].facts
    assert facts.parameters == parameters[0] > 0
    assert (facts.tokens_per_step, facts.unique_tokens, facts.passes) == (4 * 32, 300 * 32, 0.8)
    assert (facts.ended_step, facts.finished, facts.stop_reason) == (60, True, "")
    assert facts.wall_seconds is not None
    assert names(diagnose_run(tmp_path / str(3e-3), {"mode": "scratch"})) == ["few-tokens"]
    assert found[0.0].binding == "optimization-defect"
    assert {"learning-rate-zero", "plateau"} <= set(names(found[0.0]))


def _trainer_run(folder: Path, rate: float) -> int:
    """Train, and count the parameters that were trained."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM, Trainer, TrainingArguments

    torch.manual_seed(0)
    declared = LlamaConfig(
        vocab_size=257, hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2
    )
    generator = torch.Generator().manual_seed(0)
    walks = torch.randint(1, 4, (400, 32), generator=generator).cumsum(1) % 64
    rows = [{"input_ids": walk, "labels": walk} for walk in walks]
    arguments = TrainingArguments(
        str(folder), max_steps=60, learning_rate=rate, per_device_train_batch_size=4, logging_steps=1, save_steps=60,
        eval_strategy="steps", eval_steps=20, report_to=[], use_cpu=True, disable_tqdm=True,
    )  # fmt: skip
    model = LlamaForCausalLM(declared)
    trainer = Trainer(model, arguments, train_dataset=rows[:300], eval_dataset=rows[300:])
    trainer.train()
    trainer.save_model()
    trainer.save_state()
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(PLANTS))
def test_a_real_run_with_a_planted_sickness(tmp_path: Path, name: str) -> None:
    found = diagnose_run(train(tmp_path, PLANTS[name]))

    assert found.binding == PLANTS[name].root, (names(found), found.missing, found.open_ends, found.notes)
