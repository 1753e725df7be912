"""Logs of the UK AI Security Institute's Inspect: `.eval` (a zip of JSON) and `.json`.

Of the weights it records the name that it was given alone; of a chat template nothing, since whoever serves
the model applies that.
Source: inspect_ai 0.3.285, log/_log.py and scorer/_metric.py (value_to_float).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from specship import bounds
from specship.digests import digest_of, sha256_bytes
from specship.errors import DamagedArtifact, Place
from specship.pipeline.evaluation.results.archive import LogArchive
from specship.pipeline.evaluation.results.records import AskedSample, HarnessResult
from specship.pipeline.evaluation.results.result_format import ResultFormat
from specship.strict_json import read_json

KIND: Final = "Inspect"
_ARCHIVE: Final = ".eval"
_HEADER: Final = "header.json"
_SAMPLES: Final = "samples/"
_GRADES: Final = {"C": 1.0, "I": 0.0, "P": 0.5, "N": 0.0}
_STDERR: Final = "stderr"


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _listed(value: Any) -> tuple[Mapping[str, Any], ...]:
    return tuple(_object(one) for one in value) if isinstance(value, list) else ()


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _count(value: Any) -> int | None:
    return value if type(value) is int and value >= 0 else None


def _header(path: Path) -> Mapping[str, Any]:
    """The log without its samples; empty where the file is no log."""
    if path.name.endswith(_ARCHIVE):
        with LogArchive(path) as archive:
            return _object(archive.json(_HEADER)) if _HEADER in archive.names else {}
    document = _object(read_json(path))
    return document if "eval" in document and "status" in document else {}


def _metrics(header: Mapping[str, Any]) -> dict[str, tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Each metric's figure by `METRIC,SCORER`, with its scorer's own counts."""
    found = {}
    for score in _listed(_object(header.get("results")).get("scores")):
        for name, metric in _object(score.get("metrics")).items():
            if name != _STDERR and _number(_object(metric).get("value")) is not None:
                found[f"{name},{score.get('name')}"] = (_object(metric), score)
    return found


def tasks(path: Path) -> dict[str, tuple[str, ...]]:
    """The one task of a log with its metrics, each with its scorer: `accuracy,match`."""
    header = _header(path)
    task = _object(header.get("eval")).get("task")
    return {task: tuple(_metrics(header))} if isinstance(task, str) else {}


def read(path: Path, task: str, metric: str) -> HarnessResult:
    """The result of a log.

    Raises:
        DamagedArtifact: it cannot be read, or is of another task or metric.
        RequirementMissing: its compression needs a package that is not here.
    """
    header = _header(path)
    told, results = _object(header.get("eval")), _object(header.get("results"))
    metrics = _metrics(header)
    if told.get("task") != task or metric not in metrics:
        raise DamagedArtifact(f"no {metric} of {task}", at=path, mend="name a task and metric that it has")
    figure, score = metrics[metric]
    config, dataset = _object(told.get("config")), _object(told.get("dataset"))
    status, epochs, limit = header.get("status"), config.get("epochs", 1), config.get("limit")
    samples = tuple(_samples(path, str(score.get("name"))))
    return HarnessResult(
        harness=f"{KIND} {_object(told.get('packages')).get('inspect_ai', '')}".strip(),
        task=task,
        version=str(told.get("task_version", "")),
        metric=metric,
        value=float(figure["value"]),
        standard_error=_number(_object(_object(score.get("metrics")).get(_STDERR)).get("value")),
        answered=_count(score.get("scored_samples")),
        dataset=_count(dataset.get("samples")),
        few_shot=None,
        limited=_limited(limit, told.get("config"), epochs),
        unfinished="" if status == "success" and results else f"its status is {status}",
        model=str(told.get("model", "")),
        parameters=None,
        template_told=False,
        template_sha256=None,
        system_sha256=_system(header),
        samples=samples,
        place=Place(str(path)),
    )


def unpacked(path: Path) -> dict[str, Any]:
    """A packed log as the one document that Inspect writes where it is asked for JSON.

    Raises:
        DamagedArtifact: it cannot be read.
        RequirementMissing: its compression needs a package that is not here.
    """
    with LogArchive(path) as archive:
        samples = [archive.json(name) for name in _sample_names(archive)]
        return {**_object(archive.json(_HEADER)), "samples": samples}


def _sample_names(archive: LogArchive) -> list[str]:
    return sorted(name for name in archive.names if name.startswith(_SAMPLES) and name.endswith(".json"))


def _limited(limit: Any, config: Any, epochs: Any) -> str:
    if limit is not None:
        return f"limit {limit}"
    if _object(config).get("sample_id") is not None:
        return "samples chosen by id"
    return "" if epochs in {1, None} else f"epochs {epochs}: one answer a sample is read"


def _system(header: Mapping[str, Any]) -> str | None:
    steps = _listed(_object(header.get("plan")).get("steps"))
    for step in steps:
        text = _object(step.get("params")).get("template")
        if step.get("solver") == "system_message" and isinstance(text, str):
            return sha256_bytes(text.encode())
    return None


def _samples(path: Path, scorer: str) -> Iterator[AskedSample]:
    if not path.name.endswith(_ARCHIVE):
        listed = _object(read_json(path)).get("samples")
        documents: list[Any] = listed if isinstance(listed, list) else []
        _within_bound(len(documents), path)
        places: Iterable[Place] = (Place(f"{path}#samples/{n}") for n in range(len(documents)))
        yield from map(_sample, documents, places, [scorer] * len(documents))
        return
    with LogArchive(path) as archive:
        names = _sample_names(archive)
        _within_bound(len(names), path)
        for name in names:
            yield _sample(archive.json(name), Place(f"{path}#{name}"), scorer)


def _within_bound(samples: int, path: Path) -> None:
    if samples > bounds.RESULT_SAMPLES:
        raise DamagedArtifact(f"more than {bounds.RESULT_SAMPLES} samples", at=path)


def _sample(document: Any, place: Place, scorer: str) -> AskedSample:
    sample = _object(document)
    if "id" not in sample or "input" not in sample or type(sample.get("epoch")) is not int:
        raise DamagedArtifact("no sample of a log", at=place, why="id, input or epoch is missing")
    value = _object(_object(sample.get("scores")).get(scorer)).get("value")
    error = sample.get("error")
    return AskedSample(
        key=f"{sample['id']}/{sample['epoch']}",
        asked=digest_of([str(sample["id"]), _plain(sample["input"]), _plain(sample.get("target"))]),
        outcome=_grade(value),
        error="" if error is None else str(_object(error).get("message", error))[:200] or "error",
        cut=sample.get("limit") is not None,
        place=place,
    )


def _plain(value: Any) -> Any:
    """What was asked, without the ids that each run gives its messages anew."""
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items() if name != "id"}
    return [_plain(one) for one in value] if isinstance(value, list) else value


def _grade(value: Any) -> float | None:
    if isinstance(value, bool):
        return float(value)
    return _GRADES.get(value) if isinstance(value, str) else _number(value)


FORMAT: Final = ResultFormat(
    kind=KIND,
    names=lambda name: name.endswith((_ARCHIVE, ".json")),
    begins=lambda name, head: name.endswith(_ARCHIVE) or (b'"status"' in head and b'"eval"' in head),
    tasks=tasks,
    companions=lambda _path, _task: (),
    read=read,
)
