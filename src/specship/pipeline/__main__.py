"""Child process of one stage: a request as JSON on standard input, events as JSON lines on output.

The last event says how it ended: `done` with every file that was made and its digest, `blocked` (a
requirement is missing) or `failed`, these two with the error's place, cause and mend. Everything else a
library prints goes to the log, because standard output belongs to the protocol.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TextIO

from specship.errors import RequirementMissing, SpecshipError
from specship.evidence.artifact_record import list_files
from specship.garbage import none_at_the_end
from specship.pipeline.registry import run_stage, stage_alone
from specship.pipeline.stage import ProgressWriter

_PR_SET_PDEATHSIG = 1


def _claim_stdout() -> TextIO:
    """Keep the protocol's stream and send every other print, of C libraries too, to the log."""
    protocol = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)
    return protocol


def _die_with_the_parent() -> None:
    """Ask the kernel for SIGTERM when the process that wants this stage is gone (Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _ending(error: SpecshipError) -> dict[str, Any]:
    return {
        "event": "blocked" if isinstance(error, RequirementMissing) else "failed",
        "message": error.message,
        "at": str(error.at or ""),
        "why": error.why,
        "mend": error.mend,
    }


def _not_installed(error: ModuleNotFoundError) -> RequirementMissing:
    return RequirementMissing(
        f"the package {error.name} is not installed",
        why="the light installation checks and reports; the pipeline needs more",
        mend="pip install 'specship[pipeline]'",
    )


def run_requested(request: Mapping[str, Any], report: Callable[..., None]) -> None:
    """Run the stage that a request names.

    Raises:
        SpecshipError: the settings, an input or the machine do not allow it.
    """
    inputs = {name: Path(path) for name, path in request["inputs"].items()}
    stage = stage_alone(request["stage"], request["settings"])
    run_stage(stage, request["settings"], inputs, Path(request["output"]), report)


def main(perform: Callable[[Mapping[str, Any], Callable[..., None]], None] = run_requested) -> int:
    """Do what is requested; 0 when it is done, 2 when it could not be, 130 on Ctrl-C."""
    _die_with_the_parent()
    none_at_the_end()
    request = json.load(sys.stdin)
    protocol = _claim_stdout()
    try:
        perform(request, ProgressWriter(protocol))
        made = [file.model_dump() for file in list_files(Path(request["output"]))]
    except SpecshipError as error:
        print(json.dumps(_ending(error)), file=protocol, flush=True)
        return 2
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except ModuleNotFoundError as error:
        if str(error.name).partition(".")[0] == "specship":
            raise
        print(json.dumps(_ending(_not_installed(error))), file=protocol, flush=True)
        return 2
    except Exception as error:  # noqa: BLE001 - a defect of the stage must reach the parent with its text
        traceback.print_exc()
        ending = {
            "event": "failed",
            "message": f"{type(error).__name__}: {error}",
            "at": "",
            "why": "",
            "mend": "",
        }
        print(json.dumps(ending), file=protocol, flush=True)
        return 3
    print(json.dumps({"event": "done", "files": made}), file=protocol, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
