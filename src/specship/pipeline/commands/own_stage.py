"""A stage of the project's own, run from its file: `own_stage FILE SETTINGS OUTPUT NEED=FOLDER...`.

It is a command like any other, started and watched by `running`; this is the program. The file is compiled
from the characters that lie there, and so is what it imports from its folder. What it says that it lacks goes
through a file of its output to whoever started it: only so is a requirement told from a defect.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any, Final

from specship.errors import RequirementMissing, SpecshipError, UnusableInput
from specship.pipeline.stage import ProgressWriter, Stage, Work
from specship.project_code import load_source, source_only
from specship.specs.own_stages import PACKAGE

LACKING: Final = 69
"""Exit status of a stage that lacks something on this machine: EX_UNAVAILABLE of sysexits.h."""
LACKED: Final = ".lacking.json"
"""The file of the output that says what."""
_FAILED: Final = 2


def main(arguments: list[str]) -> int:
    """0 when it ran; `LACKING`, or 2 with the error's text, when it cannot; others as they come."""
    file, settings, output, *needs = arguments
    name, _, digest = file.partition("#")
    try:
        if digest:  # a module of an installed distribution
            module = importlib.import_module(name)
        else:
            path = Path(file).resolve()
            source_only(path.parent, PACKAGE)
            module = load_source(path, PACKAGE)
        stage, run = getattr(module, "STAGE", None), getattr(module, "run", None)
        if not isinstance(stage, Stage) or not callable(run):
            raise UnusableInput(
                "it has no STAGE and `def run(work)` once it is run",
                at=file,
                mend="declare both at the top level of the file, and leave their names alone",
            )
        checked: dict[str, Any] = {
            name: record.model_validate_json(settings) for name, record in stage.settings.items()
        }
        inputs = {name: Path(folder) for name, _, folder in (need.partition("=") for need in needs)}
        run(Work(checked, inputs, Path(output), ProgressWriter(sys.stdout)))
    except (RequirementMissing, ModuleNotFoundError) as error:
        return _lacks(error, Path(output))
    except SpecshipError as error:
        sys.stderr.write(f"{error}\n")
        return _FAILED
    return 0


def _lacks(error: RequirementMissing | ModuleNotFoundError, output: Path) -> int:
    """Say what is lacking; a module that is none of the stage's own is a package that is not installed."""
    if isinstance(error, ModuleNotFoundError):
        name = str(error.name)
        if name.partition(".")[0] == PACKAGE or name.partition(".")[0] == "specship":
            raise error
        error = RequirementMissing(f"the package {name} is not installed", mend=f"pip install {name}")
    said = {"message": error.message, "at": str(error.at or ""), "why": error.why, "mend": error.mend}
    (output / LACKED).write_text(json.dumps(said), encoding="utf-8")
    return LACKING


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
