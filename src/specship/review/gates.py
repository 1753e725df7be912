"""What became of gates: limits in force at each profile, and all else that decides whether one counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from specship.contracts.digest import gate_digest
from specship.contracts.expectation import Expectation
from specship.contracts.reader import ContractFile
from specship.contracts.records import Gate
from specship.review.changes import change, listed, names_changed, spot, went
from specship.review.limits import compare
from specship.review.pairing import Meaning, Pairing, meaning, pair
from specship.review.records import Change, Direction, Kind, Spot, Stale
from specship.review.sides import ProjectSide
from specship.specs.in_force import effective
from specship.specs.records import FALSIFICATION, Profile


@dataclass(frozen=True)
class Gates:
    """The gates of one side that were read, with their files."""

    side: ProjectSide
    files: Mapping[str, tuple[Gate, ContractFile]]
    """By id."""

    @classmethod
    def of(cls, side: ProjectSide, contracts: Mapping[str, ContractFile]) -> Gates:
        """Those of some contracts."""
        return cls(
            side, {gate.id: (gate, file) for file in contracts.values() for gate in file.contract.gates}
        )

    def spot(self, identity: str, *keys: str | int) -> Spot:
        """Where a gate, or a key of it, stands."""
        gate, file = self.files[identity]
        return spot(self.side, file.place(gate, *keys or ("id",)))

    def meanings(self, probes: Mapping[str, str] = MappingProxyType({})) -> dict[str, Meaning]:
        """What tells each gate from others; `probes` gives head's name of each that has another one."""
        found = {}
        for identity, (gate, _) in self.files.items():
            by = probes.get(gate.probe or "", gate.probe or "")
            found[identity] = meaning(gate.rule, gate.expect, by)
        return found


@dataclass(frozen=True)
class Scale:
    """A profile as both sides have it."""

    base: Profile
    head: Profile

    @property
    def name(self) -> str:
        """Head's."""
        return self.head.profile


class GateReview:
    """Two sets of gates, side by side."""

    def __init__(
        self,
        base: Gates,
        head: Gates,
        views: tuple[Scale, ...],
        criteria: Mapping[str, str],
        probes: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """`criteria` gives head's id of each of base's criteria that is on both sides.

        `probes` gives head's name of each of base's probes that is called otherwise.
        """
        self.base, self.head, self.views = base, head, views
        self._criteria, self._probes = criteria, probes
        self.pairing: Pairing = pair(base.meanings(probes), head.meanings())

    def changes(self) -> Iterator[Change]:
        """Everything that differs."""
        for identity in self.pairing.removed:
            gate, _ = self.base.files[identity]
            stales = [
                Stale(gate=identity, profile=view.base.profile, what="evidence")
                for view in self.views
                if view.base.kind != FALSIFICATION and gate.probe
            ]
            says = f"{identity} is gone: {gate.rule}"
            yield change(
                identity,
                "gate",
                "removed",
                Direction.REMOVED,
                says,
                before=gate.rule,
                base=self.base.spot(identity),
                stales=stales,
            )
        for identity in self.pairing.added:
            gate, _ = self.head.files[identity]
            says = f"{identity} is new: {gate.rule}"
            yield change(
                identity,
                "gate",
                "added",
                Direction.ADDED,
                says,
                after=gate.rule,
                head=self.head.spot(identity),
            )
        yield from names_changed(
            self.pairing,
            "gate",
            lambda was, now: (self.base.spot(was), self.head.spot(now)),
            before=lambda identity: self.base.files[identity][0].rule,
            stales=self._stales,
        )
        for was, now in self.pairing.pairs:
            yield from self._limits(was, now)
            yield from self._requirements(was, now)
            yield from self._rest(was, now)
            yield from self._faults(was, now)
            yield from self._excuses(was, now)

    def _in_force(self, was: str, now: str, view: Scale | None) -> tuple[Gate, Gate]:
        one, other = self._both(was, now)
        if view is None:
            return one, other
        return effective(one, view.base.overrides.get(was)), effective(other, view.head.overrides.get(now))

    def _stales(self, was: str, now: str, profiles: tuple[str, ...] | None = None) -> list[Stale]:
        """Evidence and arming of a gate whose digest differs, at some profiles or all."""
        found = []
        for view in self.views:
            one, other = self._in_force(was, now, view)
            if (profiles is not None and view.name not in profiles) or not one.probe:
                continue
            if gate_digest(one, probe_code="") != gate_digest(other, probe_code=""):
                if view.base.kind != FALSIFICATION:
                    found.append(Stale(gate=was, profile=view.base.profile, what="evidence"))
                if one.faults:
                    found.append(Stale(gate=was, profile=view.base.profile, what="arming"))
        return found

    def _limits(self, was: str, now: str) -> Iterator[Change]:
        """Each quantity whose limit in force changed, once for all scales at which it changed alike."""
        found: dict[tuple[str, str, str], list[Scale | None]] = {}
        limits: dict[tuple[str, str, str], tuple[Expectation | None, Expectation | None]] = {}
        for view in (None, *self.views):
            one, other = self._in_force(was, now, view)
            for quantity in {**one.expect, **other.expect}:
                before, after = one.expect.get(quantity), other.expect.get(quantity)
                if before == after:
                    continue
                key = (quantity, _text(before), _text(after))
                found.setdefault(key, []).append(view)
                limits[key] = (before, after)
        for key, views in found.items():
            yield from self._limit(was, now, key[0], limits[key], views)

    def _limit(
        self,
        was: str,
        now: str,
        quantity: str,
        limits: tuple[Expectation | None, Expectation | None],
        views: list[Scale | None],
    ) -> Iterator[Change]:
        before, after = limits
        compared = compare(before, after)
        profiles = tuple(view.name for view in views if view is not None)
        kind: Kind = "unit" if before and after and before.unit != after.unit else "limit"
        where = "" if None in views else f" at {listed(profiles)}"
        if after is None:
            says = f"{now} expects nothing of {quantity} any more{where}"
        elif before is None:
            says = f"{now} expects {quantity} {_text(after)}{where}"
        else:
            says = f"{now}: {quantity} {_text(before)} → {_text(after)}{where}"
        first = views[0]
        yield change(
            now,
            "gate",
            kind,
            compared.direction,
            says,
            before=_text(before) or None,
            after=_text(after) or None,
            quantity=quantity,
            profiles=profiles,
            was=was if was != now else None,
            tightens_too=bool(compared.loosens and compared.tightens),
            base=self._limit_spot(self.base, was, quantity, first.base if first else None),
            head=self._limit_spot(self.head, now, quantity, first.head if first else None),
            stales=self._stales(was, now, profiles),
        )

    def _limit_spot(self, gates: Gates, identity: str, quantity: str, profile: Profile | None) -> Spot:
        override = profile.overrides.get(identity) if profile else None
        if profile is None or override is None:
            return gates.spot(identity, "expect", quantity)
        at = (
            ("expect", quantity)
            if quantity in override.expect
            else ("drop",)
            if quantity in override.drop
            else ()
        )
        return self._override_spot(gates, identity, profile, *at)

    @staticmethod
    def _override_spot(gates: Gates, identity: str, profile: Profile, *keys: str) -> Spot:
        spec = gates.side.spec
        if spec is None or identity not in profile.overrides:
            return gates.spot(identity)
        return spot(gates.side, spec.profile_documents[profile.profile].place("overrides", identity, *keys))

    def _requirements(self, was: str, now: str) -> Iterator[Change]:
        """What the machine must have, in force at each scale."""
        found: dict[tuple[str, str], list[Scale | None]] = {}
        for view in (None, *self.views):
            one, other = (gate.requires.device or "" for gate in self._in_force(was, now, view))
            if one != other:
                found.setdefault((one, other), []).append(view)
        for (before, after), views in found.items():
            profiles = tuple(view.name for view in views if view is not None)
            where = "" if None in views else f" at {listed(profiles)}"
            says = f"{now} requires {after}{where}" if after else f"{now} no longer requires {before}{where}"
            pieces = self._pieces(was, now, "requires")
            if views[0] is not None:
                pieces |= {
                    side: self._override_spot(gates, identity, getattr(views[0], side))
                    for side, gates, identity in (("base", self.base, was), ("head", self.head, now))
                }
            yield change(
                now,
                "gate",
                "requirement",
                went(loosens=bool(before), tightens=bool(after)),
                says,
                before=before or None,
                after=after or None,
                profiles=profiles,
                tightens_too=bool(before and after),
                stales=self._stales(was, now, profiles),
                **pieces,
            )

    def _pieces(self, was: str, now: str, *keys: str) -> dict[str, Any]:
        return {
            "base": self.base.spot(was, *keys),
            "head": self.head.spot(now, *keys),
            "was": was if was != now else None,
        }

    def _rest(self, was: str, now: str) -> Iterator[Change]:
        """Probe, criteria, whether it blocks, and its words."""
        yield from self._probe(was, now)
        yield from self._blocks(was, now)
        yield from self._bound(was, now)
        yield from self._words(was, now)

    def _both(self, was: str, now: str) -> tuple[Gate, Gate]:
        return self.base.files[was][0], self.head.files[now][0]

    def _probe(self, was: str, now: str) -> Iterator[Change]:
        one, other = self._both(was, now)
        if one.probe != other.probe:
            if one.probe and other.probe:
                same = self._probes.get(one.probe) == other.probe
                direction = Direction.NEUTRAL if same else Direction.OTHERWISE
            else:
                direction = went(loosens=not other.probe, tightens=not one.probe)
            says = f"{now} is measured by {other.probe or 'nobody'}, and was by {one.probe or 'nobody'}"
            yield change(
                now,
                "gate",
                "probe",
                direction,
                says,
                before=one.probe,
                after=other.probe,
                stales=self._stales(was, now),
                **self._pieces(was, now, "probe"),
            )

    def _blocks(self, was: str, now: str) -> Iterator[Change]:
        one, other = self._both(was, now)
        if one.ship_blocking != other.ship_blocking:
            says = f"{now} is {_blocking(other)}, and was {_blocking(one)}"
            yield change(
                now,
                "gate",
                "blocking",
                went(loosens=one.ship_blocking, tightens=other.ship_blocking),
                says,
                before=_blocking(one),
                after=_blocking(other),
                **self._pieces(was, now, "ship_blocking"),
            )

    def _bound(self, was: str, now: str) -> Iterator[Change]:
        """The criteria that it speaks for."""
        one, other = self._both(was, now)
        bound = {self._criteria.get(identity, identity) for identity in one.binds_to}
        if bound != set(other.binds_to):
            lost, won = bound - set(other.binds_to), set(other.binds_to) - bound
            parts = [f"no longer speaks for {listed(lost)}"] * bool(lost)
            parts += [f"speaks for {listed(won)}"] * bool(won)
            if won and len(other.binds_to) > 1:
                parts[-1] += f": one measurement is credited {len(other.binds_to)} times"
            yield change(
                now,
                "gate",
                "binding",
                went(loosens=bool(lost), tightens=bool(won)),
                f"{now} {' and '.join(parts)}",
                before=listed(one.binds_to),
                after=listed(other.binds_to),
                tightens_too=bool(lost and won),
                **self._pieces(was, now, "binds_to"),
            )

    def _words(self, was: str, now: str) -> Iterator[Change]:
        one, other = self._both(was, now)
        if (one.rule, one.source) != (other.rule, other.source):
            yield change(
                now,
                "gate",
                "reworded",
                Direction.NEUTRAL,
                f"{now} is put in other words",
                before=one.rule,
                after=other.rule,
                **self._pieces(was, now, "rule"),
            )
        for quantity in sorted(set(one.proposed) ^ set(other.proposed)):
            says = "is meant now" if quantity in one.proposed else "was taken from a measurement"
            yield change(
                now,
                "gate",
                "reworded",
                Direction.NEUTRAL,
                f"{now}: its limit on {quantity} {says}",
                before="proposed" if quantity in one.proposed else None,
                after="proposed" if quantity in other.proposed else None,
                quantity=quantity,
                **self._pieces(was, now, "proposed"),
            )

    def _faults(self, was: str, now: str) -> Iterator[Change]:
        """Faults that it must catch, and the quantities in which it is to catch them."""
        one, other = (gate.faults for gate in self._both(was, now))
        if one == other:
            return
        pieces = {**self._pieces(was, now, "falsified_by"), "stales": self._stales(was, now)}
        for fault in one.keys() - other.keys():
            says = f"{now} need not fail on {fault} any more"
            yield change(now, "gate", "fault", Direction.WEAKENED, says, before=fault, **pieces)
        for fault in other.keys() - one.keys():
            says = f"{now} must fail on {fault}"
            yield change(now, "gate", "fault", Direction.STRENGTHENED, says, after=fault, **pieces)
        for fault in one.keys() & other.keys():
            lost, won = set(one[fault]) - set(other[fault]), set(other[fault]) - set(one[fault])
            if lost or won:
                says = f"{now} on {fault} must fail in {listed(other[fault])}, before in {listed(one[fault])}"
                yield change(
                    now,
                    "gate",
                    "prediction",
                    went(loosens=bool(lost), tightens=bool(won)),
                    says,
                    before=listed(one[fault]),
                    after=listed(other[fault]),
                    quantity=min(lost or won),
                    tightens_too=bool(lost and won),
                    **pieces,
                )

    def _excuses(self, was: str, now: str) -> Iterator[Change]:
        """Limits that need not be seen failing any more, because somebody says that none can break them."""
        one, other = self.base.files[was][0], self.head.files[now][0]
        for quantity in sorted(one.unfalsified.keys() | other.unfalsified.keys()):
            before, after = one.unfalsified.get(quantity), other.unfalsified.get(quantity)
            if before == after or not (quantity in one.expect and quantity in other.expect):
                continue
            says = f"{now}: {quantity} is excused in other words"
            if before is None:
                says = f"{now}: {quantity} need not be seen to fail any more: {after}"
            elif after is None:
                says = f"{now}: {quantity} has to be seen to fail"
            yield change(
                now,
                "gate",
                "excuse",
                went(loosens=before is None, tightens=after is None),
                says,
                before=before,
                after=after,
                quantity=quantity,
                stales=self._stales(was, now) if before is None or after is None else (),
                **self._pieces(was, now, "unfalsified", quantity),
            )


def _text(expectation: Expectation | None) -> str:
    return expectation.limit_text if expectation else ""


def _blocking(gate: Gate) -> str:
    return "blocking" if gate.ship_blocking else "advisory"
