"""A table of figures that a script of its own wrote as CSV, a line a step, under names of its author.

Names that most programs share need no telling; where the step or the loss cannot be told from the names,
the table is refused with the names that it has, and `columns` says which is which. Other columns may hold
whatever they like. History of Weights & Biases that was saved as CSV is such a table.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from specship.pipeline.run_logs.facts import Facts, Line
from specship.pipeline.run_logs.formats._plain import places
from specship.pipeline.run_logs.formats._table import figures, read_table
from specship.pipeline.run_logs.log_format import LogFormat
from specship.pipeline.run_logs.series.building import Record, facts_of
from specship.pipeline.run_logs.series.columns import NO_COLUMNS, Columns
from specship.pipeline.run_logs.series.evaluation_names import evaluations_of

KIND: Final = "CSV log"


def read_plain_table(path: Path, columns: Columns = NO_COLUMNS) -> tuple[Facts, list[str]]:
    """Facts of a table.

    Raises:
        DamagedArtifact: it is no table, or beyond its bounds.
        UnusableInput: which column holds the step or the loss is not known.
    """
    damage: list[str] = []
    header, records = read_table(path, damage, mend="name a table whose first line names its columns")
    settled = columns.for_names(header, path)
    rows = list(_with_lost_losses(list(figures(records, settled, damage)), settled))
    return facts_of(KIND, rows, damage, settled), damage


def _with_lost_losses(records: list[Record], columns: Columns) -> Iterator[Record]:
    """Records in which a training loss that is blank, and ought to be there, is NaN: so pandas writes one.

    A blank is right in a row of held-out figures alone, and in each row between losses that are logged at
    equal distances; where they end before the log does, they were lost.
    """
    held = [step for _, one in records if (step := _step_with_loss(one, columns)) is not None]
    between = {after - before for before, after in pairwise(held)}
    every = between.pop() if len(between) == 1 else 1
    for line, record in records:
        step = columns.step_of(record)
        lost = (
            step is not None and columns.value(record, "loss") is None and _is_training(record, line, columns)
        )
        if lost and held and step is not None and not (every > 1 and step < held[-1] + every):
            yield line, {**record, columns.names_of("loss")[0]: math.nan}
        else:
            yield line, record


def _step_with_loss(record: Mapping[str, Any], columns: Columns) -> int | None:
    return columns.step_of(record) if columns.value(record, "loss") is not None else None


def _is_training(record: Mapping[str, Any], line: Line, columns: Columns) -> bool:
    """Whether a row is about a step of training: it has a figure of one, or no held-out loss."""
    figures_of_steps = ("grad_norm", "clipped_norm", "tokens_per_second")
    if any(columns.value(record, name) is not None for name in figures_of_steps):
        return True
    told = columns.val_loss is not None and record.get(columns.val_loss) is not None
    return not told and not any(True for _ in evaluations_of(line, 0, dict(record)))


FORMAT: Final = LogFormat(
    kind=KIND, files=("*.csv",), read=read_plain_table, one_only=True, order=1, places=places("table")
)
