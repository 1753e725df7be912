"""Facts from the output folder of Hugging Face's Trainer: `trainer_state.json`, and `config.json` beside it.

`training_args.bin` is a pickle and is never opened, so the schedule, the device that was asked for and the
size of the data are not known from here; a caller may state them. Trainer writes NaN and Infinity into its
JSON, so this one file is read with them.
Source: transformers, trainer_callback.py (TrainerState) and trainer.py (log, _maybe_log_save_evaluate).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from specship.bounds import JSON_REPORT_BYTES
from specship.diagnose.facts import Evaluation, Facts, Line, Step
from specship.errors import DamagedArtifact, SpecshipError
from specship.pipeline.decoder_shape import elements
from specship.pipeline.family import read_model
from specship.strict_json import read_bytes

STATE: Final = "trainer_state.json"


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
    state = _read(path)
    entries = [
        (Line(path.name, at), one) for at, one in enumerate(state["log_history"], 1) if isinstance(one, dict)
    ]
    steps = tuple(_steps(entries))
    parameters, vocabulary, notes = _model(path.parent)
    facts = Facts(
        kind="Trainer output",
        steps=steps,
        evaluations=tuple(_evaluations(entries)),
        planned_steps=_count(state.get("max_steps")),
        log_every=min((after.step - before.step for before, after in pairwise(steps)), default=1) or 1,
        parameters=parameters,
        vocabulary=vocabulary,
        tokens_per_step=_tokens_per_step(state),
    )
    return facts, notes


def _read(path: Path) -> dict[str, Any]:
    try:
        state = json.loads(read_bytes(path, JSON_REPORT_BYTES).decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise DamagedArtifact(f"cannot be read as JSON: {error}", at=path) from error
    if not isinstance(state, dict) or not isinstance(state.get("log_history"), list):
        raise DamagedArtifact(
            "no state of a Trainer: it has no log_history",
            at=path,
            mend="name the output folder of a Trainer",
        )
    return state


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
