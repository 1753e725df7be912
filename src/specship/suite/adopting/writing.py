"""The YAML of a project that adopts: written to be read and argued about."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import accumulate
from typing import Any, Final

from specship.contracts.expectation import Expectation
from specship.suite.adopting.adopted_kind import AdoptedCriterion
from specship.suite.adopting.proposing import MODEL, ProposedGate
from specship.suite.scaffold.naming import modeline
from specship.suite.scaffold.stamping import scalar

_WIDTH: Final = 100
_SUMMARY: Final = {
    "rehearsal": "The same model, measured while the limits are found.",
    "release": "The model that ships.",
}


Settings = Mapping[str, Mapping[str, Any]]
"""Values by section of a model's pipeline."""


class Numbered:
    """A criterion with its id, its share of 100, and its gates with theirs."""

    def __init__(self, identity: str, weight: int, criterion: AdoptedCriterion) -> None:
        self.id = identity
        self.weight = weight
        self.criterion = criterion
        self.gates: list[tuple[str, ProposedGate]] = []


def numbered(
    name: str, criteria: Sequence[tuple[AdoptedCriterion, Sequence[ProposedGate]]]
) -> list[Numbered]:
    """Ids in the order of writing, and weights that come to 100."""
    total = sum(criterion.weight for criterion, _ in criteria)
    ends = [round(100 * done / total) for done in accumulate(criterion.weight for criterion, _ in criteria)]
    found, number = [], 0
    for index, (criterion, gates) in enumerate(criteria):
        weight = ends[index] - (ends[index - 1] if index else 0)
        one = Numbered(f"AC-{name.upper()}-{index + 1:03d}", weight, criterion)
        for gate in gates:
            number += 1
            one.gates.append((f"GATE-{name.upper()}-{number:03d}", gate))
        found.append(one)
    return found


def project_files(
    name: str, settings: Settings, criteria: Sequence[Numbered], about: str, released: Settings | None = None
) -> Mapping[str, str]:
    """Path and text of every file, `pyproject.toml` and `.gitignore` apart.

    `released` are the settings of the release, where they are others.
    """
    spec = f"specs/{name}"
    files = {
        f"{spec}/spec.yaml": modeline("spec") + "\n".join(_spec(name, criteria, about)) + "\n",
        f"{spec}/profiles/rehearsal.yaml": modeline("profile")
        + "\n".join(_profile("rehearsal", settings))
        + "\n",
        f"{spec}/profiles/release.yaml": modeline("profile")
        + "\n".join(_profile("release", released or settings))
        + "\n",
        f"{spec}/amendments/0001-it-begins.yaml": modeline("amendment") + "\n".join(_amendment(about)) + "\n",
    }
    stages = dict.fromkeys(gate.gate.stage for one in criteria for _, gate in one.gates)
    for stage in stages:
        text = "\n".join(_contract(name, stage, criteria)) + "\n"
        files[f"contracts/{name}-{stage}-v1.yaml"] = modeline("contract") + text
    return files


def _spec(name: str, criteria: Sequence[Numbered], about: str) -> Iterator[str]:
    yield "# What must be true before it ships. The weights are shares of 100, and yours to argue about."
    yield f"spec_id: SPEC-{name.upper()}"
    yield f"title: {scalar('What must be true before ' + name + ' ships')}"
    yield "models:"
    yield f"  - id: {MODEL}"
    yield f"    title: {scalar(about)}"
    yield "    criteria:"
    for one in criteria:
        yield f"      - id: {one.id}"
        yield f"        statement: {scalar(one.criterion.statement)}"
        yield f"        weight: {one.weight}"
        yield f"        because: {scalar(one.criterion.because)}"
        yield "        effort: {gpu_hours: 0, person_hours: 1}"


def _profile(kind: str, settings: Settings) -> Iterator[str]:
    if kind == "release":
        yield "# The real thing: its evidence counts when a key of [tool.specship] trusted_keys signed it, on"
        yield "# files that are committed."
    else:
        yield "# Measured while you find the limits, on any machine, without a key. It never ships a model."
    yield f"profile: {kind}"
    yield f"kind: {kind}"
    yield f"summary: {_SUMMARY[kind]}"
    yield "pipeline:"
    yield f"  {MODEL}:"
    for section, values in settings.items():
        yield f"    {section}: {json.dumps(dict(values), ensure_ascii=False)}"


def _amendment(about: str) -> Iterator[str]:
    yield "# Every change of the spec is a file like this: size of the step, version its writer saw, why."
    yield "bump: major"
    yield "after: 0.0.0"
    yield f"why: {scalar('The spec begins with what was there: ' + about)}"
    yield "changes:"
    yield f"  - {{id: {MODEL}, what: It is judged from now on.}}"


def _contract(name: str, stage: str, criteria: Sequence[Numbered]) -> Iterator[str]:
    yield "# `pytest -m ship` runs each gate. Limits under `proposed` were read off the measurement: change"
    yield "# or mean them, then take the name out (`specship lint` says which are left)."
    yield f"contract_id: {name}-{stage}"
    yield "version: 1.0.0"
    yield f"stage: {stage}"
    yield f"summary: {scalar('What must be true of ' + name + ' at this stage, ' + stage + '.')}"
    yield "gates:"
    for one in criteria:
        for identity, gate in one.gates:
            if gate.gate.stage == stage:
                yield from _gate(identity, one.id, gate)


def _gate(identity: str, criterion: str, proposed: ProposedGate) -> Iterator[str]:
    gate = proposed.gate
    for line in _remarks(proposed):
        yield f"  # {line}".rstrip()
    yield f"  - id: {identity}"
    yield f"    rule: {scalar(gate.rule)}"
    yield f"    binds_to: [{criterion}]"
    yield "    ship_blocking: true"
    if not proposed.limits:
        return
    yield f"    probe: {gate.probe}"
    yield "    expect:"
    for quantity, expected in proposed.limits.items():
        yield f"      {quantity}: {_limit(expected)}"
    if proposed.proposed:
        yield f"    proposed: [{', '.join(proposed.proposed)}]"
    if proposed.faults:
        yield "    falsified_by:"
        for fault, fails in proposed.faults.items():
            yield f"      {fault}: [{', '.join(fails)}]"
    if proposed.excused:
        yield "    unfalsified:"
        for quantity, why in proposed.excused.items():
            yield f"      {quantity}: {scalar(why)}"


def _remarks(proposed: ProposedGate) -> Iterator[str]:
    if proposed.why_not:
        yield from textwrap.wrap(
            f"TODO: {proposed.gate.probe} cannot measure this here; the gate is worth nothing until something"
            f" can: {proposed.why_not}",
            _WIDTH,
        )
    elif proposed.left:
        waiting = ", ".join(proposed.left)
        yield from textwrap.wrap(f"TODO: not measured yet, and without a limit: {waiting}.", _WIDTH)
    elif not proposed.limits:
        yield "TODO: this gate is UNBOUND, and worth nothing, until somebody measures it."
        yield from proposed.gate.hint


def _limit(expected: Expectation) -> str:
    value = expected.limit
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
    if isinstance(value, float) and "e" in text:  # readers of YAML disagree about 1e-09
        text = format(Decimal(text), "f")
    sure = "" if expected.confidence is None else f", confidence: {expected.confidence!r}"
    sure += f", count: {expected.count}" if expected.count else ""
    sure += f", error: {expected.error}" if expected.error else ""
    return f"{{{expected.operator}: {text}, unit: {expected.unit}{sure}}}"
