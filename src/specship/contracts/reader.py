"""Contract files of a project: read, and checked against each other."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from specship.contracts.building import record_faults
from specship.contracts.document import Document, in_order, read_document
from specship.contracts.expectation import Expectation, complaints
from specship.contracts.records import SEMVER_PATTERN, SLUG_PATTERN, Contract, Gate, gate_complaints
from specship.errors import Place, SpecshipError, UnknownName, UnreadableDocument, UnusableInput, did_you_mean
from specship.garbage import undisturbed


@dataclass(frozen=True, slots=True)
class ContractFile:
    """A contract and the text it came from."""

    contract: Contract
    document: Document

    @property
    def path(self) -> str:
        """Path within the project."""
        return self.document.path

    def place(self, gate: Gate, *keys: str | int) -> Place:
        """Where a key of a gate stands."""
        index = next(i for i, entry in enumerate(self.contract.gates) if entry.id == gate.id)
        return self.document.place("gates", index, *keys)


def read_contract(path: Path, *, root: Path | None = None) -> ContractFile:
    """One contract.

    Raises:
        UnusableInput: the file cannot be read as a contract; every fault in it has its place.
    """
    file, faults = contract_of(read_document(path, root=root), file_name=path.name)
    if file is None or faults:
        raise UnreadableDocument(faults)
    return file


def contract_of(document: Document, *, file_name: str) -> tuple[ContractFile | None, list[UnusableInput]]:
    """The contract that a document is, and everything that is wrong with it; either may be missing."""
    values = document.values
    if not isinstance(values, dict):
        place = document.value_place()
        return None, [UnusableInput("a contract is a mapping of keys", at=place, code="SHIP203")]
    contract, faults = record_faults(document, Contract)
    faults = [*document.faults, *faults, *_name_faults(document, values, file_name)]
    faults += _inner_faults(document, values)
    if contract is None:
        faults += _hidden_faults(document, values)
    faults = in_order(faults)
    return (None if contract is None else ContractFile(contract, document)), faults


def _name_faults(document: Document, values: dict[str, Any], file_name: str) -> Iterable[UnusableInput]:
    identity: Any = values.get("contract_id")
    version: Any = values.get("version")
    if not all(isinstance(text, str) for text in (identity, version)):
        return
    if not (re.search(SLUG_PATTERN, identity) and re.search(SEMVER_PATTERN, version)):
        return  # said already
    expected = f"{identity}-v{version.split('.', 1)[0]}.yaml"
    if file_name != expected:
        yield UnusableInput(
            f"the file of {identity} {version} is called {expected}",
            at=document.place("contract_id"),
            why="a node id such as CONTRACT.yaml::GATE must say which contract it is",
            mend=f"rename the file, or change contract_id or version (here: {file_name})",
            code="SHIP211",
        )


def _mappings(values: Any) -> Iterable[tuple[int, dict[str, Any]]]:
    for index, entry in enumerate(values if isinstance(values, tuple) else ()):
        if isinstance(entry, dict):
            yield index, entry


def _inner_faults(document: Document, values: dict[str, Any]) -> Iterable[UnusableInput]:
    """Ids that stand twice, references to no gate, and gates that measure or expect nothing."""
    seen: dict[str, int] = {}
    for index, gate in _mappings(values.get("gates")):
        identity = gate.get("id")
        if not isinstance(identity, str):
            continue
        if identity in seen:
            first = document.place("gates", seen[identity], "id").line
            yield UnusableInput(
                f"the gate {identity} stands twice, first on line {first}",
                at=document.place("gates", index, "id"),
                why="an id names one rule across all contracts",
                mend="give one of them a new id",
                code="SHIP310",
            )
        seen.setdefault(identity, index)
    for number, reference in _mappings(values.get("references")):
        supports = reference.get("supports")
        for position, gate_id in enumerate(supports if isinstance(supports, tuple) else ()):
            if isinstance(gate_id, str) and gate_id not in seen:
                yield UnknownName(
                    f"{reference.get('id')} supports {gate_id!r}, which is no gate of this contract",
                    at=document.place("references", number, "supports", position),
                    mend=did_you_mean(gate_id, seen),
                    code="SHIP305",
                )


def _hidden_faults(document: Document, values: dict[str, Any]) -> Iterable[UnusableInput]:
    """What a record's own checks would say of gates and limits, were their types in order."""
    for index, gate in _mappings(values.get("gates")):
        for complaint in gate_complaints(gate):
            yield UnusableInput(
                f"gates.{index}: {complaint.message}",
                at=document.value_place("gates", index),
                mend=complaint.mend,
                code=complaint.code,
            )
        expected = gate.get("expect")
        for quantity, limit in expected.items() if isinstance(expected, dict) else ():
            if not isinstance(limit, dict) or limit.keys() - Expectation.model_fields.keys():
                continue  # what a misspelt operator means is not known
            for complaint in complaints(limit):
                yield UnusableInput(
                    f"gates.{index}.expect.{quantity}: {complaint.message}",
                    at=document.value_place("gates", index, "expect", quantity),
                    mend=complaint.mend,
                    code=complaint.code,
                )


@dataclass(frozen=True, slots=True)
class ContractSurvey:
    """What can be read of a folder of contracts, sorted by path."""

    files: tuple[ContractFile, ...]
    """Contracts without a fault of their own kind."""
    documents: tuple[Document, ...]
    """Every file that is YAML, those with faults too: their names can still be looked up."""
    faults: tuple[UnusableInput, ...]


def survey_contracts(folder: Path, *, root: Path) -> ContractSurvey:
    """Every contract of a folder as far as it can be read, and the faults of all files.

    Raises:
        UnusableInput: there is no such folder.
    """
    if not folder.is_dir():
        raise UnusableInput(
            "there is no such folder of contracts", at=folder, mend="set [tool.specship] contracts",
            code="SHIP101",
        )  # fmt: skip
    files: list[ContractFile] = []
    documents: list[Document] = []
    faults: list[UnusableInput] = list(unread(folder, root, what="a contract"))
    with undisturbed():
        for path in sorted(folder.glob("*.yaml")):
            try:
                documents.append(read_document(path, root=root))
            except UnusableInput as error:
                faults.append(error)
                continue
            file, own = contract_of(documents[-1], file_name=path.name)
            faults += own
            if file is not None:
                files.append(file)
    faults.extend(repeated_ids(files))
    if not files and not faults:
        faults.append(
            UnusableInput(
                "the folder holds no contract",
                at=folder,
                mend="write one: `specship new contract NAME`",
                code="SHIP113",
            )
        )
    return ContractSurvey(tuple(files), tuple(documents), tuple(faults))


def unread(folder: Path, root: Path, *, what: str) -> Iterable[UnusableInput]:
    """Files at and below a folder that look like those that are read there, `*.yaml`, and are not."""
    for parent, _, names in sorted(os.walk(folder)):
        for name in sorted(names):
            path = Path(parent, name)
            shown = str(path.relative_to(root) if path.is_relative_to(root) else path)
            if fault := not_read(shown, what=what, folder=folder.name, below=parent != str(folder)):
                yield fault


def not_read(shown: str, *, what: str, folder: str, below: bool) -> UnusableInput | None:
    """The fault of a file that looks like those that are read in a folder, and is not; None for any other."""
    stem, suffix = os.path.splitext(shown.rpartition("/")[2])  # noqa: PTH122 - thousands of names, as text
    misspelt = suffix != ".yaml" and suffix.lower() in {".yaml", ".yml"}
    if not misspelt and not (below and suffix == ".yaml"):
        return None
    renamed = f"rename it to {stem}.yaml" if misspelt else ""
    return UnusableInput(
        f"{what} in a file that nobody reads",
        at=Place(shown, 1, 1),
        why=f"only *.yaml files of {folder}/ itself are read; what stands elsewhere is never checked",
        mend=" and ".join(filter(None, (renamed, "move it up" if below else ""))),
        code="SHIP214",
    )


def repeated_ids(files: Iterable[ContractFile]) -> Iterable[UnusableInput]:
    """Gates whose id another contract has too."""
    owner: dict[str, ContractFile] = {}
    for file in files:
        for gate in file.contract.gates:
            if gate.id in owner and owner[gate.id] is not file:
                yield UnusableInput(
                    f"the gate {gate.id} stands in {owner[gate.id].path} too",
                    at=file.place(gate, "id"),
                    why="an id names one rule across all contracts",
                    mend="give one of them a new id",
                    code="SHIP310",
                )
            owner.setdefault(gate.id, file)


def gather(faults: Iterable[SpecshipError]) -> None:
    """Raise what was collected, if anything was."""
    collected = [fault for fault in faults if isinstance(fault, UnusableInput)]
    if collected:
        raise UnreadableDocument(collected)
