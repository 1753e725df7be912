"""Child process of one stage with a fault planted in it; nothing that counts is ever made here.

The request is that of `specship.pipeline` with `fault`: the fault's name, the folder of the project's own
ones, and the finished artifact that a fault of bytes is planted in a copy of. What runs a stage for a
verdict that counts does not import this package.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from specship.errors import StageFailed
from specship.faults.catalogue import DeclaredFault, planting, read_fault
from specship.faults.fault import unreached
from specship.files import write_errors
from specship.pipeline.__main__ import main, run_requested
from specship.pipeline.run_logs.facts_file import write_facts
from specship.pipeline.run_logs.opening import read_facts


def perform(request: Mapping[str, Any], report: Callable[..., None]) -> None:
    """Plant the fault, and run the stage or spoil a copy of what it made.

    Raises:
        SpecshipError: the stage says so, or the fault could not be planted.
        StageFailed: the fault was planted and nothing ever reached it, or a log cannot show it.
    """
    about = request["fault"]
    declared = read_fault(about["name"], Path(about["folder"]) if about["folder"] else None)
    if about.get("in_log"):
        _alter_log(declared, Path(about["clean"]), Path(request["output"]))
        return
    plant = planting(declared)
    if plant is not None and declared.plants:
        _spoil_copy(plant, Path(about["clean"]), Path(request["output"]))
        return
    if plant is not None:
        plant()
    run_requested(request, report)
    if missed := unreached():
        raise StageFailed(
            f"{declared.name} replaced {', '.join(missed)}, which the stage {request['stage']} never called",
            why="a fault that nothing reaches shows nothing",
            mend="bring the fault up to date with the pipeline",
        )


def _alter_log(declared: DeclaredFault, clean: Path, output: Path) -> None:
    """A copy of a received run with the facts under which the fault would have left it."""
    alter = planting(declared, in_log=True)
    if alter is None:
        raise StageFailed(
            f"{declared.name} does not say how a log shows it",
            at=declared.path,
            mend="write `def alter(facts)` into its file, or name another fault for a run of another program",
        )
    facts, _ = read_facts(clean)
    altered = alter(facts)
    if altered == facts:
        raise StageFailed(
            f"the fault {declared.name} changes nothing that this run recorded",
            why="what it would spoil was not logged, or was wrong already",
            mend="name a fault in `falsified_by` that spoils something the run logged",
        )
    _spoil_copy(lambda folder: write_facts(folder, altered), clean, output)


def _spoil_copy(plant: Callable[[Path], None], clean: Path, output: Path) -> None:
    with write_errors(output):
        shutil.rmtree(output, ignore_errors=True)
        shutil.copytree(clean, output)
    plant(output)


if __name__ == "__main__":
    sys.exit(main(perform))
