"""Lightning's `metrics.csv`, as its CSVLogger writes it: a line for each call that logged, in part empty.

Train and validation have lines of their own, and a rate that a monitor logged another one for the same step;
`log_every_n_steps` lets most steps out, so that a gap is no loss. Steps count from 0.
Source: lightning 2.5, lightning/fabric/loggers/csv_logs.py (_ExperimentWriter).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from specship.errors import DamagedArtifact, Place
from specship.pipeline.run_logs.facts import Facts
from specship.pipeline.run_logs.formats._table import figures, read_table
from specship.pipeline.run_logs.log_format import LogFormat
from specship.pipeline.run_logs.series.building import Record, facts_of
from specship.pipeline.run_logs.series.columns import NO_COLUMNS, Columns

KIND: Final = "Lightning log"
_STEP: Final = "step"
_MEND: Final = "name the metrics.csv that Lightning's CSVLogger wrote"


def read_metrics(path: Path, columns: Columns = NO_COLUMNS) -> tuple[Facts, list[str]]:
    """Facts of a `metrics.csv`.

    Raises:
        DamagedArtifact: it is no such table, or beyond its bounds.
    """
    damage: list[str] = []
    header, records = read_table(path, damage, mend=_MEND)
    step = next((name for name in columns.names_of("step") if name in header), None)
    if step is None:
        raise DamagedArtifact(
            "no table of metrics",
            at=Place(str(path), line=1),
            why=f"its first line must name `{columns.step or _STEP}`",
            mend=f"{_MEND}, or say which column counts the steps: --fact columns.step=NAME",
        )
    everything = columns.model_copy(update={"step": step})
    sound = list(_of_steps(step, figures(records, everything, damage, header)))
    return facts_of(KIND, sound, damage, everything), damage


def _of_steps(step: str, records: Iterator[Record]) -> Iterator[Record]:
    """A step's rate joins the record of its loss where a line of its own holds it."""
    waiting: dict[str, Any] = {}
    for line, record in records:
        if waiting.get(step) == record.get(step):
            record = {**waiting, **record}  # noqa: PLW2901 - the same step's
        waiting = dict(record) if not any("loss" in name for name in record) else {}
        if not waiting:
            yield line, record


_COLUMNS: Final = "metrics.csv"
FORMAT: Final = LogFormat(
    kind=KIND,
    files=("metrics.csv", "version_*/metrics.csv", "lightning_logs/version_*/metrics.csv", "*metrics.csv"),
    read=read_metrics,
    places={
        "steps": f"`{_STEP}` and `train_loss` in {_COLUMNS}",
        "steps.loss": f"`train_loss` in {_COLUMNS}",
        "steps.grad_norm": f"`grad_norm` in {_COLUMNS}",
        "steps.lr": f"`lr` or `lr-OPTIMIZER` in {_COLUMNS}",
        "passes": f"`epoch` in {_COLUMNS}",
        "evaluations": f"`val_loss` or `val_NAME_loss` in {_COLUMNS}",
    },
)
