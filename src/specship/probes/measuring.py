"""A probe's function, loaded and called: the one place where a measurement is taken.

Only a process that does nothing else comes here with code that is not ours.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from pathlib import Path

from specship.contracts.measurement import Measurement
from specship.errors import NotRecorded, UnusableInput
from specship.probes.probe import MARK, Artifact, Figures, Probe
from specship.probes.registry import OWN
from specship.project_code import load_source, source_only


def measure(probe: Probe, artifacts: Mapping[str, Artifact]) -> Measurement:
    """What a probe says of artifacts.

    Raises:
        UnusableInput: it is another probe once its file is run, or it answers with what it never declared.
        Exception: whatever the probe's own code raises.
    """
    function = _function(probe)
    try:
        figures = function(**{name: artifacts[name] for name in probe.artifacts})
    except NotRecorded as error:
        return probe.unrecorded(error)
    return probe.measurement(figures)


def _function(probe: Probe) -> Callable[..., Figures]:
    if probe.home is None:
        module = importlib.import_module(probe.module)
    elif probe.module.startswith(f"{OWN}."):
        source_only(probe.home, OWN)
        module = load_source(probe.path, OWN)
    else:
        source_only(probe.home)
        module = importlib.import_module(probe.module)
    function = getattr(module, probe.function, None)
    if getattr(function, MARK, None) != (probe.name, probe.checked, dict(probe.units)):
        raise UnusableInput(
            f"{probe.function} is not the probe {probe.name!r} once its file is run",
            at=Path(probe.path).name,
            why="what a file declares is read from its text, and that is the function that is called",
            mend="declare it once, above the function, and leave its name alone",
        )
    found: Callable[..., Figures] = function  # type: ignore[assignment]
    return found
