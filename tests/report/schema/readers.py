"""What the readers say of the bytes of a document of any kind, names of settings included."""

from typing import Final

from specship.contracts.building import build
from specship.contracts.document import Document, document_of
from specship.contracts.reader import contract_of
from specship.errors import UnreadableDocument, UnusableInput
from specship.report.schema.settings import sections
from specship.specs.binding import Known, profile_faults
from specship.specs.records import Amendment, Profile, Spec
from specship.specs.waivers import waiver_of


def faults_of(kind: str, data: bytes, name: str) -> list[UnusableInput]:
    """Every fault of a document; none when it can be used. Anything else that is raised is a defect."""
    try:
        document = document_of(data, name)
        if kind == "contract":
            return contract_of(document, file_name=name)[1]
        if kind == "waiver":
            return waiver_of(document)[1]
        if kind == "profile":
            return _settings_faults(document, build(document, Profile))
        build(document, Spec if kind == "spec" else Amendment)
    except UnreadableDocument as error:
        return list(error.faults)
    except UnusableInput as error:
        return [error]
    return []


_OF_OTHER_PLACES: Final = {"SHIP306", "SHIP308", "SHIP316"}
"""What is borrowed, and from whom: a schema sees one place at a time."""


def _settings_faults(document: Document, profile: Profile) -> list[UnusableInput]:
    """Sections and settings that no stage reads; every gate, artifact and lender that is named counts as known."""
    known = Known(probes={}, stages=frozenset(), settings=sections(), faults=frozenset())
    gates = {
        identity: {"expect": dict.fromkeys(it.drop) | {"kept": None}}
        for identity, it in profile.overrides.items()
    }
    found = profile_faults(profile, document, known, gates)
    return [fault for fault in found if fault.code not in _OF_OTHER_PLACES]
