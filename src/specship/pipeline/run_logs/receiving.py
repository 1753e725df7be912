"""Receiving a run that another program made: its raw records copied within bounds, and who says what.

declared.json    what the profile declares, in whose words
received.json    sha256 of each file that was copied and of the weights beside the log; what was left, and why
and the records under the names that they have

No link is followed, nothing that can hold a pickle is copied or opened, and weights stay where they are.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from specship import bounds
from specship.digests import sha256_file
from specship.errors import DamagedArtifact, SpecshipError, UnusableInput
from specship.files import write_errors, write_json
from specship.pipeline.run_logs.declaring import DECLARED, Declared, DeclaredRun
from specship.pipeline.run_logs.facts import Facts
from specship.pipeline.run_logs.opening import read_facts
from specship.pipeline.run_logs.series.columns import NO_COLUMNS, Columns
from specship.pipeline.stage import Settings
from specship.records import Record, Sha256, read_record
from specship.strict_json import open_regular

RECEIVED: Final = "received.json"
_WEIGHTS: Final = (
    ".safetensors",
    ".bin",
    ".pt",
    ".pth",
    ".ckpt",
    ".gguf",
    ".distcp",
    ".h5",
    ".msgpack",
    ".onnx",
)
_NO_RECORDS: Final = (
    *_WEIGHTS, ".pkl", ".pickle", ".npy", ".npz", ".joblib", ".zip", ".tar", ".gz", ".zst", ".so", ".pyc",
)  # fmt: skip
_NO_MODEL: Final = ("optimizer", "scheduler", "rng_state", "training_args", "scaler")
"""How files begin that Trainer writes beside the weights, and that are none."""
_PICKLE: Final = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05", b"PK\x03\x04")
"""How pickles begin, and the archives in which torch keeps them."""


class DeclaredLog(Settings):
    """What the log of another program cannot say itself."""

    declared: Declared = Declared()
    """What the log cannot hold: the maker's word, and named as such on reports."""
    columns: Columns = NO_COLUMNS
    """What a table or JSON lines call each figure, such as `loss: train/nll`."""


class LoggedSettings(DeclaredLog):
    """Where the log of a run lies that another program made, and what it cannot say itself."""

    folder: Annotated[str, Field(min_length=1)]
    """The run's folder, or its one file, relative to the project."""
    source: Annotated[str, Field(min_length=1)]
    """Where it came from, in words."""
    weights: str = ""
    """Folder below the run's whose weights ship, `checkpoint-200`; empty: its newest."""


class ReceivedRun(Record):
    """`received.json`: what was found where the run lay."""

    format: Literal["specship-received-run/1"] = "specship-received-run/1"
    files: Mapping[str, Sha256]
    left: Mapping[str, str]
    """Files that were not copied, each with the reason."""
    weights: Mapping[str, Sha256]
    """Files of weights beside the log, by name."""
    weights_folder: str
    """Where they lay, below the run; empty where it has none."""


@dataclass(frozen=True, slots=True)
class _Found:
    """What lies in a run's folder."""

    records: Mapping[str, Path]
    left: Mapping[str, str]
    weights: Mapping[str, Path]
    weights_folder: str


def receive(place: Path, output: Path, settings: LoggedSettings) -> Facts:
    """Copy a run's records, write down what is declared of it, and read it once.

    Raises:
        UnusableInput: it is no run of a known kind, too large, or a declaration contradicts its records.
        DamagedArtifact: its main record cannot be read.
        CannotWrite: the disk is full or refuses.
    """
    found = look(place, settings.weights)
    for name, path in found.records.items():
        copy_record(path, output / name)
    write_declared(output, settings, settings.source)
    written = ReceivedRun(
        files={name: sha256_file(output / name) for name in found.records},
        left=found.left,
        weights={name: sha256_file(path) for name, path in found.weights.items()},
        weights_folder=found.weights_folder,
    )
    write_json(output / RECEIVED, written.model_dump(mode="json"))
    facts, _ = read_facts(output)
    if not facts.steps:
        raise DamagedArtifact("the log holds no step of training", at=place, why="; ".join(facts.damage[:3]))
    return facts


def write_declared(output: Path, said: DeclaredLog, source: str) -> None:
    """Put beside a log what is declared of it; `source` is where the run came from, in words.

    Raises:
        CannotWrite: the disk is full or refuses.
    """
    word = DeclaredRun(source=source, declared=said.declared, columns=said.columns)
    write_json(output / DECLARED, word.model_dump(mode="json", exclude_none=True))


def seen_outside(place: Path, weights: str) -> list[tuple[str, str]]:
    """Name and digest of all that `receive` reads where a run lies; nothing where there is none."""
    try:
        found = look(place, weights)
        both = sorted([*found.records.items(), *found.weights.items()])
        return [(name, sha256_file(path)) for name, path in both]
    except (SpecshipError, OSError):
        return []  # the stage says what is wrong


def read_received(folder: Path) -> ReceivedRun | None:
    """What was found where a run lay; None for a run that was not received.

    Raises:
        DamagedArtifact: the record is malformed.
    """
    path = folder / RECEIVED
    return read_record(ReceivedRun, path, mend="receive the run again") if path.is_file() else None


def look(place: Path, weights: str) -> _Found:
    """What is there to be copied, and what is to be left.

    Raises:
        UnusableInput: there is more than the bounds allow, or no folder of that name with weights.
    """
    if place.is_file():
        return _Found({place.name: place}, {}, {}, "")
    records, left, size = dict[str, Path](), dict[str, str](), 0
    for name, path in _files(place):
        if why := _no_record(name, path):
            left[name] = why
        else:
            records[name] = path
            size += path.stat().st_size
        if len(records) + len(left) > bounds.RUN_FILES or size > bounds.RUN_BYTES:
            raise UnusableInput(
                f"more than {bounds.RUN_FILES} files, or {bounds.RUN_BYTES} bytes of records",
                at=place,
                why="a run is received with its log, not with all that lies beside it",
                mend="name the folder of this one run, or its log file",
            )
    where = _weights_folder(place, weights)
    return _Found(
        records, left, _weights(where) if where else {}, where.relative_to(place).as_posix() if where else ""
    )


def _files(place: Path) -> Iterator[tuple[str, Path]]:
    """Every file below a folder in the order of names, with its name there; no folder behind a link."""
    for base, folders, names in os.walk(place):
        here = Path(base)
        folders.sort()
        for name in sorted(names):
            yield (here / name).relative_to(place).as_posix(), here / name


def _no_record(name: str, path: Path) -> str:
    """Why a file is not copied, or the empty string."""
    if path.is_symlink():
        return "a link"
    if not path.is_file():
        return "no regular file"
    if name in {DECLARED, RECEIVED}:
        return "written anew"
    if path.suffix.lower() in _NO_RECORDS:
        return "weights, a pickle or an archive"
    if path.stat().st_size > bounds.RUN_FILE_BYTES:
        return f"longer than {bounds.RUN_FILE_BYTES} bytes"
    with path.open("rb") as file:
        return "a pickle or an archive" if file.read(4).startswith(_PICKLE) else ""


def _weights_folder(place: Path, asked: str) -> Path | None:
    """The folder below a run with the weights that it made."""
    if asked:
        where = place / asked
        if ".." in Path(asked).parts or Path(asked).is_absolute() or not _weights(where):
            raise UnusableInput(
                f"no weights lie in {asked!r} below the run", at=place, mend="write `weights: checkpoint-200`"
            )
        return where
    steps = {path: path.name.rpartition("-")[2] for path in place.glob("checkpoint-*") if path.is_dir()}
    numbered = sorted((p for p, step in steps.items() if step.isdecimal()), key=lambda p: int(steps[p]))
    return next((where for where in (place, *reversed(numbered)) if _weights(where)), None)


def _weights(folder: Path) -> dict[str, Path]:
    listed = sorted(folder.iterdir()) if folder.is_dir() else []
    return {path.name: path for path in listed if is_weights(path.name) and not path.is_symlink()}


def is_weights(name: str) -> bool:
    """Whether a file is called as weights are, and not as the optimizer's state."""
    path = Path(name)
    return path.suffix.lower() in _WEIGHTS and not path.name.startswith(_NO_MODEL)


def copy_record(path: Path, target: Path) -> None:
    """Copy a regular file within its bound; nothing of a link that came in between."""
    with open_regular(path) as (file, size):
        if size > bounds.RUN_FILE_BYTES:
            raise UnusableInput(
                f"longer than {bounds.RUN_FILE_BYTES} bytes",
                at=path,
                mend="receive a log without its samples",
            )
        data: Any = file.read(size)
    with write_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
