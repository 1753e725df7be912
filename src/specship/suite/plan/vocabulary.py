"""Everything that contracts and profiles can name, gathered from probes, stages and faults."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from specship.faults.catalogue import known_faults
from specship.pipeline.registry import SEVERAL, all_sections, all_stages
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
    faults = known_faults(root / configuration.faults if configuration.faults else None)
    facts = {name: ProbeFacts(name, probe.units, probe.artifacts) for name, probe in sorted(probes.items())}
    return known_with(facts, faults)


def known_with(probes: Mapping[str, ProbeFacts], faults: frozenset[str]) -> Known:
    """Some probes and faults, and everything of the pipeline that can be named."""
    stages = all_stages()
    return Known(
        probes=probes,
        stages=frozenset(stage.makes for stage in stages.values()),
        settings={BORROWED: Borrowed, **all_sections()},
        several=SEVERAL,
        ways={stage.name: stage.makes for stage in stages.values() if stage.name != stage.makes},
        faults=faults,
    )
