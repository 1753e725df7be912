"""A table of figures that a script of its own wrote as CSV, a line a step, under names of its author.

Names that most programs share need no telling; where the step or the loss cannot be told from the names,
the table is refused with the names that it has, and `columns` says which is which. Other columns may hold
whatever they like. History of Weights & Biases that was saved as CSV is such a table.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from specship.pipeline.run_logs.facts import Facts
from specship.pipeline.run_logs.formats._plain import places
from specship.pipeline.run_logs.formats._table import figures, read_table
from specship.pipeline.run_logs.log_format import LogFormat
from specship.pipeline.run_logs.series.building import facts_of
from specship.pipeline.run_logs.series.columns import NO_COLUMNS, Columns

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
    return facts_of(KIND, list(figures(records, settled, damage)), damage, settled), damage


FORMAT: Final = LogFormat(
    kind=KIND, files=("*.csv",), read=read_plain_table, one_only=True, order=1, places=places("table")
)
