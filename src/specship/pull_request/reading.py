"""Head as every verb would read it: names that bind to nothing, and what lint finds. Nothing is imported."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from specship.contracts.document import in_order
from specship.contracts.reader import ContractFile
from specship.evidence.flip_rates import FOLDER, repeated_figures
from specship.faults.catalogue import known_faults, planted_faults
from specship.lint.finding import Finding
from specship.lint.running import rule_findings
from specship.lint.silencing import RuleChoice, check_codes
from specship.lint.untrained import read_untrained
from specship.lint.view import View
from specship.probes.registry import all_probes
from specship.review.code.reading import SideCode
from specship.review.sides import ProjectSide, located
from specship.specs.binding import Known, ProbeFacts, gates_of
from specship.specs.waivers import WaiverFile, waiver_faults
from specship.suite.plan.plan import binding_faults
from specship.suite.plan.vocabulary import known_with

_PRIVATE: Final = "lint"


def lint_of(
    side: ProjectSide,
    code: SideCode,
    contracts: Mapping[str, ContractFile],
    waivers: Mapping[str, WaiverFile],
) -> tuple[Finding, ...]:
    """What the rules find in a side, by place.

    Raises:
        UnusableInput: a name binds to nothing, or the settings of lint name what is not there.
    """
    if side.spec is None or side.configuration is None:
        return ()
    known = _known(code)
    documents = [file.document for file in contracts.values()]
    gates = {str(gate.get("id")): gate for document in documents for gate in gates_of(document)}
    faults = [
        *binding_faults(documents, side.spec, known, side.spec.profiles),
        *waiver_faults(waivers.values(), gates),
    ]
    if faults:
        raise located(in_order(faults), side.tree, side.place)
    choice = RuleChoice(side.configuration.lint)
    check_codes(choice)
    found, _, _ = rule_findings(_view(side, contracts, waivers, known), choice, lambda _: True)
    return tuple(sorted(found, key=lambda finding: finding.order))


def _known(code: SideCode) -> Known:
    """Everything that a side can name: what comes with specship, and what its own files declare."""
    ours = {name: ProbeFacts(name, found.units, found.artifacts) for name, found in all_probes().items()}
    own = {name: ProbeFacts(name, found.units, found.artifacts) for name, found in code.probes.items()}
    return known_with(dict(sorted((ours | own).items())), known_faults(None) | code.faults.keys())


def _view(
    side: ProjectSide, contracts: Mapping[str, ContractFile], waivers: Mapping[str, WaiverFile], known: Known
) -> View:
    assert side.configuration is not None  # noqa: S101 - whoever has no settings is not asked
    shown, folder = side.configuration.lint.untrained, side.configuration.faults
    top = side.tree.repository.private(_PRIVATE)
    wanted = [side.inside(shown)] if shown else []
    if folder:
        home = side.inside(folder)
        wanted += [posixpath.join(home, name) for name in side.tree.names(home) if name.endswith(".py")]
    records = side.inside(f"evidence/{FOLDER}")
    wanted += [posixpath.join(records, name) for name in side.tree.names(records)]
    for path, data in side.tree.read(wanted).items():
        place = top / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    untrained = read_untrained(top / side.inside(shown), shown=shown) if shown else {}
    own = top / side.inside(folder) if folder else None
    planted = planted_faults(own if own and own.is_dir() else None)
    day = datetime.now(UTC).date()
    files = tuple(contracts.values())
    repeated = repeated_figures(top / records)
    return View(files, side.spec, known, untrained, planted, True, tuple(waivers.values()), day, repeated)
