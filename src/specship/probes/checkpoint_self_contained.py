"""Whether a stranger can open the checkpoint with nothing else, and would notice a damaged byte."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Final

from specship.errors import DamagedArtifact, SpecshipError, StageFailed, UnusableInput
from specship.pipeline.checkpoint.folder_manifest import CHECKPOINT_MANIFEST, verify_manifest
from specship.pipeline.model.other_families import SIZES, is_computed_here
from specship.pipeline.model.transformers_process import TransformersProcess
from specship.pipeline.training.architecture import REQUIRED_FIELDS
from specship.probes.probe import Artifact, Figures, probe
from specship.strict_json import read_json

_NEEDED: Final = (
    "config.json",
    "generation_config.json",
    "metadata.json",
    "model.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
    CHECKPOINT_MANIFEST,
)
_ALLOWED: Final = {".safetensors", ".json", ".jinja", ".txt", ".md"}
"""Endings of files that run nothing when they are opened; pickles end otherwise."""
_ALLOWED_NAMES: Final = {"LICENSE"}
_TEXT: Final = "def fib(n):\n    return n if n < 2 else fib(n - 1) + fib(n - 2)\n"


@probe(
    "checkpoint.self_contained",
    checked="files",
    files="files",
    missing_files="files",
    foreign_files="files",
    damaged_files="files",
    missing_fields="fields",
    tensors_not_loaded="tensors",
    vocabulary_difference="tokens",
    round_trip_differences="texts",
    flips="flips",
    unnoticed_flips="flips",
)
def checkpoint_self_contained(checkpoint: Artifact) -> Figures:
    """Open the folder offline with transformers, and flip one bit in each file of a copy.

    `tensors_not_loaded` are missing, unexpected or misshapen for transformers. The larger of
    vocabulary and tokenizer may not exceed the other. A flip is noticed when verification names
    that very file.

    Raises:
        DamagedArtifact: transformers cannot open the model or the tokenizer.
    """
    folder = checkpoint.path
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    missing = [name for name in _NEEDED if name not in names]
    foreign = [name for name in names if Path(name).suffix not in _ALLOWED and name not in _ALLOWED_NAMES]
    notes = [f"{name} is missing" for name in missing] + [f"{name} does not belong" for name in foreign]
    damaged = 0
    try:
        verify_manifest(folder)
    except SpecshipError as error:
        damaged, notes = 1, [*notes, str(error)]
    config = read_json(folder / "config.json")
    absent = [names[0] for names in _fields(folder) if not any(name in config for name in names)]
    unnoticed, flips = (0, 0) if damaged else _flips(folder, names)
    return {
        "files": len(names),
        "missing_files": len(missing),
        "foreign_files": len(foreign),
        "damaged_files": damaged,
        "missing_fields": len(absent),
        **_opened(folder, incomplete=bool(missing or absent)),
        "flips": flips,
        "unnoticed_flips": None if damaged else unnoticed,
        "notes": notes + [f"config.json lacks {name}" for name in absent],
    }


_NOT_OPENED: Final[Figures] = dict.fromkeys(
    ("tensors_not_loaded", "vocabulary_difference", "round_trip_differences")
)
"""What is not measured where a folder that lacks a part does not open: what is missing is the answer."""


def _fields(folder: Path) -> list[tuple[str, ...]]:
    """Fields of the configuration that nobody may have to guess, each under all names that it has."""
    if is_computed_here(folder / "config.json"):
        return [(name,) for name in REQUIRED_FIELDS]
    return [("architectures",), ("model_type",), ("vocab_size",), SIZES["hidden"], SIZES["layers"]]


def _opened(folder: Path, *, incomplete: bool) -> Figures:
    """Of a folder that lacks a part it is no surprise that nothing opens it."""
    try:
        return _opens(folder)
    except DamagedArtifact:
        if not incomplete:
            raise
        return dict(_NOT_OPENED)


def _opens(folder: Path) -> Figures:
    try:
        opened = TransformersProcess.shared(folder).say("carried", folder=str(folder), text=_TEXT)
    except (UnusableInput, StageFailed) as error:
        raise DamagedArtifact(
            f"transformers cannot open the folder: {error.message}",
            at=folder,
            mend="make the checkpoint again",
        ) from error
    return {
        "tensors_not_loaded": opened["not_loaded"],
        "vocabulary_difference": abs(int(opened["tokens"]) - int(opened["rows"])),
        "round_trip_differences": int(opened["again"] != _TEXT),
    }


def _flips(folder: Path, names: list[str]) -> tuple[int, int]:
    """Flips that verification did not notice, and flips made: one bit in the middle of each file.

    They are made in a copy; the artifact itself is never touched.
    """
    unnoticed = 0
    listed = [name for name in names if name != CHECKPOINT_MANIFEST]
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / "checkpoint"
        shutil.copytree(folder, copy)
        for name in listed:
            path = copy / name
            with path.open("r+b") as file:
                middle = path.stat().st_size // 2
                file.seek(middle)
                old = file.read(1) or b"\0"
                file.seek(middle)
                file.write(bytes([old[0] ^ 1]))
            unnoticed += not _names(copy, path)
            with path.open("r+b") as file:
                file.seek(middle)
                file.write(old)
    return unnoticed, len(listed)


def _names(folder: Path, path: Path) -> bool:
    """Whether verification refuses the folder because of that file."""
    try:
        verify_manifest(folder)
    except DamagedArtifact as error:
        return error.at is not None and error.at.path == str(path)
    return False
