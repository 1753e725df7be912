"""specship decides, from evidence, whether a language model may ship.

    from specship import Artifact, Figures, probe

What a project's own probes, faults and scripts may use is named here, and nothing else is promised: modules
move, these names stay. Each is imported from its home when it is first asked for, so that `import specship`
costs nothing and brings no torch. `docs/api.md` is made from this table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from specship.contracts.judging import Verdict as Verdict
    from specship.contracts.measurement import Measurement as Measurement
    from specship.diagnose.diagnosing import Diagnosis as Diagnosis
    from specship.diagnose.opening import diagnose_run as diagnose_run
    from specship.errors import DamagedArtifact as DamagedArtifact
    from specship.errors import NotRecorded as NotRecorded
    from specship.errors import RequirementMissing as RequirementMissing
    from specship.errors import SpecshipError as SpecshipError
    from specship.errors import UnusableInput as UnusableInput
    from specship.faults.fault import Fault as Fault
    from specship.faults.fault import spoil as spoil
    from specship.pipeline.corpus.manifest import read_documents as read_documents
    from specship.pipeline.inference.open_model import open_model as open_model
    from specship.pipeline.run_logs.facts import Facts as Facts
    from specship.pipeline.run_logs.opening import read_facts as read_facts
    from specship.pipeline.stage import Settings as Settings
    from specship.pipeline.stage import Stage as Stage
    from specship.pipeline.stage import Work as Work
    from specship.probes.probe import Artifact as Artifact
    from specship.probes.probe import Figures as Figures
    from specship.probes.probe import probe as probe
    from specship.specs.project import Project as Project
    from specship.specs.project import load_project as load_project
    from specship.status.report import Report as Report
    from specship.suite.judging.report_building import build_report as build_report
    from specship.units import Quantity as Quantity

    __version__: str

PUBLIC: Final[dict[str, str]] = {
    # Write probes
    "probe": "specship.probes.probe",
    "Artifact": "specship.probes.probe",
    "Figures": "specship.probes.probe",
    "read_documents": "specship.pipeline.corpus.manifest",
    "open_model": "specship.pipeline.inference.open_model",
    "read_facts": "specship.pipeline.run_logs.opening",
    "Facts": "specship.pipeline.run_logs.facts",
    # Write faults
    "Fault": "specship.faults.fault",
    "spoil": "specship.faults.fault",
    # Describe stages
    "Stage": "specship.pipeline.stage",
    "Settings": "specship.pipeline.stage",
    "Work": "specship.pipeline.stage",
    # Ask from scripts
    "load_project": "specship.specs.project",
    "Project": "specship.specs.project",
    "build_report": "specship.suite.judging.report_building",
    "Report": "specship.status.report",
    "diagnose_run": "specship.diagnose.opening",
    "Diagnosis": "specship.diagnose.diagnosing",
    # Values and verdicts
    "Measurement": "specship.contracts.measurement",
    "Quantity": "specship.units",
    "Verdict": "specship.contracts.judging",
    # Errors
    "SpecshipError": "specship.errors",
    "UnusableInput": "specship.errors",
    "DamagedArtifact": "specship.errors",
    "RequirementMissing": "specship.errors",
    "NotRecorded": "specship.errors",
}
"""Each public name with the module that is its home; a digest of code follows it (`code_digests`)."""


def __getattr__(name: str) -> Any:
    """A public name, imported from its home now."""
    from importlib import import_module

    if name == "__version__":
        return import_module("specship.version").VERSION
    if name not in PUBLIC:
        from specship.errors import did_you_mean

        near = did_you_mean(name, PUBLIC)
        raise AttributeError(f"module 'specship' has no public name {name!r}" + (f"; {near}" if near else ""))
    value = getattr(import_module(PUBLIC[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *PUBLIC, "__version__"})
