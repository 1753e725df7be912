"""What became of profiles: kind, what they do not judge, and the settings that decide what is measured."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from specship.review.changes import change, names_changed, spot, went
from specship.review.gates import Scale
from specship.review.pairing import Meaning, meaning, pair
from specship.review.records import Change, Direction, Kind, Spot, Stale
from specship.review.settings import direction_of
from specship.review.sides import ProjectSide
from specship.specs.records import FALSIFICATION, Profile

_LONGEST_SHOWN = 80


class ProfileReview:
    """The profiles of two sides, side by side."""

    def __init__(
        self, base: ProjectSide, head: ProjectSide, criteria: Mapping[str, str], models: Mapping[str, str]
    ) -> None:
        """`criteria` and `models` give head's id of each that is on both sides, by base's."""
        self._base, self._head = base, head
        self._criteria, self._models = criteria, models
        self._one: Mapping[str, Profile] = base.spec.profiles if base.spec else {}
        self._other: Mapping[str, Profile] = head.spec.profiles if head.spec else {}
        self.pairing = pair(_meanings(self._one), _meanings(self._other))

    @property
    def views(self) -> tuple[Scale, ...]:
        """The profiles that both sides have."""
        return tuple(Scale(self._one[was], self._other[now]) for was, now in sorted(self.pairing.pairs))

    def overridden(self) -> set[str]:
        """The gates of which a profile asks for something else than before."""
        return {
            identity
            for view in self.views
            for identity in view.base.overrides.keys() | view.head.overrides.keys()
            if view.base.overrides.get(identity) != view.head.overrides.get(identity)
        }

    def changes(self) -> Iterator[Change]:
        """Everything that differs, but for limits and requirements: those are the gates'."""
        for name in self.pairing.removed:
            says = f"profile {name} ({self._one[name].kind}) is gone"
            yield change(
                name,
                "profile",
                "removed",
                Direction.REMOVED,
                says,
                before=self._one[name].summary,
                base=self._spot(self._base, name),
                stales=_whole(self._one[name]),
            )
        for name in self.pairing.added:
            says = f"profile {name} ({self._other[name].kind}) is new"
            yield change(
                name,
                "profile",
                "added",
                Direction.ADDED,
                says,
                after=self._other[name].summary,
                head=self._spot(self._head, name),
            )
        yield from names_changed(
            self.pairing,
            "profile",
            lambda was, now: (self._spot(self._base, was), self._spot(self._head, now)),
            stales=lambda was, _: _whole(self._one[was]),
            kind="profile ",
        )
        for view in self.views:
            yield from self._kind(view)
            yield from self._words(view)
            yield from self._not_judged(view)
            yield from self._age(view)
            yield from self._settings(view)

    @staticmethod
    def _spot(side: ProjectSide, name: str, *keys: str) -> Spot | None:
        return spot(side, side.spec.profile_documents[name].place(*keys)) if side.spec else None

    def _both(self, view: Scale, *keys: str) -> dict[str, Any]:
        return {
            "base": self._spot(self._base, view.base.profile, *keys),
            "head": self._spot(self._head, view.name, *keys),
        }

    def _change(
        self,
        view: Scale,
        kind: Kind,
        direction: Direction,
        says: str,
        before: Any,
        after: Any,
        *keys: str,
        **more: Any,
    ) -> Change:
        return change(
            view.name,
            "profile",
            kind,
            direction,
            says,
            before=_shown(before),
            after=_shown(after),
            profiles=(view.name,),
            **self._both(view, *keys),
            **more,
        )

    def _kind(self, view: Scale) -> Iterator[Change]:
        one, other = view.base.kind, view.head.kind
        if one != other:
            says = f"profile {view.name} is a {other}, and was a {one}"
            yield self._change(
                view,
                "profile kind",
                Direction.INCOMPARABLE,
                says,
                one,
                other,
                "kind",
                stales=_whole(view.base),
            )

    def _words(self, view: Scale) -> Iterator[Change]:
        if view.base.summary != view.head.summary:
            says = f"profile {view.name} is described in other words"
            yield self._change(
                view, "reworded", Direction.NEUTRAL, says, view.base.summary, view.head.summary, "summary"
            )
        for identity in sorted(view.base.overrides.keys() & view.head.overrides.keys()):
            one, other = view.base.overrides[identity].reason, view.head.overrides[identity].reason
            if one != other:
                says = f"profile {view.name} gives another reason for what it asks of {identity}"
                yield self._change(
                    view, "reworded", Direction.NEUTRAL, says, one, other, "overrides", identity, "reason"
                )

    def _not_judged(self, view: Scale) -> Iterator[Change]:
        one = {self._criteria.get(name, name): why for name, why in view.base.not_judged.items()}
        other = view.head.not_judged
        for name in sorted(one.keys() ^ other.keys()):
            lost = name in other
            says = f"{name} is {'no longer' if lost else 'now'} judged at {view.name}"
            says += f": {other[name]}" if lost else ""
            yield change(
                name,
                "criterion",
                "not judged",
                went(loosens=lost, tightens=not lost),
                says,
                before=one.get(name),
                after=other.get(name),
                profiles=(view.name,),
                **self._both(view, "not_judged", name),
            )
        for name in sorted(one.keys() & other.keys()):
            if one[name] != other[name]:
                says = f"profile {view.name} gives another reason for not judging {name}"
                yield self._change(
                    view, "reworded", Direction.NEUTRAL, says, one[name], other[name], "not_judged", name
                )

    def _age(self, view: Scale) -> Iterator[Change]:
        one, other = view.base.oldest_evidence_days, view.head.oldest_evidence_days
        if one != other:
            longer = other is None or (one is not None and other > one)
            before, after = (f"{days} days" if days else "any age" for days in (one, other))
            says = f"evidence counts at {view.name} up to {after}, and did up to {before}"
            yield self._change(
                view,
                "evidence age",
                went(loosens=longer, tightens=not longer),
                says,
                before,
                after,
                "oldest_evidence_days",
            )

    def _settings(self, view: Scale) -> Iterator[Change]:
        for model in sorted(view.base.pipeline.keys() | {*view.head.pipeline}):
            now = self._models.get(model, model)
            if model not in view.base.pipeline and model in self._models.values():
                continue  # told under its old name
            one, other = view.base.pipeline.get(model, {}), view.head.pipeline.get(now, {})
            if one == other:
                continue
            stales = _whole(view.base, model)
            for section in sorted(one.keys() | other.keys()):
                if section not in one or section not in other:
                    word = "is gone" if section in one else "is new"
                    says = f"{now} at {view.name}: the section {section} {word}"
                    yield self._change(
                        view,
                        "setting",
                        Direction.OTHERWISE,
                        says,
                        one.get(section),
                        other.get(section),
                        "pipeline",
                        now,
                        section,
                        stales=stales,
                    )
                    continue
                yield from self._section(view, now, section, one[section], other[section], stales)

    def _section(
        self,
        view: Scale,
        model: str,
        section: str,
        one: Mapping[str, Any],
        other: Mapping[str, Any],
        stales: list[Stale],
    ) -> Iterator[Change]:
        for key in sorted(one.keys() | other.keys()):
            before, after = one.get(key), other.get(key)
            if before == after and type(before) is type(after):
                continue
            direction = direction_of(f"{section}.{key}", before, after)
            values = " → ".join(_shown(value) or "default" for value in (before, after))
            says = f"{model} at {view.name}: {section}.{key} {values}"
            yield self._change(
                view,
                "setting",
                direction,
                says,
                before,
                after,
                "pipeline",
                model,
                section,
                key,
                stales=stales,
            )


def _meanings(profiles: Mapping[str, Profile]) -> dict[str, Meaning]:
    return {
        name: meaning(
            f"{name} {name} {own.summary}",
            [
                own.kind,
                *own.overrides,
                *(f"{model} {section}" for model in own.pipeline for section in own.pipeline[model]),
            ],
        )
        for name, own in profiles.items()
    }


def _whole(profile: Profile, model: str = "*") -> list[Stale]:
    """All evidence of a model at a profile; no record of arming is bound to its settings."""
    if profile.kind == FALSIFICATION:
        return []
    return [Stale(gate="*", model=model, profile=profile.profile, what="evidence")]


def _shown(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
