"""The file of outcomes: a heading, one line a sample, written as it is known, and an ending; read strictly.

The ending says what was in force and what the canaries found; a file without one is of an evaluation
that is not through.
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
from specship.pipeline.humaneval.verdicts import Key, as_line
from specship.pipeline.json_log import JsonLog, repair, whole_lines

FORMAT: Final = "specship humaneval outcomes 2"
_ENDED: Final = "ended"
_KEYS: Final = {"task_id", "index", "outcome", "detail", "seconds"}
_AGAIN: Final = "give --out another file, or remove this one"


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
        if path.exists():
            repair(path, lambda record: record.get("outcome") != INFRA and _ENDED not in record)
        self.known = _known(path, heading, {sample.key for sample in samples})
        fresh = not path.exists() or not path.stat().st_size
        self._log = JsonLog(path)
        if fresh:
            self._log.append(heading)

    def append(self, sample: Sample, outcome: Outcome) -> None:
        """Write one outcome; a kill behind this loses nothing of it."""
        self._log.append(as_line(sample.key, outcome))

    def close(self, sandbox: dict[str, Any], *, whole: bool) -> None:
        """Write the ending of an evaluation that is through, wait for the disk and give the file back."""
        if whole:
            self._log.append({_ENDED: True, "sandbox": sandbox})
        self._log.sync()
        self._log.close()


def _known(path: Path, heading: dict[str, Any], keys: set[Key]) -> dict[Key, Outcome]:
    found: dict[Key, Outcome] = {}
    for number, (_, record) in enumerate(whole_lines(path)[0], start=1):
        place = Place(str(path), line=number)
        if number == 1:
            _check_heading(record, heading, place)
        else:
            add_outcome(found, record, place, keys)
    return found


def add_outcome(
    found: dict[Key, Outcome], record: dict[str, Any], place: Place, keys: set[Key] | None = None
) -> None:
    """Take one line's outcome to those found before; `keys` are all that may come, where they are known.

    Raises:
        DamagedArtifact: it is none, of a sample nobody asked for, or there twice.
    """
    outcome = _outcome(record, place)
    key = (record["task_id"], record["index"])
    if type(key[1]) is not int or key in found or (keys is not None and key not in keys):
        raise DamagedArtifact("a sample nobody asked for, or there twice", at=place, mend=_AGAIN)
    found[key] = outcome


def read_shard(path: Path) -> tuple[dict[str, Any], dict[Key, Outcome], dict[str, Any]]:
    """Heading, outcomes and sandbox of a file of outcomes that is through.

    Raises:
        DamagedArtifact: a line of it is none.
        UnusableInput: it is no such file, or its evaluation is not through.
    """
    lines, cut = whole_lines(path)
    records = [record for _, record in lines]
    if not records or records[0].get("format") != FORMAT:
        raise UnusableInput("no outcomes", at=path, mend="give what `specship eval humaneval --out` wrote")
    if cut or not records[-1].get(_ENDED) or not isinstance(records[-1].get("sandbox"), dict):
        raise UnusableInput(
            "this evaluation is not through", at=path, mend="run it again with the same --out; it continues"
        )
    found: dict[Key, Outcome] = {}
    for number, record in enumerate(records[1:-1], start=2):
        add_outcome(found, record, Place(str(path), line=number))
    return records[0], found, records[-1]["sandbox"]


def _check_heading(record: dict[str, Any], heading: dict[str, Any], place: Place) -> None:
    for key in sorted(heading.keys() | record.keys()):
        if record.get(key) != heading.get(key):
            raise UnusableInput(
                f"these outcomes are of another evaluation: {key!r} differs",
                at=place,
                why="outcomes under other files, limits or rules cannot be counted together",
                mend=_AGAIN,
            )
