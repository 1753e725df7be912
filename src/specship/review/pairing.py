"""What on one side is what on the other: by id, unless what the ids mean says otherwise.

An id that is gone and one that is new are one thing under two names where they mean nearly the same, or where
one probe measures some of the same for both. Two ids that are on both sides, each of which means now what the
other one did, exchanged their meaning.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

_ALIKE: Final = 0.6
"""From this likeness on, two ids are taken for one thing."""
_ITSELF: Final = 0.5
"""Below this likeness to what it meant before, an id may have got the meaning of another one."""

_MOST_COMPARED: Final = 250_000
"""Pairs of which the likeness is computed; more would take longer than anybody waits."""


class Meaning(NamedTuple):
    """What an id stands for, as far as that tells it from others."""

    words: frozenset[str]
    """Of its sentence."""
    facts: frozenset[str]
    """What it is about beside: quantities, criteria. Empty where the sentence is all there is."""
    by: str = ""
    """The probe that measures it; empty where none does."""

    @property
    def about(self) -> frozenset[str]:
        """All but its words."""
        return self.facts | {f"probe {self.by}"} if self.by else self.facts


class Pairing(NamedTuple):
    """Ids of base and of head that are one thing."""

    kept: tuple[str, ...]
    renamed: tuple[tuple[str, str], ...]
    exchanged: tuple[tuple[str, str], ...]
    """Base's id and head's id of one meaning, both of which are on both sides."""
    removed: tuple[str, ...]
    added: tuple[str, ...]

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Base's and head's id of all that is on both sides."""
        return (*((identity, identity) for identity in self.kept), *self.renamed, *self.exchanged)

    @property
    def new_names(self) -> dict[str, str]:
        """Head's id by base's, of all that is on both sides."""
        return dict(self.pairs)


def meaning(sentence: str, facts: Iterable[str] = (), by: str = "") -> Meaning:
    """What a sentence and some facts say, and who measures it."""
    return Meaning(frozenset(re.findall(r"\w+", sentence.lower())), frozenset(facts), by)


def likeness(one: Meaning, other: Meaning) -> float:
    """From 0, nothing in common, to 1. The same facts are one thing, whatever words are put to them."""
    words = _share(one.words, other.words)
    if not one.about and not other.about:
        return words
    found = (words + _share(one.about, other.about)) / 2
    return max(found, _ALIKE) if one.about == other.about else found


def _share(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other) if one or other else 1.0


def pair(base: Mapping[str, Meaning], head: Mapping[str, Meaning]) -> Pairing:
    """Ids that are one thing; the likeliest pairs first."""
    both = base.keys() & head.keys()
    itself = {identity for identity in both if likeness(base[identity], head[identity]) >= _ITSELF}
    found = _alike(
        {identity: base[identity] for identity in sorted(base.keys() - itself)},
        {identity: head[identity] for identity in sorted(head.keys() - itself)},
    )
    taken = set(found.values())
    found |= {identity: identity for identity in both if identity not in found and identity not in taken}
    found |= _measured_alike(
        {identity: base[identity] for identity in sorted(base.keys() - found.keys() - head.keys())},
        {identity: head[identity] for identity in sorted(head.keys() - set(found.values()) - base.keys())},
    )
    others = sorted((one, other) for one, other in found.items() if one != other)
    return Pairing(
        kept=tuple(sorted(identity for identity, other in found.items() if identity == other)),
        renamed=tuple((one, other) for one, other in others if other not in base or one not in head),
        exchanged=tuple((one, other) for one, other in others if other in base and one in head),
        removed=tuple(sorted(base.keys() - found.keys())),
        added=tuple(sorted(head.keys() - set(found.values()))),
    )


def _alike(base: Mapping[str, Meaning], head: Mapping[str, Meaning]) -> dict[str, str]:
    """Head's id of what base calls otherwise, or what it calls so but hardly means any more.

    What means exactly the same is found first. Where the rest is too much to compare each with each, it is
    left unmatched, and so is told as removed and added.
    """
    found: dict[str, str] = {}
    same: dict[Meaning, list[str]] = {}
    for identity in reversed(list(head)):
        same.setdefault(head[identity], []).append(identity)
    for identity, own in base.items():
        if others := same.get(own):
            found[identity] = others.pop()
    taken = set(found.values())
    left, right = [one for one in base if one not in found], [other for other in head if other not in taken]
    if len(left) * len(right) > _MOST_COMPARED:
        return found
    alike = {
        (one, other): like
        for one in left
        for other in right
        if (like := likeness(base[one], head[other])) >= _ALIKE
    }
    return found | _likeliest(alike)


def _measured_alike(base: Mapping[str, Meaning], head: Mapping[str, Meaning]) -> dict[str, str]:
    """Head's id of what base measured in the same way, whatever is said of it and whatever else it measures.

    Everything that two gates ask for is compared afterwards, so that no pair hides a demand that was dropped.
    """
    by: dict[str, list[str]] = {}
    for identity, own in head.items():
        by.setdefault(own.by, []).append(identity)
    pairs = [(one, other) for one, own in base.items() if own.by for other in by.get(own.by, ())]
    if len(pairs) > _MOST_COMPARED:
        return {}
    return _likeliest(
        {
            (one, other): likeness(base[one], head[other])
            for one, other in pairs
            if base[one].facts & head[other].facts
        }
    )


def _likeliest(alike: Mapping[tuple[str, str], float]) -> dict[str, str]:
    """Each once, with the one that is likest of those that are left."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    ranked = sorted((-like, one != other, one, other) for (one, other), like in alike.items())
    for _, _, one, other in ranked:
        if one not in found and other not in taken:
            found[one] = other
            taken.add(other)
    return found
