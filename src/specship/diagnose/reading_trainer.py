"""Facts from the output folder of Hugging Face's Trainer: `trainer_state.json`, and `config.json` beside it.

`training_args.bin` is a pickle and is never opened, so the schedule, the device that was asked for and the
size of the data are not known from here; a caller may state them. Trainer writes NaN and Infinity into its
JSON, so this one file is read with them.
Source: transformers, trainer_callback.py (TrainerState) and trainer.py (log, _maybe_log_save_evaluate).
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from specship.bounds import JSON_REPORT_BYTES
from specship.diagnose.facts import Evaluation, Facts, Line, Step
from specship.diagnose.record_lines import key_lines
from specship.errors import DamagedArtifact, SpecshipError
from specship.pipeline.decoder_shape import elements
from specship.pipeline.family import read_model
from specship.strict_json import read_bytes

STATE: Final = "trainer_state.json"
_CHECKPOINT: Final = "checkpoint-"
_NO_LENGTH: Final = 1 << 31
_RUNTIME: Final = "train_runtime"
"""A key of the record that `train()` logs when it comes to its end."""
_EARLY: Final = "EarlyStoppingCallback"
_PATIENCE: Final = "early_stopping_patience"


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
    entries = [
        (Line(path.name, at, entry=True), one)
        for at, one in enumerate(state["log_history"], 1)
        if isinstance(one, dict)
    ]
    steps = tuple(_steps(entries))
    parameters, vocabulary, notes = _model(path.parent)
    facts = Facts(
        kind="Trainer output",
        steps=steps,
        evaluations=tuple(_evaluations(entries)),
        planned_steps=_count(state.get("max_steps")),
        log_every=_log_every(state, steps),
        parameters=parameters,
        vocabulary=vocabulary,
        tokens_per_step=_tokens_per_step(state),
        record_line=lines.get("global_step", Line(path.name, 1)),
        record_lines=lines,
        epochs=_epochs(state),
        **_ending(state, path, ended=any(_RUNTIME in one for _, one in entries)),
    )
    return facts, notes


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


def _log_every(state: dict[str, Any], steps: Sequence[Step]) -> int:
    """Steps between records: the usual distance, since the first, the last or one logged twice differ."""
    between = [after.step - before.step for before, after in pairwise(steps) if after.step > before.step]
    return statistics.median_low(between) if between else _count(state.get("logging_steps")) or 1


def _epochs(state: dict[str, Any]) -> float | None:
    """Passes over the data; not where these have no length: Trainer then plans `sys.maxsize` epochs."""
    planned = _count(state.get("num_train_epochs"))
    if planned is None or not 0 < planned < _NO_LENGTH:
        return None
    epochs = _number(state.get("epoch"))
    return epochs if epochs is not None and 0 <= epochs < _NO_LENGTH else None


def _ending(state: dict[str, Any], path: Path, *, ended: bool) -> dict[str, Any]:
    """How the run ended: as planned, by a callback, by `train()` coming to its end, or not yet."""
    step, planned = _count(state.get("global_step")), _count(state.get("max_steps"))
    reason = _early_stop(state)
    finished: bool | None = None
    if ended or reason or (step is not None and planned and step >= planned):
        finished = True
    elif step is not None and planned and path.parent.name.startswith(_CHECKPOINT):
        finished = False
    return {
        "ended_step": None if finished is False else step,
        "finished": finished,
        "stop_reason": reason if step is None or not planned or step < planned else "",
    }


def _early_stop(state: dict[str, Any]) -> str:
    """In words where an `EarlyStoppingCallback` had lost its patience; a list where there are several."""
    callbacks = state.get("stateful_callbacks")
    found = callbacks.get(_EARLY) if isinstance(callbacks, dict) else None
    for one in found if isinstance(found, list) else [found]:
        parts = [one.get(name) if isinstance(one, dict) else None for name in ("args", "attributes")]
        given, used = (part if isinstance(part, dict) else {} for part in parts)
        patience, spent = (_count(given.get(_PATIENCE)), _count(used.get(f"{_PATIENCE}_counter")))
        if patience is not None and spent is not None and spent >= max(patience, 1):
            return f"{_EARLY}: {spent} evaluations without improvement, {patience} were allowed"
    return ""


def _steps(entries: list[tuple[Line, dict[str, Any]]]) -> Iterator[Step]:
    for line, entry in entries:
        step = _count(entry.get("step"))
        if step is not None and "loss" in entry:
            yield Step(
                line=line,
                step=step,
                loss=_number(entry.get("loss")),
                grad_norm=_number(entry.get("grad_norm")),
                lr=_number(entry.get("learning_rate")),
                tokens_seen=_count(entry.get("num_input_tokens_seen")) or None,
            )


def _evaluations(entries: list[tuple[Line, dict[str, Any]]]) -> Iterator[Evaluation]:
    for line, entry in entries:
        step, loss = _count(entry.get("step")), _number(entry.get("eval_loss"))
        if step is not None and loss is not None:
            yield Evaluation(line=line, step=step, loss=loss)


def _tokens_per_step(state: dict[str, Any]) -> int | None:
    """Only where Trainer counted its input tokens (`include_num_input_tokens_seen`)."""
    seen, step = _count(state.get("num_input_tokens_seen")), _count(state.get("global_step"))
    return round(seen / step) if seen and step else None


def _model(folder: Path) -> tuple[int | None, int | None, list[str]]:
    """Parameters and vocabulary by the `config.json` beside the state, where it is of a known family."""
    if not (folder / "config.json").is_file():
        return None, None, ["there is no config.json beside the state: the parameters are not known"]
    try:
        model = read_model(folder / "config.json")
    except SpecshipError as error:
        return None, None, [f"config.json: {error.message}; the parameters are not known"]
    return elements(model.tensors()), model.shape.vocabulary, []


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _count(value: Any) -> int | None:
    return value if type(value) is int and value >= 0 else None
