"""A stage of the project's own, run from its file: `own_stage FILE SETTINGS OUTPUT NEED=FOLDER...`.

It is a command like any other, started and watched by `running`; this is the program. The file is compiled
from the characters that lie there, and so is what it imports from its folder.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any, Final

from specship.errors import SpecshipError, UnusableInput
from specship.pipeline.stage import ProgressWriter, Stage, Work
from specship.project_code import load_source, source_only
from specship.specs.own_stages import PACKAGE

_FAILED: Final = 2


def main(arguments: list[str]) -> int:
    """0 when it ran; 2 with the error's text when it said that it cannot. Others end it as they come."""
    file, settings, output, *needs = arguments
    name, _, digest = file.partition("#")
    if digest:  # a module of an installed distribution
        module = importlib.import_module(name)
    else:
        path = Path(file).resolve()
        source_only(path.parent, PACKAGE)
        module = load_source(path, PACKAGE)
    stage, run = getattr(module, "STAGE", None), getattr(module, "run", None)
    try:
        if not isinstance(stage, Stage) or not callable(run):
            raise UnusableInput("it has no STAGE and `def run(work)` once it is run", at=file)
        checked: dict[str, Any] = {
            name: record.model_validate_json(settings) for name, record in stage.settings.items()
        }
        inputs = {name: Path(folder) for name, _, folder in (need.partition("=") for need in needs)}
        run(Work(checked, inputs, Path(output), ProgressWriter(sys.stdout)))
    except SpecshipError as error:
        sys.stderr.write(f"{error}\n")
        return _FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
