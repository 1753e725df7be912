"""A run folder, whoever wrote it, to a diagnosis."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from specship.diagnose.diagnosing import Diagnosis, diagnose
from specship.pipeline.run_logs.opening import read_facts
from specship.pipeline.run_logs.series.building import with_end
from specship.pipeline.run_logs.series.columns import columns_among
from specship.pipeline.run_logs.telling import told as with_told


def diagnose_run(folder: Path, told: Mapping[str, str] | None = None) -> Diagnosis:
    """Diagnose a run, whoever wrote it; `told` fills in facts that its records lack, and names of columns.

    Units: figures carry their own (`nats/token`, `tokens/s`, `steps`); confidence lies between 0 and 1.
    Source: decisions 0019 and 0020 (what a cause may accuse; when a run is called healthy).

    Raises:
        UnusableInput: neither of them, or a fact that is told is unknown, no figure, or on record.
        DamagedArtifact: its main record cannot be read.
    """
    columns, others = columns_among(told or {})
    facts, notes = read_facts(folder, columns)
    return diagnose(str(folder), with_end(with_told(facts, others)), tuple(notes))
