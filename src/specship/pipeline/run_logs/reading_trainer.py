"""Facts from the output folder of Hugging Face's Trainer: `trainer_state.json`, and `config.json` beside it.

`training_args.bin` is a pickle and is never opened, so the schedule and the device that was asked for are not
known from here; a caller may state the device. The size of the data follows from epochs and tokens, where
Trainer counted these. Trainer writes NaN and Infinity into its
JSON, so this one file is read with them.
Source: transformers, trainer_callback.py (TrainerState) and trainer.py (log, _maybe_log_save_evaluate).
"""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from specship.bounds import JSON_REPORT_BYTES
from specship.errors import DamagedArtifact
from specship.pipeline.run_logs.facts import TRAINER, Evaluation, Facts, Line, LoggedStep
from specship.pipeline.run_logs.json_values import count, number
from specship.pipeline.run_logs.reading_model import Size, read_size
from specship.pipeline.run_logs.record_lines import key_lines
from specship.pipeline.run_logs.series.evaluation_names import evaluations_of, held_out_text
from specship.pipeline.run_logs.trainer_ending import ending, epochs, stopping_rule, whole_runtime
from specship.strict_json import read_bytes

STATE: Final = "trainer_state.json"
_SEEN: Final = "num_input_tokens_seen"
_WHOLE: Final = 1e-12
"""Relative error of a quotient of two whole numbers in floating point, with room for sums of many."""


def state_file(folder: Path) -> Path | None:
    """The newest state of a Trainer's output folder: its own, or that of the checkpoint with most steps."""
    if (folder / STATE).is_file():
        return folder / STATE
    found = [path for path in folder.glob(f"checkpoint-*/{STATE}") if path.parent.name[11:].isdecimal()]
    return max(found, key=lambda path: int(path.parent.name[11:]), default=None)


def read_trainer_facts(path: Path) -> tuple[Facts, list[str]]:
    """What a `trainer_state.json` holds.

    Raises:
        DamagedArtifact: it cannot be read, or is no state of a Trainer.
    """
    state, lines = _read(path)
    entries, damage = _entries(path.name, state["log_history"])
    steps, plain = tuple(_steps(entries)), [entry for _, entry in entries]
    size, evaluations = read_size(path.parent), tuple(_evaluations(entries))
    tokens, counted = _tokens(state, size), epochs(state)
    per_pass = round(tokens / counted) if tokens and counted else None
    done = count(state.get("global_step"))
    runtime = whole_runtime(state, plain)
    facts = Facts(
        kind=TRAINER,
        steps=steps,
        evaluations=evaluations,
        planned_steps=count(state.get("max_steps")) or None,
        log_every=_log_every(state, steps),
        parameters=size.parameters,
        vocabulary=size.vocabulary,
        tokens_per_step=round(tokens / done) or None if tokens and done else None,
        tokens_per_pass=per_pass or None,
        unique_tokens=per_pass or None,
        epochs=counted,
        wall_seconds=runtime,
        total_flops=number(state.get("total_flos")) or None if runtime else None,
        record_line=lines.get("global_step", Line(path.name, 1)),
        record_lines=lines | _as_in_ours(lines, counted=bool(state.get(_SEEN))) | size.lines,
        damage=tuple(damage),
        **ending(state, path, plain),
        **stopping_rule(state, {one.loss for one in evaluations}),
    )
    return facts, [*damage, *size.notes]


def _as_in_ours(lines: Mapping[str, Line], *, counted: bool) -> dict[str, Line]:
    """Lines of the state under the keys that `run.json` has for the same figures."""
    tokens = _SEEN if counted else "total_flos"
    same = {"steps_done": "global_step", "planned_steps": "max_steps", "tokens_per_step": tokens}
    same |= {"unique_train_tokens": "epoch", "windows_per_pass": "epoch"}
    return {ours: lines[theirs] for ours, theirs in same.items() if theirs in lines}


def _entries(file: str, history: list[Any]) -> tuple[list[tuple[Line, dict[str, Any]]], list[str]]:
    """Records of the log, and what of them cannot be read."""
    found, damage = [], []
    for at, one in enumerate(history, 1):
        line = Line(file, at, entry=True)
        if not isinstance(one, dict):
            damage.append(f"{line} is no record")
            continue
        found.append((line, one))
        losses = [key for key in one if key == "loss" or held_out_text(key) is not None]
        if any(number(one[key]) is None for key in losses):
            damage.append(f"{line}: its loss is no number")
        elif losses and count(one.get("step")) is None:
            damage.append(f"{line}: it has a loss and {_instead_of_a_step(one)}")
    return found, damage


def _instead_of_a_step(entry: dict[str, Any]) -> str:
    """What stands where the step would: a record that has but its epoch has no place in the series."""
    if "step" in entry and type(entry["step"]) is not int:
        return f"no step: {entry['step']!r:.40} is no whole number"
    return "no step, but its epoch alone" if "epoch" in entry else "no step"


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Line]]:
    try:
        text = read_bytes(path, JSON_REPORT_BYTES).decode("utf-8")
        state = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DamagedArtifact(f"cannot be read as JSON: {error}", at=path) from error
    if not isinstance(state, dict) or not isinstance(state.get("log_history"), list):
        raise DamagedArtifact(
            "no state of a Trainer: it has no log_history",
            at=path,
            mend="name the output folder of a Trainer",
        )
    return state, key_lines(path.name, text)


def _log_every(state: dict[str, Any], steps: Sequence[LoggedStep]) -> int:
    """Steps between records: the usual distance, since the first, the last or one logged twice differ."""
    between = [after.step - before.step for before, after in pairwise(steps) if after.step > before.step]
    return statistics.median_low(between) if between else count(state.get("logging_steps")) or 1


def _steps(entries: list[tuple[Line, dict[str, Any]]]) -> Iterator[LoggedStep]:
    for line, entry in entries:
        step = count(entry.get("step"))
        if step is not None and "loss" in entry:
            yield LoggedStep(
                line=line,
                step=step,
                loss=number(entry.get("loss")),
                grad_norm=number(entry.get("grad_norm")),
                lr=number(entry.get("learning_rate")),
                tokens_seen=count(entry.get(_SEEN)) or None,
            )


def _evaluations(entries: list[tuple[Line, dict[str, Any]]]) -> Iterator[Evaluation]:
    for line, entry in entries:
        step = count(entry.get("step"))
        if step is not None:
            yield from evaluations_of(line, step, entry)


def _tokens(state: dict[str, Any], size: Size) -> int | None:
    """Tokens of all steps, padding included: counted by Trainer, or by the operations that it counted.

    Trainer adds 6 operations a token and parameter, those of the embedding left out, on every process
    (Trainer.floating_point_ops); where the quotient is no whole number, the model is another one.
    """
    if seen := count(state.get(_SEEN)):
        return seen
    flops, parameters = number(state.get("total_flos")), size.beside_embedding
    if flops is None or not parameters or not 0 < flops < math.inf:
        return None
    tokens = flops / (6 * parameters)
    return round(tokens) if abs(tokens - round(tokens)) <= _WHOLE * tokens else None
