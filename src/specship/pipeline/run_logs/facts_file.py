"""Facts written down and read again: how a fault leaves a run whose own format it need not know.

NaN and infinity stand in it as JSON readers of Python know them, since logs of sick runs hold both.
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from specship.bounds import JSON_REPORT_BYTES
from specship.errors import DamagedArtifact
from specship.files import write_file
from specship.pipeline.run_logs.facts import OURS, TRAINER, Facts
from specship.pipeline.run_logs.log_format import all_formats
from specship.strict_json import read_bytes

FACTS: Final = "specship-facts.json"
_FORMAT: Final = "specship-facts/1"


def write_facts(folder: Path, facts: Facts) -> None:
    """Leave the facts in a folder; whoever reads the run from there gets them, whatever else lies beside.

    Raises:
        CannotWrite: the disk is full or refuses.
    """
    document = {"format": _FORMAT, "facts": asdict(facts)}
    write_file(folder / FACTS, json.dumps(document, default=sorted) + "\n")


def read_written_facts(path: Path) -> Facts:
    """The facts of such a file.

    Raises:
        DamagedArtifact: it holds none.
    """
    try:
        document: Any = json.loads(read_bytes(path, JSON_REPORT_BYTES))
        if not isinstance(document, dict) or document.get("format") != _FORMAT:
            raise ValueError(f"its format is not {_FORMAT}")
        facts = TypeAdapter(Facts).validate_python(document.get("facts"))
        if facts.kind not in {OURS, TRAINER, *all_formats()}:
            raise ValueError(f"no kind of run is called {facts.kind!r:.40}")
    except (ValidationError, ValueError, RecursionError) as error:
        raise DamagedArtifact(f"no facts of a run: {str(error).splitlines()[0]}", at=path) from error
    events = None if facts.events is None else tuple(facts.events)
    return replace(facts, steps=tuple(facts.steps), evaluations=tuple(facts.evaluations), events=events)
