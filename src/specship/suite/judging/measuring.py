"""The process that measures: it gets artifacts and a probe's declaration, and answers with plain figures.

It judges nothing and signs nothing; whoever asked does (`judge`). So code that takes this process over has
figures in its hands, which were its own to give, and no verdict. Specship's own probes are measured one after
the other, where the artifacts lie. Any other probe has a process to itself, private copies, and a fence.

One JSON line in for each measurement. One line out: `measured`, `failed`, or `refused` by the fence.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import traceback
from pathlib import Path
from typing import Any

from specship.errors import SpecshipError
from specship.garbage import none_at_the_end
from specship.probes.measuring import measure
from specship.probes.probe import Artifact, Probe
from specship.suite.judging.fence import Openable, put_up


def _probe(declared: dict[str, Any]) -> Probe:
    return Probe(
        name=declared["name"], units=declared["units"], checked=declared["checked"],
        artifacts=tuple(declared["artifacts"]), function=declared["function"], module=declared["module"],
        path=Path(declared["path"]), text="", home=Path(declared["home"]) if declared["home"] else None,
        coded=lambda: "",
    )  # fmt: skip


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    probe = _probe(request["probe"])
    artifacts = {
        name: Artifact(name, Path(about["path"]), about["digest"])
        for name, about in request["artifacts"].items()
    }
    try:
        found = measure(probe, artifacts)
    except SpecshipError as error:
        return {"event": "failed", "reason": str(error)}
    except Exception as error:  # noqa: BLE001 - a probe's defect is an ERROR verdict, never a crash
        traceback.print_exc()
        return {"event": "failed", "reason": f"{probe.name}: {type(error).__name__}: {error}"}
    figures = {name: quantity.value for name, quantity in found.quantities.items()}
    return {
        "event": "measured", "figures": figures, "notes": list(found.notes), "lacking": dict(found.lacking)
    }  # fmt: skip


def main() -> int:
    """Serve on standard input and output; whatever libraries print goes to standard error."""
    none_at_the_end()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.dont_write_bytecode = True  # a compiled file beside a probe is neither digested nor ever asked
    answers = os.dup(1)
    os.dup2(2, 1)
    try:
        for line in sys.stdin:
            request = json.loads(line)
            if fence := request["fence"]:
                read = tuple(map(Path, fence["read"]))
                put_up(Openable(read, Path(fence["write"]), Path(fence["never"])), answers)
            os.write(answers, f"{json.dumps(_answer(request))}\n".encode())
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
