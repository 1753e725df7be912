"""Edits of a healthy run's records, one for every cause: what the defect would have left there."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from specship.diagnose.diagnosing import Diagnosis

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


def begun_again(folder: Path, name: str) -> None:
    """A figure of the log that is that of the beginning from record 150 on."""

    def change(records: Records) -> None:
        first = [record[name] for record in records]
        for record, value in zip(records[150:], first, strict=False):
            record[name] = value

    edit_log(folder / "train.jsonl", change)


def weights_begun_again(folder: Path) -> None:
    """Both losses are those of the beginning from record 150 on."""
    begun_again(folder, "train_loss")
    logged: dict[int, dict[str, Any]] = {}
    edit_log(folder / "train.jsonl", lambda records: logged.update({one["step"]: one for one in records}))
    scored = each(
        lambda one, _: {"val_loss": logged[one["step"]]["train_loss"] + 0.05} if one["step"] > 150 else {}
    )
    edit_log(folder / "evaluations.jsonl", scored)


def frozen(folder: Path) -> None:
    standing(folder)
    edit_log(folder / "train.jsonl", set_all("grad_norm", 0.0))


def unmoved_by_its_log(folder: Path) -> None:
    edit_log(folder / "train.jsonl", each(lambda _, at: {"train_loss": 5.54 + (at * at * 7 % 101) / 9000}))
    edit_log(folder / "evaluations.jsonl", set_all("val_loss", 5.5412345678))


def copied(folder: Path) -> None:
    lines = (folder / "train.jsonl").read_text().splitlines()
    trained = {record["step"]: record["train_loss"] for record in map(json.loads, lines)}
    same = each(lambda record, _: {"val_loss": trained.get(record["step"], record["val_loss"])})
    edit_log(folder / "evaluations.jsonl", same)


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
    "loss-off-scale": (
        "infrastructure-masking",
        lambda folder: edit_log(
            folder / "train.jsonl", each(lambda record, _: {"train_loss": 8 * record["train_loss"]})
        ),
    ),
    "weights-lost": ("infrastructure-masking", weights_begun_again),
    "schedule-began-again": ("optimization-defect", lambda folder: begun_again(folder, "lr")),
    "no-gradient": ("optimization-defect", frozen),
    "weights-unmoved": ("optimization-defect", unmoved_by_its_log),
    "evaluation-of-another-model": (
        "infrastructure-masking",
        lambda folder: edit_log(folder / "evaluations.jsonl", set_all("val_loss", 1.7312345678)),
    ),
    "held-out-is-training": ("infrastructure-masking", copied),
    "held-out-leak": (
        "infrastructure-masking",
        lambda folder: edit_log(
            folder / "evaluations.jsonl", lambda records: records[-1].update(val_loss=0.4)
        ),
    ),
}
