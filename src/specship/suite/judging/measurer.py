"""Has probes measured in processes of their own, and takes plain figures from there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from specship.contracts.measurement import Measurement
from specship.errors import NotRecorded, UnusableInput
from specship.evidence.artifact_record import ArtifactRecord, artifact_digest, list_files
from specship.probes.probe import Probe
from specship.probes.registry import OWN, readable
from specship.suite.judging.line_process import LineProcess
from specship.suite.judging.private_copies import PrivateCopies

_MODULE: Final = "specship.suite.judging.measuring"
_CALLED: Final = "the process that measured"
_WHY: Final = "what a verdict rests on is hashed: artifacts, and the code beside the probe"


@dataclass(slots=True)
class Measurer:
    """Who measures for one judge's process."""

    root: Path
    """The project."""
    inherit: tuple[str, ...] = ()
    """Variables that the project lets through."""
    _ours: LineProcess | None = None
    """Measures with specship's own probes, and has their libraries loaded."""
    _copies: PrivateCopies = field(init=False)

    def __post_init__(self) -> None:
        self._copies = PrivateCopies(self.root)

    def measure(self, probe: Probe, artifacts: Mapping[str, tuple[Path, ArtifactRecord]]) -> Measurement:
        """What a probe says of artifacts whose bytes are those of their manifests, before and after.

        Raises:
            UnusableInput: it could not measure, answered with what it did not declare, reached for what is
                not its own, or the bytes changed meanwhile.
            EOFError: the process that measured died; the text says how.
            DamagedArtifact: a copy is not what its manifest says.
            CannotWrite: there is no room for the copies.
        """
        if probe.home is None:
            return self._by_ours(probe, artifacts)
        at = self._copies.lay_out(artifacts)
        try:
            answer = self._alone(probe, at, artifacts)
        finally:
            changed = self._copies.take_back(artifacts)
        return _measurement(probe, answer, changed)

    def _by_ours(self, probe: Probe, artifacts: Mapping[str, tuple[Path, ArtifactRecord]]) -> Measurement:
        if self._ours is None:
            self._ours = LineProcess(
                _MODULE, folder=self.root, called=_CALLED, own_session=False, inherit=self.inherit
            )
        places = {name: path for name, (path, _) in artifacts.items()}
        try:
            self._ours.say(_request(probe, places, artifacts, None))
            answer = self._ours.hear()
        except BaseException:
            self.close()
            raise
        changed = [
            name
            for name, (path, record) in artifacts.items()
            if artifact_digest(record.makes, list_files(path), record.ingredients.inputs) != record.digest
        ]
        return _measurement(probe, answer, changed)

    def _alone(
        self, probe: Probe, at: Path, artifacts: Mapping[str, tuple[Path, ArtifactRecord]]
    ) -> dict[str, Any]:
        """Ask a process that is for this measurement alone, so that it remembers no other one."""
        assert probe.home is not None  # noqa: S101 - who has none is measured with by ours
        scratch = self._copies.scratch()
        places = {name: at / name for name in artifacts}
        if probe.module.startswith(f"{OWN}."):  # of the project's folder it gets what its digest covers
            home = self._copies.code(readable(probe))
            probe = replace(probe, home=home, path=home / probe.path.relative_to(probe.home))
        fence = {
            "read": [str(path) for path in (at, probe.home)],
            "write": str(scratch),
            "never": str(self.root / ".specship"),
        }
        more = {"HOME": str(scratch), "TMPDIR": str(scratch)}
        child = LineProcess(
            _MODULE, folder=at, called=_CALLED, own_session=False, inherit=self.inherit, environment=more
        )
        try:
            child.say(_request(probe, places, artifacts, fence))
            return child.hear()
        finally:
            child.close()

    def close(self) -> None:
        """End what measures, and take the copies away."""
        if self._ours is not None:
            self._ours.close()
            self._ours = None
        self._copies.close()


def _request(
    probe: Probe,
    places: Mapping[str, Path],
    artifacts: Mapping[str, tuple[Path, ArtifactRecord]],
    fence: Mapping[str, Any] | None,
) -> dict[str, Any]:
    declared = {
        "name": probe.name, "units": dict(probe.units), "checked": probe.checked, "path": str(probe.path),
        "artifacts": probe.artifacts, "function": probe.function, "module": probe.module,
        "home": str(probe.home) if probe.home else "",
    }  # fmt: skip
    digests = {name: record.digest for name, (_, record) in artifacts.items()}
    about = {name: {"path": str(path), "digest": digests[name]} for name, path in places.items()}
    return {"probe": declared, "artifacts": about, "fence": fence}


def _measurement(
    probe: Probe, answer: Mapping[str, Any], changed: tuple[str, ...] | list[str]
) -> Measurement:
    """The figures of an answer, in the units that the probe declares.

    Raises:
        UnusableInput: there are none, or they do not count.
    """
    if answer.get("event") == "refused":
        mend = "keep what it needs in the folder of the probes, or make an artifact of it"
        raise UnusableInput(f"{probe.name} was stopped: {answer.get('what')}", why=_WHY, mend=mend)
    if changed:
        raise UnusableInput(
            f"{', '.join(changed)} changed while it was measured",
            mend="leave the artifacts alone while they are measured, and measure again",
        )
    if answer.get("event") != "measured":
        raise UnusableInput(str(answer.get("reason", "it gave no answer")))
    figures, notes, lacking = answer.get("figures"), answer.get("notes"), answer.get("lacking")
    if not (isinstance(figures, dict) and isinstance(notes, list) and isinstance(lacking, dict)):
        raise UnusableInput(
            "it gave no figures", mend="have the probe return a dictionary from quantity to value"
        )
    unrecorded = {name: NotRecorded(str(text)) for name, text in lacking.items()}
    return probe.measurement({**figures, **unrecorded, "notes": [str(note) for note in notes]})
