"""Flip rates: what a gate measured on one healthy variant after another, as evidence of its own kind.

A record holds the figures of each variant, and is judged again whenever it is read: a limit that moves
needs no new measurement. It is bound to what the figures came from: the probe's code, the settings of the
profile, the variants, and the code of the stages that made the material. It earns nothing. The files lie
under `evidence/flip-rates/`, named `GATE.DIGEST.json`, and are committed.

Format: in-toto Statement v1 about the gate, in a DSSE v1 envelope.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from pydantic import AwareDatetime, ValidationError

from specship.bounds import JSON_STATEMENT_BYTES
from specship.contracts.records import Frozen
from specship.contracts.repeating import Repeated
from specship.digests import sha256_bytes
from specship.errors import DamagedArtifact, SpecshipError
from specship.evidence.envelope import Sealed, open_payload, seal_payload
from specship.evidence.signing import SigningKey
from specship.evidence.statement import STATEMENT_TYPE, Environment
from specship.files import write_errors, write_new_file
from specship.units import Quantity

PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
PREDICATE_TYPE: Final = "https://github.com/specship/specship/flip-rate/v1"
FOLDER: Final = "flip-rates"
"""Within the folder of evidence."""
_NAME_DIGITS: Final = 16


class FigureSeen(Frozen):
    """One quantity as a gate's own judge measured it on a variant."""

    quantity: str
    value: int | float | str | bool | None
    unit: str
    beside: int | float | None = None
    """What its interval was known by, where the limit has a confidence."""
    beside_unit: str = ""

    @property
    def pair(self) -> tuple[Quantity, Quantity | None]:
        """The value, and what its interval is known by."""
        beside = None if self.beside is None else Quantity(self.beside, self.beside_unit)
        return Quantity(self.value, self.unit), beside


class VariantSeen(Frozen):
    """One healthy variant, and what the gate said of it."""

    variant: str
    verdict: str
    """As the judge stated it then; whoever needs a verdict judges the figures again."""
    evidence: str
    """Digest of the judge's statement, which stays where it was made."""
    figures: tuple[FigureSeen, ...]


class FlipRate(Frozen):
    """One gate on healthy variants."""

    gate: str
    gate_digest: str
    """Of the gate as it was then, its limits included."""
    contract: str
    model: str
    profile: str
    """The scale at which it was measured."""
    probe: str
    """Digest of the probe's code."""
    settings: str
    """Digest of what the profile sets for the stages behind what is measured."""
    variants: str
    """Digest of the variants with their settings."""
    stages: Mapping[str, str]
    """Digest of the code of each stage behind what is measured."""
    seen: tuple[VariantSeen, ...]
    """In the order of the sequence."""
    environment: Environment
    ended: AwareDatetime

    def document(self) -> dict[str, Any]:
        """The statement of in-toto: its subject is the gate."""
        facts = self.model_dump(mode="json", exclude={"gate", "gate_digest"})
        return {
            "_type": STATEMENT_TYPE,
            "subject": [{"name": self.gate, "digest": {"sha256": self.gate_digest}}],
            "predicateType": PREDICATE_TYPE,
            "predicate": facts,
        }

    @classmethod
    def of_document(cls, document: Any) -> Self:
        """The facts of a statement.

        Raises:
            ValueError, TypeError, KeyError: it is another one.
        """
        if document["_type"] != STATEMENT_TYPE or document["predicateType"] != PREDICATE_TYPE:
            raise ValueError("another type of statement")
        (subject,) = document["subject"]
        about = {"gate": subject["name"], "gate_digest": subject["digest"]["sha256"]}
        return cls.model_validate({**document["predicate"], **about})

    @property
    def names(self) -> tuple[str, ...]:
        """The quantities that were measured."""
        return tuple(dict.fromkeys(one.quantity for entry in self.seen for one in entry.figures))

    def repeated(self, quantity: str) -> Repeated:
        """Every figure of a quantity."""
        found = [
            (*one.pair, entry.variant)
            for entry in self.seen
            for one in entry.figures
            if one.quantity == quantity
        ]
        values, besides, variants = zip(*found, strict=True) if found else ((), (), ())
        return Repeated(values, besides, variants)


@dataclass(frozen=True, slots=True)
class OpenedFlipRate:
    """A record that was read, in its envelope."""

    record: FlipRate
    sealed: Sealed
    path: Path

    @property
    def signers(self) -> frozenset[bytes]:
        """Of the keys asked about, those whose signature verifies."""
        return self.sealed.signers


def write_flip_rate(folder: Path, record: FlipRate, key: SigningKey) -> Path:
    """Write a record, and take away older ones of the same gate at the same profile.

    Raises:
        CannotWrite: the disk is full or refuses.
    """
    data = seal_payload(PAYLOAD_TYPE, record.document(), key)
    path = folder / f"{record.gate}.{sha256_bytes(data)[:_NAME_DIGITS]}.json"
    older = [one.path for one in read_flip_rates(folder, keys=frozenset())[0] if _same(one.record, record)]
    write_new_file(path, data)
    with write_errors(folder):
        for one in older:
            if one != path:
                one.unlink()
    return path


def _same(one: FlipRate, other: FlipRate) -> bool:
    return (one.gate, one.profile) == (other.gate, other.profile)


def read_flip_rates(
    folder: Path, *, keys: frozenset[bytes]
) -> tuple[tuple[OpenedFlipRate, ...], tuple[DamagedArtifact, ...]]:
    """Every record of a folder, and what is wrong with files that are none."""
    opened, damaged = [], []
    for path in sorted(folder.glob("GATE-*.json")):
        try:
            opened.append(_read(path, keys))
        except DamagedArtifact as error:
            damaged.append(error)
    return tuple(opened), tuple(damaged)


def repeated_figures(folder: Path) -> dict[tuple[str, str], dict[str, Repeated]]:
    """By profile and gate, what each quantity was on one healthy variant after another.

    Whoever signed it, and whether it is of today: `specship evidence verify` says that.
    """
    records = [one.record for one in read_flip_rates(folder, keys=frozenset())[0]]
    return {(one.profile, one.gate): {name: one.repeated(name) for name in one.names} for one in records}


def _read(path: Path, keys: frozenset[bytes]) -> OpenedFlipRate:
    mend = "restore the file from git; or delete it and measure again: specship flip-rate"
    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > JSON_STATEMENT_BYTES:
            raise DamagedArtifact("not a regular file of at most 1 MiB", at=path, mend=mend)
        data = path.read_bytes()
    except OSError as error:
        raise DamagedArtifact(f"cannot be read: {error.strerror}", at=path, mend=mend) from error
    try:
        sealed = open_payload(PAYLOAD_TYPE, data, keys=keys, at=path.name)
        record = FlipRate.of_document(sealed.document)
    except (SpecshipError, ValidationError, ValueError, TypeError, KeyError) as error:
        first = str(error).splitlines()[0]
        raise DamagedArtifact(f"not a record of a flip rate: {first}", at=path, mend=mend) from error
    if path.name != f"{record.gate}.{sha256_bytes(data)[:_NAME_DIGITS]}.json":
        raise DamagedArtifact("its bytes are not the ones its name promises", at=path, mend=mend)
    return OpenedFlipRate(record, sealed, path)
