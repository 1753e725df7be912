"""Everything that contracts and profiles can name, gathered from probes, stages and faults."""

from __future__ import annotations

from pathlib import Path

from specship.faults.catalogue import known_faults
from specship.pipeline.registry import all_stages
from specship.probes.registry import probes_in_force
from specship.specs.binding import Known, ProbeFacts
from specship.specs.project import Configuration
from specship.specs.records import BORROWED, Borrowed


def known_names(root: Path, configuration: Configuration) -> Known:
    """The names in force in a project.

    Raises:
        UnusableInput: a probe file of the project cannot be read, or two probes share a name.
    """
    probes = probes_in_force(root, configuration)
    stages = all_stages()
    return Known(
        probes={
            name: ProbeFacts(name, probe.units, probe.artifacts) for name, probe in sorted(probes.items())
        },
        stages=frozenset(stage.makes for stage in stages.values()),
        settings={
            BORROWED: Borrowed,
            **{name: record for stage in stages.values() for name, record in stage.settings.items()},
        },
        ways={stage.name: stage.makes for stage in stages.values() if stage.name != stage.makes},
        faults=known_faults(root / configuration.faults if configuration.faults else None),
    )
