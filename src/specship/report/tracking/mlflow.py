"""MLflow: a folder of runs (`mlruns`), one for each model and profile, in one experiment called `specship`.

MLflow reads it (since 3.7 where `MLFLOW_ALLOW_FILE_STORE=true`), and `mlflow migrate-filestore` takes it
into a database. The id of a run follows from model, profile and when its figures were measured.
Source: mlflow 3.17, store/tracking/file_store.py.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from specship.digests import sha256_bytes
from specship.files import write_file
from specship.report.judged_figures import run_name, scalars, seconds
from specship.status.report import ModelReport, Report

_EXPERIMENT: Final = "1"
_FINISHED: Final = 3
_TOOL: Final = 4
"""SourceType LOCAL."""


def write(report: Report, folder: Path) -> list[Path]:
    """Write `FOLDER/1/RUN/metrics/GATE/QUANTITY` and what goes with it; MLflow calls `FOLDER` `mlruns`.

    Raises:
        CannotWrite: the disk is full or refuses.
    """
    experiment = folder / _EXPERIMENT
    made = [_yaml(experiment / "meta.yaml", _about(experiment, name="specship"))]
    for model in report.models:
        moment = int(1000 * seconds(model))
        run = sha256_bytes(f"{model.model} {model.profile} {moment}".encode())[:32]
        place = experiment / run
        made.append(_yaml(place / "meta.yaml", _run(place, run, model, moment)))
        for name, value in scalars(model).items():
            made.append(_text(place / "metrics" / name, f"{moment} {value!r} 0\n"))
        told = {"model": model.model, "profile": model.profile, "kind": model.kind, "spec": report.spec}
        made += [_text(place / "params" / name, value) for name, value in told.items()]
        made.append(_text(place / "tags" / "mlflow.runName", run_name(model)))
    return made


def _about(experiment: Path, *, name: str) -> dict[str, Any]:
    return {
        "artifact_location": experiment.absolute().as_uri(),
        "creation_time": 0,
        "experiment_id": _EXPERIMENT,
        "last_update_time": 0,
        "lifecycle_stage": "active",
        "name": name,
    }


def _run(place: Path, run: str, model: ModelReport, moment: int) -> dict[str, Any]:
    return {
        "artifact_uri": (place / "artifacts").absolute().as_uri(),
        "end_time": moment,
        "entry_point_name": "",
        "experiment_id": _EXPERIMENT,
        "lifecycle_stage": "active",
        "run_id": run,
        "run_name": run_name(model),
        "run_uuid": run,
        "source_name": "",
        "source_type": _TOOL,
        "source_version": "",
        "start_time": moment,
        "status": _FINISHED,
        "tags": [],
        "user_id": "",
    }


def _yaml(path: Path, record: dict[str, Any]) -> Path:
    """Each key with its value as JSON, which is YAML."""
    return _text(path, "".join(f"{key}: {json.dumps(value)}\n" for key, value in record.items()))


def _text(path: Path, text: str) -> Path:
    write_file(path, text)
    return path
