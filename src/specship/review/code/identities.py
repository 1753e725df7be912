"""Digests of the code behind probes and faults of one side, as evidence and arming name them."""

from __future__ import annotations

from pathlib import PurePosixPath

from specship.code_digests import code_digest
from specship.errors import SpecshipError
from specship.faults.catalogue import fault_code, shipped_files
from specship.probes.registry import all_probes, folder_code
from specship.review.code.reading import SideCode


class Identities:
    """The probes and faults of one side by their digests."""

    def __init__(self, code: SideCode) -> None:
        self._side, self._code = code.side, code
        self._faults: dict[str, str] = {}
        self._probes: dict[str, str] = {}

    def artifacts(self, probe: str) -> tuple[str, ...]:
        """What a probe measures; nothing where nobody declares it."""
        declared = self._code.probes.get(probe) or all_probes().get(probe)
        return declared.artifacts if declared else ()

    def probe(self, name: str) -> str:
        """Digest of a probe's code; empty where nobody declares it."""
        if name not in self._probes:
            try:
                self._probes[name] = self._probe(name)
            except (
                SpecshipError,
                LookupError,
                ValueError,
            ):  # no Python, or none of ours: no evidence names it
                self._probes[name] = ""
        return self._probes[name]

    def _probe(self, name: str) -> str:
        declared = self._code.probes.get(name)
        if declared is not None and declared.path in self._code.probe_folder:
            return self._own(declared.path)
        if declared is not None:
            return self._code.reader.digest(f"specship.probes.{PurePosixPath(declared.path).stem}")
        return all_probes()[name].code if name in all_probes() else ""

    def stage(self, module: str) -> str:
        """Digest of the code of a stage, by its module: specship's own side has its own."""
        return self._code.reader.digest(module) if self._code.holds_ours else code_digest(module)

    def _own(self, path: str) -> str:
        """Digest of a probe of the project's folder; empty without a folder."""
        configuration = self._side.configuration
        if configuration is None or not configuration.probes:
            return ""
        self._code.lay_out(self._code.probe_folder)
        return folder_code(
            self._code.folder / self._side.inside(configuration.probes), self._code.folder / path
        )

    def fault(self, name: str) -> str:
        """Digest of a fault's file; empty where there is none."""
        if name not in self._faults:
            self._faults[name] = self._fault(name)
        return self._faults[name]

    def _fault(self, name: str) -> str:
        path = self._code.faults.get(name)
        if path is not None:
            self._code.lay_out([path])
        place = self._code.folder / path if path is not None else shipped_files().get(name)
        try:
            return fault_code(place) if place is not None else ""
        except SpecshipError:
            return ""
