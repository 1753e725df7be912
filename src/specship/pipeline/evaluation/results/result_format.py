"""How results of a harness are found and read; one file of `formats/` each."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from specship import bounds
from specship.discovery import Folder, one_each
from specship.errors import DamagedArtifact, RequirementMissing, UnknownName, did_you_mean
from specship.pipeline.evaluation.results.records import HarnessResult

_HEAD_BYTES: Final = 4096
FORMATS: Final = Folder("specship.pipeline.evaluation.results.formats")


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultFormat:
    """One harness."""

    kind: str
    """What it is called: `lm-evaluation-harness`."""
    names: Callable[[str], bool]
    """Whether a file of this name may be a result of it."""
    begins: Callable[[str, bytes], bool]
    """Whether a file of such a name that begins so is likely one: asked of every file of a project."""
    tasks: Callable[[Path], Mapping[str, tuple[str, ...]]]
    """Tasks of a file, each with its metrics; empty where it is no result of this harness."""
    companions: Callable[[Path, str], tuple[Path, ...]]
    """Other files that belong to a task of a file, whether they are there or not."""
    read: Callable[[Path, str, str], HarnessResult]
    """The result of a file for a task and a metric."""


@dataclass(frozen=True, slots=True)
class FoundResult:
    """A file that holds a result of a task."""

    path: Path
    format: ResultFormat
    metric: str

    def read(self, task: str) -> HarnessResult:
        """What it says.

        Raises:
            UnusableInput: it cannot be read, or says too little.
        """
        return self.format.read(self.path, task, self.metric)

    def files(self, task: str) -> tuple[Path, ...]:
        """All files of the result that are there."""
        return (self.path, *(path for path in self.format.companions(self.path, task) if path.exists()))


@functools.cache
def all_formats() -> Mapping[str, ResultFormat]:
    """Every harness by the name of its file."""
    return one_each("formats", FORMATS.members("FORMAT"), lambda one: one.kind)


@dataclass(frozen=True, slots=True)
class ResultFile:
    """A file that a harness wrote."""

    path: Path
    format: ResultFormat
    tasks: Mapping[str, tuple[str, ...]]
    """Its tasks, each with its metrics."""


def results_in(folder: Path) -> list[ResultFile]:
    """Every result below a folder, or in a file.

    Raises:
        DamagedArtifact: a file cannot be read, or there are too many.
    """
    return [
        ResultFile(path, one, tasks)
        for path in _files(folder)
        for one in all_formats().values()
        if one.names(path.name) and (tasks := one.tasks(path))
    ]


def files_beside(path: Path, task: str) -> list[Path]:
    """A file and those that belong to a task of it, were it a result; nothing of them is read."""
    formats = [one for one in all_formats().values() if one.names(path.name)]
    return sorted({path, *(beside for one in formats for beside in one.companions(path, task))})


def may_be_result(path: Path) -> bool:
    """Whether a file is called as a result is, and begins so; a link never is."""
    formats = [one for one in all_formats().values() if one.names(path.name)]
    if not formats or path.is_symlink() or not path.is_file():
        return False
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    return any(one.begins(path.name, head) for one in formats)


def find_result(folder: Path, task: str, metric: str) -> FoundResult:
    """The one result of a task below a folder, or in a file.

    `metric` may leave out what stands behind the comma where one metric alone begins so.

    Raises:
        RequirementMissing: there is no such folder, or no result of the task in it.
        UnknownName: the result has no such metric.
        DamagedArtifact: a file cannot be read, or two results are there.
    """
    if not folder.exists():
        raise RequirementMissing(
            "the evaluation's results are not there", at=folder,
            mend="put there what the harness wrote (lm-eval: --output_path, --log_samples)",
        )  # fmt: skip
    there = results_in(folder)
    found = [one for one in there if task in one.tasks]
    if not found:
        seen = {name for one in there for name in one.tasks}
        raise RequirementMissing(
            f"there is no result of the task {task!r}", at=folder,
            why=f"tasks of results there: {', '.join(sorted(seen)) or 'none'}",
            mend=did_you_mean(task, seen) or "evaluate the task, or name the folder that holds its result",
        )  # fmt: skip
    if len(found) > 1:
        raise DamagedArtifact(
            f"{len(found)} results of {task!r}", at=folder,
            why="they may differ, and the better one could be taken: "
            f"{found[0].path.name}, {found[1].path.name}",
            mend="name the file of the one that is meant",
        )  # fmt: skip
    one = found[0]
    return FoundResult(one.path, one.format, _metric(one.path, metric, one.tasks[task]))


def _metric(path: Path, wanted: str, metrics: tuple[str, ...]) -> str:
    if wanted in metrics:
        return wanted
    near = [one for one in metrics if one.startswith(f"{wanted},")]
    if len(near) == 1:
        return near[0]
    raise UnknownName(
        f"no metric {wanted!r}", at=path,
        mend=did_you_mean(wanted, metrics) or f"name one of {', '.join(metrics)}",
    )  # fmt: skip


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return [folder]
    found: list[Path] = []
    for parent, folders, names in os.walk(folder):
        folders.sort()
        found += [Path(parent, name) for name in sorted(names)]
        if len(found) > bounds.RESULT_FILES:
            raise DamagedArtifact(
                f"more than {bounds.RESULT_FILES} files", at=folder, mend="name the folder of one run"
            )
    return found
