"""The records that causes need, in words that a user of the run knows, and where each would stand."""

from __future__ import annotations

from typing import Final, NamedTuple

from specship.pipeline.run_logs.facts import OURS, TELLABLE, TRAINER
from specship.pipeline.run_logs.log_format import all_formats


class _Record(NamedTuple):
    """A fact or a figure of a series, and its place in each kind of run; None where it has none."""

    meaning: str
    ours: str
    trainer: str | None = None


_STATE: Final = "trainer_state.json"
_RECORDS: Final = {
    "steps": _Record("steps of training", "train.jsonl", "`log_history`"),
    "steps.loss": _Record("loss of each step", "`train_loss` in train.jsonl", "`loss` in `log_history`"),
    "steps.grad_norm": _Record(
        "gradient norm of each step", "`grad_norm` in train.jsonl", "`grad_norm` in `log_history`"
    ),
    "steps.clipped_norm": _Record(
        "gradient norm after clipping", "`grad_norm_after_clip` in train.jsonl"
    ),
    "steps.lr": _Record(
        "learning rate of each step", "`lr` in train.jsonl", "`learning_rate` in `log_history`"
    ),
    "steps.tokens_per_second": _Record("speed of each step", "`tokens_per_second` in train.jsonl"),
    "steps.device": _Record("device of each step", "`device` in train.jsonl"),
    "steps.device_memory_bytes": _Record(
        "device memory in use at each step", "`device_memory_bytes` in train.jsonl"
    ),
    "steps.tokens_seen": _Record(
        "tokens seen at each step",
        "`tokens_seen` in train.jsonl",
        "`num_input_tokens_seen` in `log_history`",
    ),
    "evaluations": _Record(
        "evaluations on held-out text",
        "evaluations.jsonl",
        "`eval_loss` or `eval_NAME_loss` in `log_history`",
    ),
    "evaluations.standard_error": _Record(
        "noise of each evaluation", "`standard_error` in evaluations.jsonl"
    ),
    "evaluations.tokens": _Record("tokens of each evaluation", "`val_tokens` in evaluations.jsonl"),
    "evaluations.sequences": _Record("sequences of each evaluation", "`sequences` in evaluations.jsonl"),
    "events": _Record("what the run announced", "events.jsonl"),
    "status": _Record("the status that the run gave itself", "`status` in run.json"),
    "planned_steps": _Record("planned steps", "`planned_steps` in run.json", f"`max_steps` in {_STATE}"),
    "steps_done": _Record(
        "steps that were done", "`steps_done` in run.json", f"`global_step` in {_STATE}"
    ),
    "device_name": _Record("name of the device", "`device_name` in run.json"),
    "total_flops": _Record(
        "operations of the whole run", "`flops_per_token` in run.json", f"`total_flos` in {_STATE}"
    ),
    "ended_step": _Record("last step of the run", "`steps_done` in run.json", f"`global_step` in {_STATE}"),
    "finished": _Record("whether the run ended", "`status` in run.json", f"`global_step` in {_STATE}"),
    "parameters": _Record("parameters of the model", "`parameters` in run.json", "config.json"),
    "declared_parameters": _Record(
        "parameters of the declared architecture", "`declared_parameters` in run.json"
    ),
    "vocabulary": _Record("vocabulary size", "`vocabulary` in run.json", "`vocab_size` in config.json"),
    "ln_vocabulary": _Record(
        "vocabulary size", "`vocabulary` in run.json", "`vocab_size` in config.json"
    ),
    "unique_tokens": _Record("different tokens of the training set", "`unique_train_tokens` in run.json"),
    "tokens_per_step": _Record(
        "tokens of a step", "`tokens_per_step` in run.json", f"`num_input_tokens_seen` in {_STATE}"
    ),
    "tokens_per_pass": _Record("tokens of a pass over the training set", "`windows_per_pass` in run.json"),
    "passes": _Record(
        "passes over the training set", "`windows_per_pass` in run.json", f"`epoch` in {_STATE}"
    ),
    "trained_tokens": _Record(
        "tokens trained on", "`tokens_seen` in train.jsonl", f"`num_input_tokens_seen` in {_STATE}"
    ),
    "planned_tokens": _Record(
        "tokens of the plan", "`tokens_per_step` in run.json", f"`num_input_tokens_seen` in {_STATE}"
    ),
    "device_asked": _Record("device that was asked for", "`device_asked` in run.json"),
    "device_got": _Record("device that did the work", "`device_got` in run.json"),
    "flops_per_token": _Record("operations a token", "`flops_per_token` in run.json"),
    "device_flops": _Record("the device's own speed", "`matmul_flops_per_second` in run.json"),
    "wall_seconds": _Record(
        "time of the run", "`wall_seconds` in run.json", "`train_runtime` in `log_history`"
    ),
    "schedule": _Record("settings of the learning rate's schedule", "`config.training` in run.json"),
    "mode": _Record("training from scratch or fine-tuning", "`config.training.mode` in run.json"),
    "clip_norm": _Record("norm that gradients are clipped to", "`config.training.clip_norm` in run.json"),
    "min_improvement": _Record(
        "improvement that early stopping looks for",
        "`config.training.min_improvement` in run.json",
        f"`stateful_callbacks` in {_STATE}",
    ),
    "patience": _Record(
        "evaluations that patience waits for",
        "`config.training.patience` in run.json",
        f"`stateful_callbacks` in {_STATE}",
    ),
    "stop_reason": _Record("reason of the end", "`reason` in run.json"),
    "initialised": _Record(
        "whether it began from a checkpoint", "`initialisation` in run.json"
    ),
    "initialisation_difference": _Record(
        "first held-out loss against the checkpoint's own", "`initialisation.difference` in run.json"
    ),
    "initialisation_tolerance": _Record(
        "how far those may be apart", "`initialisation.tolerance` in run.json"
    ),
    "initialisation_improvement": _Record(
        "held-out loss that training gained", "`initialisation.improvement` in run.json"
    ),
    "checkpointed_step": _Record("step that the time belongs to", "`steps_done` in run.json"),
    "epochs": _Record("epochs", "`windows_per_pass` in run.json", f"`epoch` in {_STATE}"),
    "tensors": _Record("tensors of the first checkpoint", "model.safetensors of step 0 and a later one"),
    "unmoved_tensors": _Record(
        "tensors that never moved", "model.safetensors of step 0 and a later one"
    ),
}  # fmt: skip


def in_words(need: str, kind: str) -> str:
    """A need of a cause, such as `steps.lr`, as `learning rate of each step (`lr` in train.jsonl)`."""
    record = _RECORDS.get(need)
    if record is None:
        return need.replace(".", " ").replace("_", " ")
    place = _place(need, kind)
    told = f"--fact {need}=…" if need in TELLABLE else ""
    where = " or ".join(part for part in (place, told) if part)
    return f"{record.meaning} ({where})" if where else record.meaning


def never_held(need: str, kind: str) -> bool:
    """Whether runs of this kind have no place for it and a caller cannot state it either."""
    return need in _RECORDS and _place(need, kind) is None and need not in TELLABLE


def _place(need: str, kind: str) -> str | None:
    """Where runs of a kind hold it; None where they have no place for it."""
    if kind in {OURS, TRAINER}:
        return _RECORDS[need].trainer if kind == TRAINER else _RECORDS[need].ours
    return all_formats()[kind].places.get(need)


def meaning(need: str) -> str:
    """A need of a cause or a gate in words that a user of the run knows."""
    return _RECORDS[need].meaning if need in _RECORDS else need.replace(".", " ").replace("_", " ")


def place(need: str, kind: str) -> str:
    """Where runs of a kind would hold it; empty where they have no place for it."""
    return (_place(need, kind) or "") if need in _RECORDS else ""


def named(need: str) -> bool:
    """Whether a need has words of its own."""
    return need in _RECORDS
