"""The file of outcomes: a heading, then one line a sample, written as it is known and read strictly.

A run that was killed continues behind it: a last line that was cut is dropped, infrastructure errors are
tried again, everything else stands. The heading binds the lines to problems, completions, level, limits
and rules; lines of another evaluation are refused.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from specship.errors import DamagedArtifact, Place, UnusableInput
from specship.pipeline.humaneval.judging import INFRA, OUTCOMES, Outcome
from specship.pipeline.humaneval.problems import Sample
from specship.pipeline.json_log import JsonLog, repair, whole_lines

_KEYS: Final = {"task_id", "index", "outcome", "detail", "seconds"}
_AGAIN: Final = "give --out another file, or remove this one"


def as_line(sample: Sample, outcome: Outcome) -> dict[str, Any]:
    """One result, as files and reports hold it."""
    return {
        "task_id": sample.task_id,
        "index": sample.index,
        "outcome": outcome.outcome,
        "detail": outcome.detail,
        "seconds": outcome.seconds,
    }


def _outcome(record: dict[str, Any], place: Place) -> Outcome:
    fine = (
        record.keys() == _KEYS
        and record["outcome"] in OUTCOMES
        and isinstance(record["detail"], str)
        and isinstance(record["seconds"], int | float)
    )
    if not fine:
        raise DamagedArtifact("not an outcome", at=place, why=f"its keys are {sorted(_KEYS)}", mend=_AGAIN)
    return Outcome(record["outcome"], record["detail"], float(record["seconds"]))


class OutcomeFile:
    """A file of outcomes that one evaluation appends to."""

    def __init__(self, path: Path, heading: dict[str, Any], samples: tuple[Sample, ...]) -> None:
        """Read what is there and open it for more.

        Raises:
            DamagedArtifact: a whole line is no outcome, is there twice, or is of an unknown sample.
            UnusableInput: the file belongs to another evaluation.
            CannotWrite: the disk refuses.
        """
        repair(path, lambda record: record.get("outcome") != INFRA) if path.exists() else None
        self.known = _known(path, heading, {(sample.task_id, sample.index): sample for sample in samples})
        fresh = not path.exists() or not path.stat().st_size
        self._log = JsonLog(path)
        if fresh:
            self._log.append(heading)

    def append(self, sample: Sample, outcome: Outcome) -> None:
        """Write one outcome; a kill behind this loses nothing of it."""
        self._log.append(as_line(sample, outcome))

    def close(self) -> None:
        """Wait for the disk and give the file back."""
        self._log.sync()
        self._log.close()


def _known(
    path: Path, heading: dict[str, Any], samples: dict[tuple[str, int], Sample]
) -> dict[Sample, Outcome]:
    found: dict[Sample, Outcome] = {}
    for number, (_, record) in enumerate(whole_lines(path)[0], start=1):
        place = Place(str(path), line=number)
        if number == 1:
            _check_heading(record, heading, place)
            continue
        outcome = _outcome(record, place)
        index = record["index"]
        sample = samples.get((record["task_id"], index)) if type(index) is int else None
        if sample is None or sample in found:
            raise DamagedArtifact("a sample nobody asked for, or there twice", at=place, mend=_AGAIN)
        found[sample] = outcome
    return found


def _check_heading(record: dict[str, Any], heading: dict[str, Any], place: Place) -> None:
    for key in sorted(heading.keys() | record.keys()):
        if record.get(key) != heading.get(key):
            raise UnusableInput(
                f"these outcomes are of another evaluation: {key!r} differs",
                at=place,
                why="outcomes under other files, limits or rules cannot be counted together",
                mend=_AGAIN,
            )
