"""What became of the spec: its models, their criteria, and the amendments that give it its version."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from specship.review.changes import change, listed, names_changed, spot, went
from specship.review.pairing import Meaning, Pairing, meaning, pair
from specship.review.records import Change, Direction, Kind, Spot
from specship.review.sides import ProjectSide
from specship.specs.reader import SpecFolder
from specship.specs.records import Criterion, Model

_TOLD = ("why", "five_whys", "lessons")
"""What an amendment says to people alone; its advice is asked about as long as it is open."""


@dataclass(frozen=True)
class Criteria:
    """Models and criteria of one side with their places."""

    side: ProjectSide

    @property
    def spec(self) -> SpecFolder | None:
        """None where there is no specship yet."""
        return self.side.spec

    @cached_property
    def models(self) -> dict[str, tuple[int, Model]]:
        """Each model with its index."""
        return {model.id: (m, model) for m, model in enumerate(self.spec.spec.models)} if self.spec else {}

    @cached_property
    def criteria(self) -> dict[str, tuple[tuple[int, int], Criterion]]:
        """Each criterion with the indices of its model and its own."""
        return {
            criterion.id: ((m, c), criterion)
            for m, model in self.models.values()
            for c, criterion in enumerate(model.criteria)
        }

    def model_of(self, identity: str) -> str:
        """The model of a criterion."""
        return self.spec.spec.models[self.criteria[identity][0][0]].id if self.spec else ""

    def spot(self, *keys: str | int) -> Spot | None:
        """Where a key of the spec stands."""
        return spot(self.side, self.spec.document.place(*keys)) if self.spec else None

    def criterion_spot(self, identity: str, key: str = "id") -> Spot | None:
        """Where a key of a criterion stands."""
        m, c = self.criteria[identity][0]
        return self.spot("models", m, "criteria", c, key)

    @property
    def meanings(self) -> dict[str, Meaning]:
        """What tells each criterion from others."""
        return {identity: meaning(own.statement) for identity, (_, own) in self.criteria.items()}

    @property
    def model_meanings(self) -> dict[str, Meaning]:
        """What tells each model from others."""
        return {
            identity: meaning(model.title, (criterion.id for criterion in model.criteria))
            for identity, (_, model) in self.models.items()
        }


class SpecReview:
    """Two specs, side by side."""

    def __init__(self, base: ProjectSide, head: ProjectSide) -> None:
        self.base, self.head = Criteria(base), Criteria(head)
        self.pairing: Pairing = pair(self.base.meanings, self.head.meanings)
        self.models: Pairing = pair(self.base.model_meanings, self.head.model_meanings)

    @property
    def criteria(self) -> dict[str, str]:
        """Head's id of each criterion that is on both sides, by base's."""
        return self.pairing.new_names

    def changes(self) -> Iterator[Change]:
        """Everything that differs."""
        yield from self._heading()
        yield from self._models()
        yield from self._ids()
        for was, now in self.pairing.pairs:
            yield from self._criterion(was, now)
        yield from self._amendments()

    def _heading(self) -> Iterator[Change]:
        one, other = self.base.spec, self.head.spec
        if one is None or other is None:
            return
        if one.spec.spec_id != other.spec.spec_id:
            says = f"{one.spec.spec_id} is called {other.spec.spec_id}, and the id of a spec never changes"
            yield change(
                other.spec.spec_id,
                "spec",
                "renamed",
                Direction.INCOMPARABLE,
                says,
                was=one.spec.spec_id,
                before=one.spec.spec_id,
                after=other.spec.spec_id,
                base=self.base.spot("spec_id"),
                head=self.head.spot("spec_id"),
            )
        if one.spec.title != other.spec.title:
            yield change(
                other.spec.spec_id,
                "spec",
                "reworded",
                Direction.NEUTRAL,
                "the spec has another title",
                before=one.spec.title,
                after=other.spec.title,
                base=self.base.spot("title"),
                head=self.head.spot("title"),
            )

    def _models(self) -> Iterator[Change]:
        for identity in self.models.removed:
            m, model = self.base.models[identity]
            yield change(
                identity,
                "model",
                "removed",
                Direction.REMOVED,
                f"{identity} does not ship any more",
                before=model.title,
                base=self.base.spot("models", m, "id"),
            )
        for identity in self.models.added:
            m, model = self.head.models[identity]
            yield change(
                identity,
                "model",
                "added",
                Direction.ADDED,
                f"{identity} is new: {model.title}",
                after=model.title,
                head=self.head.spot("models", m, "id"),
            )
        yield from names_changed(
            self.models,
            "model",
            lambda was, now: (
                self.base.spot("models", self.base.models[was][0], "id"),
                self.head.spot("models", self.head.models[now][0], "id"),
            ),
        )
        for was, now in self.models.pairs:
            (m, one), (n, other) = self.base.models[was], self.head.models[now]
            if one.title != other.title:
                yield change(
                    now,
                    "model",
                    "reworded",
                    Direction.NEUTRAL,
                    f"{now} has another title",
                    before=one.title,
                    after=other.title,
                    base=self.base.spot("models", m, "title"),
                    head=self.head.spot("models", n, "title"),
                )

    def _ids(self) -> Iterator[Change]:
        for identity in self.pairing.removed:
            own = self.base.criteria[identity][1]
            says = f"{identity} ({own.weight} %) is gone: {own.statement}"
            yield change(
                identity,
                "criterion",
                "removed",
                Direction.REMOVED,
                says,
                before=own.statement,
                base=self.base.criterion_spot(identity),
            )
        for identity in self.pairing.added:
            own = self.head.criteria[identity][1]
            says = f"{identity} ({own.weight} %) is new: {own.statement}"
            yield change(
                identity,
                "criterion",
                "added",
                Direction.ADDED,
                says,
                after=own.statement,
                head=self.head.criterion_spot(identity),
            )
        yield from names_changed(
            self.pairing,
            "criterion",
            lambda was, now: (self.base.criterion_spot(was), self.head.criterion_spot(now)),
            before=lambda identity: self.base.criteria[identity][1].statement,
        )

    def _criterion(self, was: str, now: str) -> Iterator[Change]:
        yield from self._weight(was, now)
        yield from self._needed(was, now)
        yield from self._belongs(was, now)
        yield from self._words(was, now)
        yield from self._effort(was, now)

    def _made(
        self, was: str, now: str, key: str, kind: Kind, direction: Direction, says: str, **more: Any
    ) -> Change:
        """A change of one key of a criterion."""
        return change(
            now,
            "criterion",
            kind,
            direction,
            says,
            was=was if was != now else None,
            base=self.base.criterion_spot(was, key),
            head=self.head.criterion_spot(now, key),
            **more,
        )

    def _both(self, was: str, now: str) -> tuple[Criterion, Criterion]:
        return self.base.criteria[was][1], self.head.criteria[now][1]

    def _weight(self, was: str, now: str) -> Iterator[Change]:
        before, after = (criterion.weight for criterion in self._both(was, now))
        if before != after:
            direction = went(loosens=before > after, tightens=before < after)
            says = f"{now} weighs {after} %, and weighed {before} %"
            values = {"before": f"{before} %", "after": f"{after} %"}
            yield self._made(was, now, "weight", "weight", direction, says, **values)

    def _needed(self, was: str, now: str) -> Iterator[Change]:
        """The criteria that it waits for."""
        one, other = self._both(was, now)
        needed = {self.criteria.get(identity, identity) for identity in one.depends_on}
        lost, won = needed - set(other.depends_on), set(other.depends_on) - needed
        if lost or won:
            parts = [f"no longer waits for {listed(lost)}"] * bool(lost)
            parts += [f"waits for {listed(won)}"] * bool(won)
            yield self._made(
                was,
                now,
                "depends_on",
                "dependency",
                went(loosens=bool(lost), tightens=bool(won)),
                f"{now} {' and '.join(parts)}",
                before=listed(one.depends_on),
                after=listed(other.depends_on),
                tightens_too=bool(lost and won),
            )

    def _belongs(self, was: str, now: str) -> Iterator[Change]:
        before, after = self.base.model_of(was), self.head.model_of(now)
        if self._model(was) != after:
            says = f"{now} belongs to {after}, and belonged to {before}"
            yield self._made(
                was, now, "id", "moved", Direction.INCOMPARABLE, says, before=before, after=after
            )

    def _words(self, was: str, now: str) -> Iterator[Change]:
        one, other = self._both(was, now)
        if (one.statement, one.because) == (other.statement, other.because):
            return
        alike = was != now or _alike(one, other)
        says = f"{now} is put in other words" if alike else f"{now} states something else: {other.statement}"
        key = "statement" if one.statement != other.statement else "because"
        direction = Direction.NEUTRAL if alike else Direction.INCOMPARABLE
        values = {"before": getattr(one, key), "after": getattr(other, key)}
        yield self._made(was, now, key, "reworded", direction, says, **values)

    def _effort(self, was: str, now: str) -> Iterator[Change]:
        one, other = self._both(was, now)
        if one.effort != other.effort:
            before, after = (
                f"{c.effort.gpu_hours:g} GPU h, {c.effort.person_hours:g} h" for c in (one, other)
            )
            says = f"{now} is believed to take {after}"
            values = {"before": before, "after": after}
            yield self._made(was, now, "effort", "effort", Direction.NEUTRAL, says, **values)

    def _model(self, identity: str) -> str:
        """The model of one of base's criteria, as head calls it."""
        own = self.base.model_of(identity)
        return self.models.new_names.get(own, own)

    def _amendments(self) -> Iterator[Change]:
        one = self.base.spec.amendments if self.base.spec else {}
        other = self.head.spec.amendments if self.head.spec else {}
        for name in sorted(one.keys() | other.keys()):
            before, after = one.get(name), other.get(name)
            if before == after:
                continue
            spots: dict[str, Any] = {
                side: Spot(path=own.side.inside(f"{own.side.configuration.spec}/amendments/{name}"), line=1)
                for side, own, there in (("base", self.base, before), ("head", self.head, after))
                if own.side.configuration is not None and there is not None
            }
            if before is None and after is not None:
                says = f"{name} asks for a {after.bump} step: {after.why}"
                yield change(name, "amendment", "added", Direction.NEUTRAL, says, after=after.bump, **spots)
            elif after is None and before is not None:
                says = f"{name} is gone, and with it why something was changed"
                yield change(
                    name, "amendment", "removed", Direction.REMOVED, says, before=before.bump, **spots
                )
            elif before is not None and after is not None:
                same = before.model_copy(update={name: getattr(after, name) for name in _TOLD}) == after
                direction = Direction.NEUTRAL if same else Direction.INCOMPARABLE
                says = f"{name} was written before, and says something else now"
                yield change(
                    name,
                    "amendment",
                    "reworded",
                    direction,
                    says,
                    before=before.why,
                    after=after.why,
                    **spots,
                )


def _alike(one: Criterion, other: Criterion) -> bool:
    """Whether two statements share so many words that one is the other put differently."""
    words, others = meaning(one.statement).words, meaning(other.statement).words
    return len(words & others) * 2 >= len(words | others)
