"""Runs that are really trained, healthy or with a planted fault, and written by the programs' own libraries.

`trained` is a loop as people write one; the writers hand its records to each library as its users do.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable, Mapping
from copy import deepcopy
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from tests.diagnose.written_runs import Records

VOCABULARY: Final = 32
STEPS: Final = 200
EVERY: Final = 5
EVALUATE: Final = 10
NAN: Final = "non-finite"
EARLY: Final = "premature-stop"
RESUMED: Final = "resumed twice"
CUT: Final = "log cut"
TOLD: Final = {
    "vocabulary": str(VOCABULARY), "planned_steps": str(STEPS), "device_asked": "cpu", "device_got": "cpu",
    "parameters": str(VOCABULARY**2), "unique_tokens": "300000", "tokens_per_step": "256", "mode": "scratch",
    "lr_schedule": "cosine",
}  # fmt: skip
"""What the maker of these runs knows."""


def texts(count: int, length: int = 64) -> Any:
    """Sequences of a text with a law: two words may follow each, one as often as the other."""
    import torch

    generator = torch.Generator().manual_seed(1)
    law = torch.randint(0, VOCABULARY, (VOCABULARY, 2), generator=generator)
    words = [torch.randint(0, VOCABULARY, (count,), generator=generator)]
    for _ in range(length):
        words.append(law[words[-1], torch.randint(0, 2, (count,), generator=generator)])
    return torch.stack(words, 1)


def trained(fault: str = "") -> Records:
    """Train a table of bigrams, and return what its loop logs of it."""
    import torch
    from torch.nn.functional import cross_entropy

    torch.manual_seed(1)
    early = fault == EARLY
    data, held_out = texts(STEPS * 4, 3 if early else 64), texts(64)  # of so few words a step may go anywhere
    table: Any = torch.nn.Embedding(VOCABULARY, VOCABULARY)
    rate = {"learning-rate-zero": 0.0, EARLY: 3.0}.get(fault, 20.0)
    optimizer = torch.optim.SGD(table.parameters(), lr=rate, maximize=fault == "divergence")
    constant = "schedule-not-applied" if fault == "schedule-not-applied" else ""
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: 1.0 if constant else 0.5 * (1 + math.cos(math.pi * step / STEPS))
    )

    def cost(rows: Any) -> Any:
        return cross_entropy(table(rows[:, :-1]).flatten(0, 1), rows[:, 1:].flatten())

    every, evaluate = (2, 2) if early else (EVERY, EVALUATE)
    records: Records = []
    kept: dict[str, Any] = {}
    kept_at = 0
    at, resumes, best, worse = 0, [60, 120] if fault == RESUMED else [], math.inf, 0
    while at < STEPS:
        at += 1
        batch = data[at * 4 - 4 : at * 4 - (3 if early else 0)]
        loss = cost(batch)
        optimizer.zero_grad()
        loss.backward()
        norm = table.weight.grad.norm()
        used = schedule.get_last_lr()[0]
        optimizer.step()
        schedule.step()
        if fault == NAN and at == STEPS // 2:
            table.weight.data[3, 3] = math.inf  # as an overflow in half precision leaves it
        if at % every == 0:
            shown = 2.5 if fault == "constant-losses" else loss.item()
            records.append({"step": at, "loss": shown, "learning_rate": used, "grad_norm": norm.item()})
        if at % evaluate == 0:
            with torch.no_grad():
                found = cost(held_out).item()
            records.append({"step": at, "eval_loss": found})
            worse, best = (0, found) if found < best else (worse + 1, best)
            if early and worse >= 2:
                break
        if at % 50 == 0:
            parts: Mapping[str, Any] = {"table": table, "optimizer": optimizer, "schedule": schedule}
            kept = {name: (part, deepcopy(part.state_dict())) for name, part in parts.items()}
            kept_at = at
        if resumes and at == resumes[0]:  # killed, and started again from the last checkpoint
            resumes.pop(0)
            at = kept_at
            for part, state in kept.values():
                part.load_state_dict(state)
    return records


def write_table(folder: Path, records: Records) -> Path:
    names = {
        "step": "step",
        "loss": "loss",
        "learning_rate": "lr",
        "grad_norm": "grad_norm",
        "eval_loss": "val_loss",
    }
    path = folder / "progress.csv"
    with path.open("w", newline="") as file:
        table = csv.DictWriter(file, list(names.values()))
        table.writeheader()
        table.writerows({names[name]: value for name, value in one.items()} for one in records)
    return path


def write_lines(folder: Path, records: Records) -> Path:
    path = folder / "log.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in records))
    return path


def print_as_nanogpt(folder: Path, records: Records) -> Path:
    """With the `print` calls of nanoGPT's train.py, which logs the iteration that it is in, from 0."""
    lines = [
        f"max_iters = {STEPS - 1}", "device = 'cpu'", "tokens per iteration will be: 256",
        f"found vocab_size = {VOCABULARY} (inside data/x/meta.pkl)", "Initializing a new model from scratch",
    ]  # fmt: skip
    for one in records:
        if "eval_loss" in one:
            lines.append(
                f"step {one['step']}: train loss {one['eval_loss']:.4f}, val loss {one['eval_loss']:.4f}"
            )
        else:
            lines.append(f"iter {one['step']}: loss {one['loss']:.4f}, time 12.34ms, mfu 3.21%")
    path = folder / "train.log"
    path.write_text("\n".join(lines) + "\n")
    return path


def write_events(folder: Path, records: Records) -> Path:
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(folder) as writer:
        for one in records:
            for name, value in _slashed(one).items():
                writer.add_scalar(name, value, one["step"])
    (path,) = folder.glob("*tfevents*")
    return path


def track_in_mlflow(folder: Path, records: Records) -> Path:
    """One database for all runs beside each other, since making one takes seconds; the folder's name is the run's."""
    mlflow: Any = import_module("mlflow")
    path = folder.parent / "mlflow.db"
    mlflow.set_tracking_uri(f"sqlite:///{path}")
    if mlflow.get_experiment_by_name("tiny") is None:
        mlflow.create_experiment("tiny", artifact_location=str(folder))
    mlflow.set_experiment("tiny")
    with mlflow.start_run(run_name=folder.name):
        for one in records:
            figures = {name: value for name, value in one.items() if name != "step"}
            mlflow.log_metrics(figures, step=one["step"])
    return path


def track_in_wandb(folder: Path, records: Records) -> Path:
    wandb: Any = import_module("wandb")
    with wandb.init(project="p", mode="offline", dir=str(folder)) as run:
        for one in records:
            run.log({**_slashed(one), "train/global_step": one["step"]})
    wandb.teardown()  # its own process writes, and may not have come to it
    (path,) = folder.glob("wandb/offline-run-*/run-*.wandb")
    return path


def _slashed(record: dict[str, Any]) -> dict[str, Any]:
    """Names as most programs give them to a tracker."""
    return {
        f"eval/{name[5:]}" if name.startswith("eval_") else f"train/{name}": value
        for name, value in record.items()
        if name != "step"
    }


WRITERS: Final[Mapping[str, Callable[[Path, Records], Path]]] = {
    "CSV log": write_table,
    "JSON Lines log": write_lines,
    "nanoGPT log": print_as_nanogpt,
    "TensorBoard log": write_events,
    "MLflow database": track_in_mlflow,
    "Weights & Biases run": track_in_wandb,
}


def _optimizers(model: Any, fault: str) -> Any:
    """What a Trainer is handed in place of its own optimizer and schedule; nothing where it makes them."""
    import torch

    if fault == "divergence":  # the sign of the loss is wrong
        optimizer: Any = torch.optim.SGD(model.parameters(), lr=0.3, maximize=True)
        return optimizer, torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)
    if fault == "schedule-not-applied":  # what was meant is a cosine
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
        return optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, lambda _: 1.0)
    return None, None


def train_with_trainer(folder: Path, fault: str) -> Path:
    """A tiny Llama, trained by transformers' Trainer; its state, its checkpoints and its event file lie in `folder`."""
    import torch
    from transformers import (
        EarlyStoppingCallback,
        LlamaConfig,
        LlamaForCausalLM,
        Trainer,
        TrainerCallback,
        TrainingArguments,
    )  # fmt: skip

    class Constant(Trainer):
        """Logs a loss that no batch had."""

        def log(self, logs: dict[str, float], *more: Any) -> None:
            super().log(logs | ({"loss": 2.5} if "loss" in logs else {}), *more)

    class Overflow(TrainerCallback):
        """One weight is beyond what it can be, half way."""

        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            del args, control
            if state.global_step == STEPS // 2:
                kwargs["model"].lm_head.weight.data[0, 0] = math.inf

    class Killed(TrainerCallback):
        """Ends the process's training; the next one goes on from its last checkpoint."""

        def __init__(self, at: int) -> None:
            self.at = at

        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            del args, kwargs
            control.should_training_stop = state.global_step == self.at

    torch.manual_seed(0)
    early = fault == EARLY
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
    )
    rows, held_out = texts(12_000, 4) if early else texts(STEPS * 8), texts(32)
    data, scored = ([{"input_ids": one, "labels": one} for one in some] for some in (rows, held_out))
    rates = {"learning-rate-zero": 0.0}
    chosen: dict[str, Any] = {
        "learning_rate": rates.get(fault, 1e-2),
        "lr_scheduler_type": "cosine",
        "warmup_steps": 10,
    }
    if fault == "wrong-mode-defaults":
        chosen = {}
    if fault == "divergence":
        chosen |= {"learning_rate": 0.3, "warmup_steps": 0}
    every = 2 if early else EVALUATE
    arguments = TrainingArguments(
        str(folder), max_steps=STEPS, logging_steps=EVERY, eval_strategy="steps", eval_steps=every,
        save_strategy="steps" if early or fault == RESUMED else "no", save_steps=every if early else 50, save_total_limit=1, load_best_model_at_end=early,
        per_device_train_batch_size=1 if early else 8, use_cpu=fault != "device-fallback", report_to=["tensorboard"],
        disable_tqdm=True, include_num_input_tokens_seen="all", **chosen,
    )  # fmt: skip
    callbacks: dict[str, list[Any]] = {EARLY: [EarlyStoppingCallback(2)], NAN: [Overflow()]}
    made = Constant if fault == "constant-losses" else Trainer
    for part, killed in enumerate((60, 120, 0) if fault == RESUMED else (0,)):
        model = LlamaForCausalLM(config)
        trainer: Any = made(
            model, arguments, train_dataset=data, eval_dataset=scored, optimizers=_optimizers(model, fault),
            callbacks=[*callbacks.get(fault, []), *([Killed(killed)] if killed else [])],
        )  # fmt: skip
        trainer.train(resume_from_checkpoint=part > 0)
    trainer.save_state()
    config.save_pretrained(folder)
    return folder
