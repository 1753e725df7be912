"""The file of outcomes: a heading, one line a sample, written as it is known, and an ending; read strictly.

The ending says what was in force and what the canaries found; a file without one is of an evaluation
that is not through.
A run that was killed continues behind it: a last line that was cut is dropped, infrastructure errors are
tried again, everything else stands. The heading binds the lines to problems, completions, level, limits
and rules; lines of another evaluation are refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from specship.errors import DamagedArtifact, Place, UnusableInput
from specship.json_log import JsonLog, repair, whole_lines
from specship.pipeline.evaluation.humaneval.judging import INFRA, OUTCOMES, SampleOutcome
from specship.pipeline.evaluation.humaneval.problems import Sample
from specship.pipeline.evaluation.humaneval.verdicts import Key, as_line

FORMAT: Final = "specship humaneval outcomes 3"
_ENDED: Final = "ended"
_KEYS: Final = {"task_id", "index", "outcome", "detail", "seconds", "extraction"}
_HEADING: Final = {
    "problems_sha256": str, "problems": int, "completions_sha256": str, "samples": int, "level": str,
    "generated": (dict, type(None)), "limits": dict, "stops": bool, "shard": list,
}  # fmt: skip
_SANDBOX: Final = {"level": str, "fit_for_release": bool, "canaries": int, "canary_faults": list}
_AGAIN: Final = "give --out another file, or remove this one"


def ending(sandbox: dict[str, Any]) -> dict[str, Any]:
    """The last line of an evaluation that is through."""
    return {_ENDED: True, "sandbox": sandbox}


def _outcome(record: dict[str, Any], place: Place) -> SampleOutcome:
    fine = (
        record.keys() == _KEYS
        and record["outcome"] in OUTCOMES
        and isinstance(record["detail"], str)
        and isinstance(record["seconds"], int | float)
        and isinstance(record["extraction"], str)
    )
    if not fine:
        raise DamagedArtifact("not an outcome", at=place, why=f"its keys are {sorted(_KEYS)}", mend=_AGAIN)
    return SampleOutcome(record["outcome"], record["detail"], float(record["seconds"]), record["extraction"])


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

    def append(self, sample: Sample, outcome: SampleOutcome) -> None:
        """Write one outcome; a kill behind this loses nothing of it."""
        self._log.append(as_line(sample.key, outcome))

    def close(self, sandbox: dict[str, Any], *, whole: bool) -> None:
        """Write the ending of an evaluation that is through, wait for the disk and give the file back."""
        if whole:
            self._log.append(ending(sandbox))
        self._log.sync()
        self._log.close()


def _known(path: Path, heading: dict[str, Any], keys: set[Key]) -> dict[Key, SampleOutcome]:
    found: dict[Key, SampleOutcome] = {}
    for number, (_, record) in enumerate(whole_lines(path)[0], start=1):
        place = Place(str(path), line=number)
        if number == 1:
            check_heading(record, heading, place)
        else:
            add_outcome(found, record, place, keys)
    return found


def add_outcome(
    found: dict[Key, SampleOutcome], record: dict[str, Any], place: Place, keys: set[Key] | None = None
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


def read_shard(path: Path) -> tuple[dict[str, Any], dict[Key, SampleOutcome], dict[str, Any]]:
    """Heading, outcomes and sandbox of a file of outcomes that is through.

    Raises:
        DamagedArtifact: a line of it is none.
        UnusableInput: it is no such file, or its evaluation is not through.
    """
    lines, cut = whole_lines(path)
    records = [record for _, record in lines]
    if not records or records[0].get("format") != FORMAT:
        raise UnusableInput("no outcomes", at=path, mend="give what `specship eval humaneval --out` wrote")
    if cut or not records[-1].get(_ENDED):
        raise UnusableInput(
            "this evaluation is not through", at=path, mend="run it again with the same --out; it continues"
        )
    _check_form(records[0], _HEADING, Place(str(path), line=1))
    _check_form(records[-1].get("sandbox"), _SANDBOX, Place(str(path), line=len(records)))
    found: dict[Key, SampleOutcome] = {}
    for number, record in enumerate(records[1:-1], start=2):
        add_outcome(found, record, Place(str(path), line=number))
    return records[0], found, records[-1]["sandbox"]


def _check_form(record: Any, form: Mapping[str, Any], place: Place) -> None:
    values = record if isinstance(record, dict) else {}
    wrong = [name for name, kind in form.items() if not isinstance(values.get(name), kind)]
    shard = values.get("shard", [1, 1])
    whole = isinstance(shard, list) and len(shard) == 2 and all(type(number) is int for number in shard)
    if wrong or not whole or not 1 <= shard[0] <= shard[1]:
        raise DamagedArtifact(
            f"no outcomes: {', '.join(wrong) or 'the shard'} is missing or of another kind",
            at=place,
            mend="give what `specship eval humaneval --out` wrote",
        )


def check_heading(record: dict[str, Any], heading: dict[str, Any], place: Place) -> None:
    """Check that a file belongs to this evaluation.

    Raises:
        UnusableInput: it does not; with the first key that differs.
    """
    for key in sorted(heading.keys() | record.keys()):
        if record.get(key) != heading.get(key):
            raise UnusableInput(
                f"this file is of another evaluation: {key!r} differs",
                at=place,
                why="what was made under other files, limits or rules cannot be counted together",
                mend=_AGAIN,
            )
