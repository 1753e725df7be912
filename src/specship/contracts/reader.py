"""Contract files of a project: read, and checked against each other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from specship.contracts.document import Document, read_document
from specship.contracts.records import Contract, Gate
from specship.errors import Place, SpecshipError, UnknownName, UnreadableDocument, UnusableInput, did_you_mean


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
    document = read_document(path, root=root)
    if not isinstance(document.values, dict):
        raise UnusableInput("a contract is a mapping of keys", at=document.value_place())
    contract = document.build(Contract)
    faults = list(_inner_faults(contract, document))
    if path.name != contract.file_name:
        faults.append(
            UnusableInput(
                f"the file of {contract.contract_id} {contract.version} is called {contract.file_name}",
                at=document.place("contract_id"),
                why="a node id such as CONTRACT.yaml::GATE must say which contract it is",
                mend=f"rename the file, or change contract_id or version (here: {path.name})",
            )
        )
    if faults:
        raise UnreadableDocument(faults)
    return ContractFile(contract, document)


def _inner_faults(contract: Contract, document: Document) -> Iterable[UnusableInput]:
    seen: dict[str, int] = {}
    for index, gate in enumerate(contract.gates):
        if gate.id in seen:
            first = document.place("gates", seen[gate.id], "id").line
            yield UnusableInput(
                f"the gate {gate.id} stands twice, first on line {first}",
                at=document.place("gates", index, "id"),
            )
        seen.setdefault(gate.id, index)
    for number, reference in enumerate(contract.references):
        for position, gate_id in enumerate(reference.supports):
            if gate_id not in seen:
                yield UnknownName(
                    f"{reference.id} supports {gate_id!r}, which is no gate of this contract",
                    at=document.place("references", number, "supports", position),
                    mend=did_you_mean(gate_id, seen),
                )


def read_contracts(folder: Path, *, root: Path) -> tuple[ContractFile, ...]:
    """Every contract of a folder, sorted by path; ids are unique across all of them.

    Raises:
        UnreadableDocument: any file has a fault; the faults of all files are listed.
    """
    if not folder.is_dir():
        raise UnusableInput(
            "there is no such folder of contracts", at=folder, mend="set [tool.specship] contracts"
        )
    files: list[ContractFile] = []
    faults: list[UnusableInput] = [
        UnusableInput(
            "a contract that would not be read",
            at=path.relative_to(root) if path.is_relative_to(root) else path,
            why="contracts are the *.yaml files of this folder itself; a silent one would never fail",
            mend="move it up, or give it the suffix .yaml",
        )
        for path in sorted(folder.rglob("*.y*ml"))
        if path.suffix in {".yml", ".yaml"} and (path.suffix == ".yml" or path.parent != folder)
    ]  # fmt: skip
    for path in sorted(folder.glob("*.yaml")):
        try:
            files.append(read_contract(path, root=root))
        except UnreadableDocument as error:
            faults.extend(error.faults)
        except UnusableInput as error:
            faults.append(error)
    faults.extend(_repeated_ids(files))
    if not files and not faults:
        faults.append(
            UnusableInput("the folder holds no contract", at=folder, mend="write one: NAME-v1.yaml")
        )
    if faults:
        raise UnreadableDocument(faults)
    return tuple(files)


def _repeated_ids(files: Iterable[ContractFile]) -> Iterable[UnusableInput]:
    owner: dict[str, ContractFile] = {}
    for file in files:
        for gate in file.contract.gates:
            if gate.id in owner:
                yield UnusableInput(
                    f"the gate {gate.id} stands in {owner[gate.id].path} too",
                    at=file.place(gate, "id"),
                    why="an id names one rule across all contracts",
                    mend="give one of them a new id",
                )
            owner.setdefault(gate.id, file)


def gather(faults: Iterable[SpecshipError]) -> None:
    """Raise what was collected, if anything was."""
    collected = [fault for fault in faults if isinstance(fault, UnusableInput)]
    if collected:
        raise UnreadableDocument(collected)
