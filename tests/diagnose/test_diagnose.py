"""`specship diagnose`: every cause is found where it was planted, and a healthy run is accused of nothing."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from specship.cli import main
from specship.diagnose.diagnosing import Diagnosis, all_causes
from specship.diagnose.opening import diagnose_run
from tests.diagnose.sick_runs import PLANTS, train

SCRIPT = str(Path(sys.executable).parent / "specship")
Records = list[dict[str, Any]]


def edit_log(path: Path, change: Callable[[Records], Records | None]) -> None:
    records = [json.loads(line) for line in path.read_text().splitlines()]
    changed = change(records)
    kept = records if changed is None else changed
    path.write_text("".join(json.dumps(record) + "\n" for record in kept))


def edit_run(folder: Path, **changes: Any) -> None:
    path = folder / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes, indent=2))


def names(found: Diagnosis) -> list[str]:
    return [finding.cause.name for finding in found.findings]


def set_all(name: str, value: Any, start: int = 0, end: int | None = None) -> Callable[[Records], None]:
    def change(records: Records) -> None:
        for record in records[start:end]:
            record[name] = value

    return change


def each(rule: Callable[[dict[str, Any], int], dict[str, Any]]) -> Callable[[Records], Records]:
    return lambda records: [record | rule(record, at) for at, record in enumerate(records)]


def settings(folder: Path, **changes: Any) -> None:
    record = json.loads((folder / "run.json").read_text())
    training = record["config"]["training"] | changes
    edit_run(folder, config=record["config"] | {"training": training})


def with_event(folder: Path, **event: Any) -> None:
    with (folder / "events.jsonl").open("a") as file:
        file.write(json.dumps(event) + "\n")


def memorised(folder: Path) -> None:
    edit_run(folder, unique_train_tokens=60_000, windows_per_pass=930)
    with_event(folder, event="wrap", step=120)
    with_event(folder, event="wrap", step=240)
    edit_log(
        folder / "train.jsonl", each(lambda record, at: {"train_loss": record["train_loss"] * (1 - at / 600)})
    )
    edit_log(folder / "evaluations.jsonl", lambda records: records[-1].update(val_loss=2.0))


def ended(folder: Path) -> None:
    edit_run(folder, status="data_exhausted", steps_done=100, windows_per_pass=800)
    edit_log(folder / "train.jsonl", lambda records: records[:100])
    with_event(folder, event="end_of_data", step=101, reason="the data ended")


def cut_stream(folder: Path) -> None:
    edit_run(folder, steps_done=43)
    edit_log(folder / "train.jsonl", lambda records: records[:43])


def aborted(folder: Path) -> None:
    edit_run(folder, status="aborted", reason="divergence: it grew")
    with_event(folder, event="aborted", step=290, reason="divergence", detail="it grew")


def hasty(folder: Path) -> None:
    edit_run(folder, status="stopped_early", steps_done=120)
    edit_log(folder / "train.jsonl", lambda records: records[:120])
    edit_log(folder / "evaluations.jsonl", set_all("standard_error", 0.2))
    with_event(folder, event="early_stop", step=120, reason="no improvement")


def diverging(folder: Path) -> None:
    grown = each(lambda record, at: {"train_loss": record["train_loss"] * (1 + max(0, at - 200) / 20)})
    edit_log(folder / "train.jsonl", grown)
    edit_log(folder / "evaluations.jsonl", lambda records: records[-1].update(val_loss=6.5))


def many_passes(folder: Path) -> None:
    edit_run(
        folder, unique_train_tokens=10_000, windows_per_pass=156, parameters=400, declared_parameters=400
    )
    for number in range(1, 15):
        with_event(folder, event="wrap", step=20 * number)


def not_finite(folder: Path) -> None:
    edit_run(folder, status="aborted", reason="non-finite")
    with_event(folder, event="aborted", step=290, reason="non-finite train_loss")


def unmoved(folder: Path) -> None:
    checkpoints = sorted((folder / "checkpoints").iterdir())
    shutil.copy(checkpoints[0] / "model.safetensors", checkpoints[-1] / "model.safetensors")


def overrun(folder: Path) -> None:
    edit_log(
        folder / "train.jsonl",
        lambda records: [*records, records[-1] | {"step": len(records) + 1, "lr": 1e-3}],
    )


def standing(folder: Path) -> None:
    edit_log(folder / "train.jsonl", each(lambda _, at: {"train_loss": 5.54 + (at * at * 7 % 101) / 9000}))
    edit_log(folder / "evaluations.jsonl", set_all("val_loss", 5.545))


DOCTORED: dict[str, tuple[str, Callable[[Path], Any]]] = {
    "few-tokens": (
        "data-starvation",
        lambda folder: edit_run(folder, parameters=10**9, declared_parameters=10**9),
    ),
    "many-passes": ("data-starvation", many_passes),
    "memorisation": ("data-starvation", memorised),
    "data-ended": ("data-starvation", ended),
    "schedule-not-applied": (
        "optimization-defect",
        lambda folder: edit_log(folder / "train.jsonl", set_all("lr", 0.01)),
    ),
    "learning-rate-zero": (
        "optimization-defect",
        lambda folder: edit_log(folder / "train.jsonl", set_all("lr", 0.0)),
    ),
    "wrong-mode-defaults": (
        "optimization-defect",
        lambda folder: settings(folder, peak_learning_rate=5e-5, warmup_steps=100),
    ),
    "plateau": ("optimization-defect", standing),
    "premature-stop": ("optimization-defect", hasty),
    "divergence": ("optimization-defect", diverging),
    "non-finite": ("optimization-defect", not_finite),
    "gradient-blow-up": (
        "optimization-defect",
        lambda folder: edit_log(folder / "train.jsonl", lambda records: records[150].update(grad_norm=1e35)),
    ),
    "device-fallback": ("infrastructure-masking", lambda folder: edit_run(folder, device_asked="cuda")),
    "impossible-speed": (
        "infrastructure-masking",
        lambda folder: edit_log(folder / "train.jsonl", set_all("tokens_per_second", 1e12)),
    ),
    "placeholder-figures": (
        "infrastructure-masking",
        lambda folder: edit_log(
            folder / "train.jsonl",
            each(lambda _, at: {"train_loss": 1.0, "grad_norm": 1.0} if at > 200 else {}),
        ),
    ),
    "constant-losses": (
        "infrastructure-masking",
        lambda folder: edit_log(folder / "train.jsonl", set_all("train_loss", 1.5, 200)),
    ),
    "scripted-losses": (
        "infrastructure-masking",
        lambda folder: edit_log(folder / "train.jsonl", each(lambda _, at: {"train_loss": 5.5 - at * 0.01})),
    ),
    "exhausted-stream": ("infrastructure-masking", cut_stream),
    "initial-weights-lost": (
        "infrastructure-masking",
        lambda folder: edit_run(folder, initialisation={"difference": 0.3, "tolerance": 0.01}),
    ),
    "worse-than-its-start": (
        "optimization-defect",
        lambda folder: edit_run(
            folder, initialisation={"difference": 0.0, "tolerance": 0.01, "improvement": -0.4}
        ),
    ),
    "unannounced-wrap": (
        "infrastructure-masking",
        lambda folder: edit_run(folder, windows_per_pass=1100),
    ),
    "broken-count": (
        "infrastructure-masking",
        lambda folder: edit_log(folder / "train.jsonl", lambda records: records[:150] + records[140:]),
    ),
    "dead-telemetry": (
        "infrastructure-masking",
        lambda folder: edit_log(folder / "train.jsonl", set_all("tokens_per_second", 0.0)),
    ),
    "clipping-not-applied": (
        "optimization-defect",
        lambda folder: edit_log(folder / "train.jsonl", set_all("grad_norm_after_clip", 7.5, 50, 60)),
    ),
    "tensors-unmoved": ("optimization-defect", unmoved),
    "steps-beyond-plan": ("optimization-defect", overrun),
    "wall-clock-short": ("infrastructure-masking", lambda folder: edit_run(folder, wall_seconds=0.01)),
    "another-architecture": (
        "infrastructure-masking",
        lambda folder: edit_run(folder, declared_parameters=7000),
    ),
    "held-out-leak": (
        "infrastructure-masking",
        lambda folder: edit_log(
            folder / "evaluations.jsonl", lambda records: records[-1].update(val_loss=0.4)
        ),
    ),
}


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
    done = subprocess.run(
        [SCRIPT, "diagnose", str(folder), "--format", "json"], capture_output=True, text=True, check=False
    )
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
    done = subprocess.run(
        [SCRIPT, "diagnose", str(tmp_path / "run")], capture_output=True, text=True, check=False
    )

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

    assert found.binding == "infrastructure-masking"
    assert names(found)[0] == "placeholder-figures"
    assert "NaN hidden by the logger's filter" in found.findings[0].observed.says
    assert "non-finite" in names(found)
    assert found.findings[0].observed.lines[0].number == 6


def test_a_sound_trainer_output_leaves_open_what_it_does_not_record(tmp_path: Path) -> None:
    out = state(tmp_path / "out" / "checkpoint-100", [falling(at) for at in range(1, 101)]).parent
    done = subprocess.run([SCRIPT, "diagnose", str(out)], capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert "cannot tell" in done.stdout
    assert (
        "few-tokens: no record of parameters of the model (config.json or --fact parameters=…), "
        "different tokens of the training set (--fact unique_tokens=…), "
    ) in done.stdout
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
    done = subprocess.run(
        [SCRIPT, "diagnose", str(out), "--fact", fact], capture_output=True, text=True, check=False
    )

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
    assert ("few-tokens" in found.missing) == (not mode)
    assert ("few-tokens" in found.inapplicable) == (mode == {"mode": "fine-tune"})


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

    assert found.binding == PLANTS[name].root, names(found)
