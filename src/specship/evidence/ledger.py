"""The ledger: an append-only set of statements, one file each, named by the digest of its bytes.

Two branches never write the same name with other bytes, so ledgers merge like sets. Each
statement names the heads its writer saw; a statement that is missing while others refer to it
is a hole, and a ledger with holes earns no credit until it is whole again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from specship.digests import sha256_bytes
from specship.errors import DamagedArtifact, UnusableInput
from specship.evidence.signing import SigningKey
from specship.evidence.statement import LARGEST_BYTES, Evidence, Opened, seal, unseal
from specship.files import write_new_file


@dataclass(frozen=True, slots=True)
class Ledger:
    """Statements that could be read, and what is wrong with the rest."""

    statements: tuple[Opened, ...]
    damaged: tuple[DamagedArtifact, ...]
    """Files that are no statements, or not the bytes their name says."""
    holes: tuple[str, ...]
    """Digests of statements that others refer to and that are missing."""

    @property
    def heads(self) -> tuple[str, ...]:
        """Digests that no other statement names as its parent."""
        named = {parent for entry in self.statements for parent in entry.evidence.parents}
        return tuple(sorted(entry.digest for entry in self.statements if entry.digest not in named))


def read_ledger(folders: Iterable[Path], *, keys: frozenset[bytes]) -> Ledger:
    """Read every statement of some folders; nothing that is wrong with one hides the others."""
    opened: dict[str, Opened] = {}
    damaged: list[DamagedArtifact] = []
    for path in sorted(path for folder in folders for path in folder.glob("*.json")):
        try:
            opened[path.stem] = _read(path, keys)
        except DamagedArtifact as error:
            damaged.append(error)
    return gathered(opened.values(), damaged)


def gathered(opened: Iterable[Opened], damaged: Iterable[DamagedArtifact]) -> Ledger:
    """The ledger that some statements are, with the holes that they leave."""
    ordered = sorted(opened, key=lambda entry: (entry.evidence.ended, entry.digest))
    named = {parent for entry in ordered for parent in entry.evidence.parents}
    return Ledger(tuple(ordered), tuple(damaged), tuple(sorted(named - {entry.digest for entry in ordered})))


def _read(path: Path, keys: frozenset[bytes]) -> Opened:
    if not path.is_file() or path.is_symlink() or path.stat().st_size > LARGEST_BYTES:
        raise DamagedArtifact("not a regular file of at most 1 MiB", at=path)
    return open_statement(path, path.read_bytes(), keys=keys)


def open_statement(path: Path, data: bytes, *, keys: frozenset[bytes]) -> Opened:
    """The statement that bytes are, under the name that they have in a ledger.

    Raises:
        DamagedArtifact: they are none, or other bytes than the name promises.
    """
    if len(data) > LARGEST_BYTES or sha256_bytes(data) != path.stem:
        raise DamagedArtifact(
            "its bytes are not the ones its name promises", at=path,
            why="a statement is named by the sha256 of its bytes and never changes",
            mend="restore the file from git, or delete it and measure again",
        )  # fmt: skip
    return unseal(data, keys=keys, at=path.name)


def append(folder: Path, evidence: Evidence, key: SigningKey) -> str:
    """Write a statement and return its digest once it is on the disk.

    Raises:
        UnusableInput: the statement could not be read again; nothing was written.
        CannotWrite: the disk is full or refuses; the ledger is as it was.
    """
    data = seal(evidence, key)
    digest = sha256_bytes(data)
    if len(data) > LARGEST_BYTES:
        raise UnusableInput(
            f"the statement has {len(data)} bytes; at most {LARGEST_BYTES} are read",
            at=evidence.gate, mend="let the probe return fewer notes",
        )  # fmt: skip
    unseal(data, keys=frozenset(), at=evidence.gate)  # what cannot be read again is never acknowledged
    write_new_file(folder / f"{digest}.json", data)
    return digest
