"""A contract as a pytest module that a person can read: from checks to text, and back to what it must say.

Pure and repeatable: the same contract at the same profile gives the same bytes, without a time or a path
of this machine. `specship.report.compiled` is what such a module imports when it runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from specship.contracts.digest import limit_meaning
from specship.contracts.expectation import Expectation
from specship.contracts.reader import ContractFile
from specship.contracts.records import Gate
from specship.digests import digest_of
from specship.status.report import GateReport
from specship.suite.compile.python_text import WIDTH, Name, call, comment, docstring, prose
from specship.suite.plan.plan import Check, Plan

_MARK: Final = "Written by `specship compile` from"
_IMPORTS: Final = """

import pytest

from specship.report.compiled import CompiledContract, CompiledGate
"""
_ADVICE: Final = (
    "Do not edit it: change the contract or the profile, and compile again. `specship compile --check` fails "
    "while this file is out of date, and so does every test whose facts are not those in force."
)
_NAMING: Final = '''

def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give each test the node id and the marks that the plugin of specship would give it."""
    contract.name_tests(metafunc)
'''
_ENDING: Final = """

# An id such as GATE-A-001 is no name in Python, so the tests are put under theirs here.
globals().update(contract.tests(pytest))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedGate:
    """What a compiled module says of one gate, but for its limits."""

    id: str
    model: str
    criteria: tuple[str, ...]
    blocking: bool
    probe: str | None
    device: str | None
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenGate(StatedGate):
    """What a compiled module says of one gate: facts that must be those in force when it runs."""

    expect: Mapping[str, Expectation]

    def differences(self, in_force: WrittenGate) -> list[str]:
        """What differs from the gate in force, in words; nothing when the module is up to date."""
        words = [field.name for field in fields(StatedGate) if field.name != "id"]
        found = [
            f"{word}: the module says {getattr(self, word)!r}, in force is {getattr(in_force, word)!r}"
            for word in words
            if getattr(self, word) != getattr(in_force, word)
        ]
        for quantity in {**self.expect, **in_force.expect}:
            here, there = self.expect.get(quantity), in_force.expect.get(quantity)
            if _meaning(here) != _meaning(there):
                found.append(f"{quantity}: the module says {_limit(here)}, in force is {_limit(there)}")
        return found

    def contradictions(self, known: GateReport) -> list[str]:
        """Limits of the module that a passing measurement does not meet; judged here once more."""
        measured = {entry.quantity: entry for entry in known.measured}
        if known.verdict != "PASS":
            return []
        return [
            f"{quantity}: measured {entry.figure if entry else 'nothing'}, the module says {limit.limit_text}"
            for quantity, limit in self.expect.items()
            if (entry := measured.get(quantity)) is None or not limit.holds(entry.figure, entry.known_by)
        ]


def _meaning(expectation: Expectation | None) -> str:
    """A limit by its digest, which keeps 1, 1.0 and True apart."""
    return digest_of([limit_meaning(expectation), expectation.limit]) if expectation else ""


def _limit(expectation: Expectation | None) -> str:
    return expectation.limit_text if expectation else "nothing"


def written_gate(check: Check) -> WrittenGate:
    """What a module compiled today would say of a check."""
    gate = check.gate
    return WrittenGate(
        id=gate.id,
        model=check.model.id,
        criteria=gate.binds_to,
        blocking=gate.ship_blocking,
        probe=gate.probe,
        device=gate.requires.device,
        faults=tuple(gate.faults),
        expect=gate.expect,
    )


def module_name(file: ContractFile) -> str:
    """The file name of a contract's module: `test_ID_vMAJOR.py`."""
    return f"test_{file.contract.file_name.removesuffix('.yaml').replace('-', '_')}.py"


def is_compiled(text: str) -> bool:
    """Whether a text was written by `specship compile`; no other file is ever replaced or removed."""
    return text.startswith('"""') and any(line.startswith(_MARK) for line in text.splitlines()[:6])


def module_text(plan: Plan, file: ContractFile) -> str:
    """The module that a contract compiles to at the plan's profile."""
    checks = {check.gate.id: check for check in plan.checks if check.file.path == file.path}
    parts = ["\n".join(_header(plan, file)), _IMPORTS, "\n".join(_contract(plan, file)), _NAMING]
    for gate in file.contract.gates:
        check = checks.get(gate.id)
        lines = _gate(plan, gate, check) if check else _unbound_to_criteria(gate)
        parts.append("\n\n" + "\n".join(lines) + "\n")
    return "".join([*parts, _ENDING])


def _header(plan: Plan, file: ContractFile) -> Iterable[str]:
    contract, profile = file.contract, plan.profile.profile
    digest = digest_of(contract.model_dump(mode="json", exclude_none=True))
    yield from docstring((
        f"{contract.contract_id} {contract.version} as tests: {contract.summary}",
        f"{_MARK} {file.path} at profile {profile}. {_ADVICE}",
        "Run it with pytest. The plugin of specship is not needed; verdicts come from the same evidence.",
        f"Contract digest: sha256:{digest}",
    ))  # fmt: skip


def _contract(plan: Plan, file: ContractFile) -> Iterable[str]:
    facts = [("source", file.path), ("stage", file.contract.stage), ("profile", plan.profile.profile)]
    lines = call("contract = CompiledContract", [("", Name("__file__")), *facts])
    yield ""
    yield from lines
    yield ""


def _gate(plan: Plan, gate: Gate, check: Check) -> Iterable[str]:
    """A gate as a function; `gate` is the contract's own, `check.gate` the one in force."""
    facts: list[tuple[str, Any]] = [
        ("", gate.id),
        ("model", check.model.id),
        ("criteria", gate.binds_to),
        ("blocking", gate.ship_blocking),
        ("probe", gate.probe),
        ("device", check.gate.requires.device),
        ("faults", tuple(gate.faults)),
    ]
    yield from call("@contract.gate", facts, open_out=True)
    yield f"def {gate.id.lower().replace('-', '_')}(gate: CompiledGate) -> None:"
    yield from docstring([gate.rule], depth=1)
    for remark in _remarks(plan, gate, check):
        yield from comment(remark, depth=1)
    for quantity, limit in check.gate.expect.items():
        yield from _expect(quantity, limit, gate.expect.get(quantity))


def _remarks(plan: Plan, gate: Gate, check: Check) -> Iterable[str]:
    profile, override = plan.profile, check.override
    if gate.source:
        yield f"Taken from {gate.source}"
    for criterion in gate.binds_to:
        if reason := profile.not_judged.get(criterion):
            yield f"{criterion} is not judged at profile {profile.profile}: {reason}"
    if gate.probe is None:
        yield "UNBOUND: nobody has said yet how to measure it, so it is skipped and counts for nothing."
    if override is None:
        return
    yield f"Profile {profile.profile}: {override.reason}"
    if gate.requires != check.gate.requires:
        yield f"device: the contract requires {gate.requires.device or 'none'}"
    for quantity in gate.expect:
        if quantity not in check.gate.expect:
            yield f"{quantity}: the contract says {gate.expect[quantity].limit_text}, the profile drops it"


def _expect(quantity: str, limit: Expectation, contract: Expectation | None) -> list[str]:
    """One limit; where the profile replaced the contract's, with what the contract says."""
    facts = [("", quantity), (limit.operator, limit.limit), ("unit", limit.unit)]
    if limit.confidence is not None:
        facts += [("confidence", limit.confidence), ("error" if limit.error else "count", limit.beside)]
    lines = call("gate.expect", facts, depth=1)
    if contract == limit:
        return lines
    said = f"the contract says {contract.limit_text}" if contract else "the contract sets no limit"
    remark = comment(said)
    if len(lines) == len(remark) == 1 and len(lines[0]) + 2 + len(remark[0]) <= WIDTH:
        return [f"{lines[0]}  {remark[0]}"]
    return [*comment(said, depth=1), *lines]


def _unbound_to_criteria(gate: Gate) -> list[str]:
    return comment(f"{gate.id} speaks for no criterion and is no test: {prose(gate.rule)}")
