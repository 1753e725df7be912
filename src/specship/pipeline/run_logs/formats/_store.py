"""Runs in a tracking store: figures by name and step, what was set, and how the run's process ended."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from specship.errors import UnusableInput
from specship.pipeline.run_logs.declared_settings import declared, vocabulary
from specship.pipeline.run_logs.facts import Facts, Line
from specship.pipeline.run_logs.formats._printed import with_plan
from specship.pipeline.run_logs.series.building import Record, facts_of, last_step
from specship.pipeline.run_logs.series.columns import PREFIX, Columns

_LITERAL: Final = 1000
"""Characters of a setting beyond which it is a text and nothing else."""
_TRAINER: Final = {"train_runtime": "loss", "train/train_runtime": "train/loss"}
"""What a Trainer logs when it comes to its end, and what it calls the loss of a step; `train_loss` is the
mean of all of them."""


def read_store(
    kind: str,
    records: Sequence[Record],
    settings: Mapping[str, Any],
    damage: Iterable[str],
    columns: Columns,
    *,
    ended: bool | None,
    reason: str = "",
) -> Facts:
    """Facts of one run: whether its process ended, as far as the store knows, and the `reason` if early."""
    names = {name for _, record in records for name in record}
    loss = next((loss for last, loss in _TRAINER.items() if last in names), None)
    if loss is not None and columns.loss is None:
        columns = columns.model_copy(update={"loss": loss})
    text = json.dumps(settings, default=str)
    found = {**declared(text, None), "vocabulary": vocabulary(text)}
    facts = with_plan(facts_of(kind, records, damage, columns), found, ended=bool(ended))
    if reason:
        return replace(
            facts, finished=True, ended_step=facts.ended_step or last_step(facts), stop_reason=reason
        )
    if ended is False and not facts.finished:
        return replace(facts, finished=False, ended_step=None)
    return facts


def merged(figures: Iterable[tuple[Line, int, str, float]]) -> list[Record]:
    """Figures in the order in which they were logged, those of one step after another as one record."""
    found: list[tuple[Line, dict[str, Any]]] = []
    for line, step, name, value in figures:
        if found and found[-1][1]["step"] == step and name not in found[-1][1]:
            found[-1][1][name] = value
            if "loss" in name:
                found[-1] = (line, found[-1][1])  # where its loss stands is where a step is cited
        else:
            found.append((line, {"step": step, name: value}))
    return list(found)


def setting(text: str) -> Any:
    """A setting that was written as Python prints it: a number, a truth value, a list, or a text."""
    if len(text) > _LITERAL:
        return text
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return text


def chosen(runs: Mapping[str, str], told: str | None, at: Any) -> str:
    """The run that is meant, among ids with names.

    Raises:
        UnusableInput: none is there, or several are and nobody said which.
    """
    found = [one for one, name in runs.items() if told is None or told in {one, name}]
    if len(found) == 1:
        return found[0]
    some = ", ".join(f"{one[:40]} ({name[:40]})" for one, name in list(runs.items())[:10])
    several = f"{len(runs)} runs with figures lie here"
    raise UnusableInput(
        several if told is None else f"{len(found)} runs are called {told!r:.60}",
        at=at,
        why=f"there are {some}{', …' if len(runs) > 10 else ''}" if runs else "",
        mend=f"name one: --fact {PREFIX}run={next(iter(runs), 'ID')}",
    )
