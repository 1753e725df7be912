"""What became of contracts beside their gates: files, headings, references, and gates that moved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from specship.contracts.reader import ContractFile
from specship.review.changes import change, listed, names_changed, spot
from specship.review.pairing import meaning, pair
from specship.review.records import Change, Direction
from specship.review.sides import ProjectSide


class ContractReview:
    """The contracts of two sides that differ, side by side."""

    def __init__(
        self,
        base: ProjectSide,
        head: ProjectSide,
        one: Mapping[str, ContractFile],
        other: Mapping[str, ContractFile],
        gates: Mapping[str, str],
    ) -> None:
        """`gates` gives head's id of each of base's gates that is on both sides."""
        self._gates = gates
        self._base, self._head = base, head
        self._one = {file.contract.contract_id: file for file in one.values()}
        self._other = {file.contract.contract_id: file for file in other.values()}

    def changes(self) -> Iterator[Change]:
        """Everything that differs, but for the gates: those are told for themselves."""
        pairing = pair(
            *(
                {
                    i: meaning(file.contract.summary, (gate.id for gate in file.contract.gates))
                    for i, file in side.items()
                }
                for side in (self._one, self._other)
            )
        )
        for identity in pairing.removed:
            says = f"contract {identity} is gone, with {len(self._one[identity].contract.gates)} gates"
            yield change(
                identity,
                "contract",
                "removed",
                Direction.NEUTRAL,
                says,
                before=self._one[identity].path,
                base=self._spots(identity, None)["base"],
            )
        for identity in pairing.added:
            says = f"contract {identity} is new, with {len(self._other[identity].contract.gates)} gates"
            yield change(
                identity,
                "contract",
                "added",
                Direction.ADDED,
                says,
                after=self._other[identity].path,
                head=self._spots(None, identity)["head"],
            )
        # Nothing is judged by the name of a contract, so that two may swap theirs.
        names = pairing._replace(renamed=(*pairing.renamed, *pairing.exchanged), exchanged=())
        yield from names_changed(
            names,
            "contract",
            lambda was, now: (self._spots(was, None)["base"], self._spots(None, now)["head"]),
            kind="contract ",
        )
        for was, now in pairing.pairs:
            yield from self._heading(was, now)
        yield from self._moved(pairing.new_names)

    def _spots(self, was: str | None, now: str | None, key: str = "contract_id") -> dict[str, Any]:
        return {
            "base": spot(self._base, self._one[was].document.place(key)) if was else None,
            "head": spot(self._head, self._other[now].document.place(key)) if now else None,
        }

    def _heading(self, was: str, now: str) -> Iterator[Change]:
        one, other = self._one[was].contract, self._other[now].contract
        if one.summary != other.summary:
            yield change(
                now,
                "contract",
                "reworded",
                Direction.NEUTRAL,
                f"contract {now} has another summary",
                before=one.summary,
                after=other.summary,
                **self._spots(was, now, "summary"),
            )
        for key in ("version", "stage"):
            before, after = getattr(one, key), getattr(other, key)
            if before != after:
                yield change(
                    now,
                    "contract",
                    "moved",
                    Direction.NEUTRAL,
                    f"contract {now}: {key} {before} → {after}",
                    before=before,
                    after=after,
                    **self._spots(was, now, key),
                )
        before = {r.id: {self._gates.get(gate, gate) for gate in r.supports} for r in one.references}
        after = {r.id: set(r.supports) for r in other.references}
        for name in sorted(before.keys() | after.keys()):
            if before.get(name) != after.get(name):
                verb = (
                    "rests on"
                    if name not in before
                    else "no longer rests on"
                    if name not in after
                    else "rests anew on"
                )
                yield change(
                    now,
                    "contract",
                    "reference",
                    Direction.NEUTRAL,
                    f"contract {now} {verb} {name}",
                    before=listed(before[name]) if name in before else None,
                    after=listed(after[name]) if name in after else None,
                    **self._spots(was, now, "references"),
                )

    def _moved(self, names: Mapping[str, str]) -> Iterator[Change]:
        homes = {gate.id: i for i, file in self._other.items() for gate in file.contract.gates}
        for identity, file in self._one.items():
            for gate in file.contract.gates:
                home = homes.get(gate.id)
                if home is not None and home != names.get(identity, identity):
                    there = self._other[home]
                    own = next(own for own in there.contract.gates if own.id == gate.id)
                    yield change(
                        gate.id,
                        "gate",
                        "moved",
                        Direction.NEUTRAL,
                        f"{gate.id} stands in contract {home}",
                        before=file.path,
                        after=there.path,
                        base=spot(self._base, file.place(gate, "id")),
                        head=spot(self._head, there.place(own, "id")),
                    )
