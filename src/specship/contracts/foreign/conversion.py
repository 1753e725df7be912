"""A foreign contract as one of ours: each rule a gate, bound or UNBOUND, with the reason."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from specship.contracts.foreign import heading
from specship.contracts.foreign.binding import Binding, Unbound, Units, bind
from specship.contracts.foreign.emitting import contract_yaml
from specship.contracts.foreign.rules import ForeignRule, find_rules
from specship.contracts.foreign.tree import Node, read_tree
from specship.contracts.foreign.words import one_line, shortened
from specship.contracts.reader import read_contract
from specship.contracts.records import Contract, CriterionId, Gate, GateId, Reference
from specship.errors import UnusableInput

MOST_RULES: Final = 1_000
"""Gates of a contract; more would not be read by people."""
_LONGEST_RULE: Final = 1_000
_GATE_ID: Final[TypeAdapter[str]] = TypeAdapter(GateId)
_CRITERION_ID: Final[TypeAdapter[str]] = TypeAdapter(CriterionId)


@dataclass(frozen=True, slots=True)
class Converted:
    """One rule of theirs and the gate it became."""

    rule: ForeignRule
    gate: Gate
    why: str
    """Why it is not bound; empty when it is."""


@dataclass(frozen=True, slots=True)
class Conversion:
    """A contract in our format, its text, and what became of each rule."""

    contract: Contract
    text: str
    rules: tuple[Converted, ...]

    @property
    def bound(self) -> int:
        """Rules that a probe measures."""
        return sum(one.gate.probe is not None for one in self.rules)

    @property
    def sentence(self) -> str:
        """How many of how many are bound, in words."""
        return _sentence(self.bound, len(self.rules))


def convert(
    path: Path, units: Units, *, stage: str | None = None, binds_to: Sequence[str] = ()
) -> Conversion:
    """Read a foreign contract and write it in our format; nothing is written to the disk.

    `units` gives, for each probe, the unit of each quantity. The text is read back by our own
    reader before it is returned.

    Raises:
        UnusableInput: the file cannot be read within bounds, it holds no rule or too many, or it is
            a contract of ours.
    """
    shown = _shown(path)
    for criterion in binds_to:
        if not _matches(_CRITERION_ID, criterion):
            raise UnusableInput(
                f"{one_line(criterion)!r} is no criterion's id", mend="write one such as AC-SHIP2-003"
            )
    root = read_tree(path, shown)
    _refuse_ours(path, shown)
    quantities = frozenset(name for measured in units.values() for name in measured)
    found = find_rules(root, quantities)
    _check_number(found, shown)
    name = heading.name_of(root, path.stem)
    stage = stage or heading.stage_of(root, name)
    rules = _converted(found, name, units, stage, shown=shown, binds_to=tuple(binds_to))
    contract = Contract.model_validate(
        {
            "contract_id": name, "version": heading.version_of(root, path.stem), "stage": stage,
            "summary": heading.summary_of(root, shown), "references": _references(root, rules),
            "gates": tuple(one.gate for one in rules),
        }
    )  # fmt: skip
    text = contract_yaml(
        contract,
        heading=f"Imported from {shown}: {_sentence(sum(not one.why for one in rules), len(rules))}.",
        comments={one.gate.id: _comments(one) for one in rules},
    )
    return Conversion(_read_back(contract, text, shown), text, rules)


def _refuse_ours(path: Path, shown: str) -> None:
    """A contract of ours would come out poorer than it went in."""
    try:
        read_contract(path)
    except UnusableInput:
        return
    raise UnusableInput("it is a contract in our format already", at=shown, mend="use it as it is")


def _sentence(bound: int, rules: int) -> str:
    one = rules == 1
    return (
        f"{bound} of {rules} {'rule' if one else 'rules'} {'is' if bound == 1 else 'are'} bound to a probe, "
        f"{rules - bound} {'is' if rules - bound == 1 else 'are'} UNBOUND"
    )


def _shown(path: Path) -> str:
    """The path as it stands in a contract: from here when it lies here, else the name alone."""
    try:
        near = path.absolute().relative_to(Path.cwd())
    except (ValueError, OSError):
        near = Path(path.name)
    return one_line(str(near)) or "unnamed"


def _check_number(found: Sequence[ForeignRule], shown: str) -> None:
    if not found:
        raise UnusableInput(
            "no rule was found in the file", at=shown,
            why="rules are looked for under gates, invariants, proof_obligations, falsification_tests, "
                "equations, qa_gate, kani_harnesses, pre- and postconditions, and thresholds",
            mend="check that this is a contract",
        )  # fmt: skip
    if len(found) > MOST_RULES:
        raise UnusableInput(
            f"{len(found)} rules; a contract has at most {MOST_RULES}", at=shown, mend="split the file"
        )


def _matches(adapter: TypeAdapter[str], text: str) -> bool:
    try:
        adapter.validate_python(text)
    except ValidationError:
        return False
    return True


def _converted(
    found: Sequence[ForeignRule],
    name: str,
    units: Units,
    stage: str,
    *,
    shown: str,
    binds_to: tuple[str, ...],
) -> tuple[Converted, ...]:
    rules = []
    for rule, gate_id in zip(found, _ids(found, name), strict=True):
        bound, why = _bound(rule, units, stage)
        gate: dict[str, Any] = {
            "id": gate_id, "rule": shortened(rule.words, _LONGEST_RULE), "binds_to": binds_to,
            "ship_blocking": rule.ship_blocking, "source": f"{shown}:{rule.first}-{rule.last}",
        }  # fmt: skip
        if bound:
            gate |= {"probe": bound.probe, "expect": dict(bound.expect)}
        rules.append(Converted(rule, Gate.model_validate(gate), why))
    return tuple(rules)


def _bound(rule: ForeignRule, units: Units, stage: str) -> tuple[Binding | None, str]:
    """The binding, or why there is none; what the words lack is said before what they stand under."""
    if rule.never and not rule.claim:
        return None, rule.never
    try:
        binding = bind(rule.claim, units, stage)
    except Unbound as reason:
        return None, str(reason)
    return (None, rule.never) if rule.never else (binding, "")


def _ids(found: Sequence[ForeignRule], name: str) -> list[str]:
    """Their ids where ours may look like that and no other rule has it; else numbered ones."""
    kept = {rule.original for rule in found if _matches(_GATE_ID, rule.original)}
    used: set[str] = set()
    ids = []
    number = 0
    for rule in found:
        chosen = rule.original
        if chosen not in kept or chosen in used:
            number += 1
            while (chosen := f"GATE-{name.upper()}-{number:03d}") in kept:
                number += 1
        used.add(chosen)
        ids.append(chosen)
    return ids


def _references(root: Node, rules: Sequence[Converted]) -> tuple[Reference, ...]:
    """Their sources, each with the gates whose own entry names it; with none where no entry does."""
    cited = [
        (one.gate.id, frozenset(heading.arxiv_ids(one.rule.cited)), one_line(one.rule.cited)) for one in rules
    ]
    return tuple(
        Reference(
            id=source, supports=tuple(gate for gate, ids, words in cited if source in ids or source in words)
        )
        for source in heading.references_of(root)
    )


def _comments(one: Converted) -> list[str]:
    comments = []
    if one.rule.original and one.rule.original != one.gate.id:
        comments.append(f"their id: {shortened(one.rule.original, 200)}")
    if one.rule.criteria:
        comments.append(f"they bind it to: {shortened(one.rule.criteria, 200)}")
    if len(one.rule.words) > _LONGEST_RULE:
        comments.append("the rule is cut: the whole of it stands in the source")
    return [*comments, f"UNBOUND: {one.why}"] if one.why else comments


def _read_back(contract: Contract, text: str, shown: str) -> Contract:
    """What our own reader makes of the text; a producer checks what it writes as its consumers do."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / contract.file_name
        path.write_text(text, encoding="utf-8")
        try:
            read = read_contract(path, root=Path(folder)).contract
        except UnusableInput as error:
            raise UnusableInput(
                f"what it becomes is no contract of ours: {one_line(error.message)}",
                at=shown,
                why="what is written must be readable by everything that reads contracts",
                mend="split the file, or write the gate by hand",
            ) from error
    if read != contract:
        raise UnusableInput(
            "what it becomes would be read as something else", at=shown, mend="write it by hand"
        )
    return read
