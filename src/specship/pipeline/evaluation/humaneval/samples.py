"""The file of generated samples: a heading and one line a sample, in order, read strictly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from specship.errors import DamagedArtifact, Place, UnusableInput
from specship.json_log import JsonLog, repair, whole_lines
from specship.pipeline.evaluation.humaneval.outcomes import check_heading

SAMPLES_FORMAT: Final = "specship humaneval samples 1"
_AGAIN: Final = "give --out another file, or remove this one"
STOP_REASONS: Final = ("stop-token", "stop-text", "token-limit", "no-room")


@dataclass(frozen=True, slots=True)
class Generated:
    """One completion as the model wrote it."""

    task_id: str
    index: int
    completion: str
    tokens: int
    """Tokens that were drawn, a stop token among them."""
    stop_reason: str
    """One of STOP_REASONS."""


class SampleFile:
    """A file that one generation appends to, sample by sample in their order."""

    def __init__(self, path: Path, heading: dict[str, Any], keys: Sequence[tuple[str, int]]) -> None:
        """Read what is there, cut a last line that a kill left, and open it for more.

        Raises:
            DamagedArtifact: a line is no sample, or not the one whose turn it was.
            UnusableInput: the file is of another evaluation.
            CannotWrite: the disk refuses.
        """
        if path.exists():
            repair(path, lambda _: True)
        self.known: list[Generated] = []
        lines = whole_lines(path)[0]
        if lines:
            check_heading(lines[0][1], heading, Place(str(path), line=1))
        for number, (_, record) in enumerate(lines[1:], start=2):
            self.known.append(_generated(record, Place(str(path), line=number)))
            _check_turn(self.known, keys, Place(str(path), line=number))
        self._log = JsonLog(path)
        if not lines:
            self._log.append(heading)

    def append(self, sample: Generated) -> None:
        """Write the sample whose turn it is."""
        self._log.append(asdict(sample))
        self.known.append(sample)

    def close(self) -> None:
        """Wait for the disk and give the file back."""
        self._log.sync()
        self._log.close()


def _check_turn(known: list[Generated], keys: Sequence[tuple[str, int]], place: Place) -> None:
    last = (known[-1].task_id, known[-1].index)
    if len(known) > len(keys) or last != keys[len(known) - 1]:
        raise DamagedArtifact(
            "not the sample whose turn it is",
            at=place,
            why="samples are written in the order of the problems",
            mend=_AGAIN,
        )


def _generated(record: dict[str, Any], place: Place) -> Generated:
    kinds = {"task_id": str, "index": int, "completion": str, "tokens": int, "stop_reason": str}
    fine = record.keys() == kinds.keys() and all(type(record[name]) is kind for name, kind in kinds.items())
    if not fine or record["stop_reason"] not in STOP_REASONS:
        raise DamagedArtifact("no sample", at=place, why=f"its keys are {', '.join(kinds)}", mend=_AGAIN)
    return Generated(**record)


def read_samples(path: Path) -> tuple[dict[str, Any], list[Generated]]:
    """Heading and samples of a file.

    Raises:
        UnusableInput: it is no such file.
        DamagedArtifact: a line of it is no sample.
    """
    lines = whole_lines(path)[0]
    if not lines or lines[0][1].get("format") != SAMPLES_FORMAT:
        raise UnusableInput(
            "no samples", at=path, mend="give the file of samples beside the outcomes of an evaluation"
        )
    return lines[0][1], [
        _generated(record, Place(str(path), line=number))
        for number, (_, record) in enumerate(lines[1:], start=2)
    ]
