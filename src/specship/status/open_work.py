"""Sets of open criteria that can be done together, and the best of them.

A criterion alone gains nothing while one that it depends on is open, so only *closed* sets count: with each
criterion everything that it waits for. Three questions are asked of them: which set gains most for each hour,
in which order sets should be done, and which fit some hours. Small graphs are weighed whole; where that
would take too long, paths are taken greedily, and it is said.

Source: Sidney 1975 (sets of the largest ratio, one after the other, are an optimal order under precedence);
Kellerer, Pferschy and Pisinger 2004, chapter 1 (dominance).
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from specship.status.backlog_records import Hours

MOST_SETS: Final = 20_000
"""Sets that are weighed before it is done greedily."""
_CLOSE: Final = 1e-9


class OpenTask(NamedTuple):
    """One open criterion: what its own weight adds, what it takes, and which open ones come first."""

    gain: float
    hours: Hours
    needs: frozenset[str]


OpenTasks = Mapping[str, OpenTask]


class Chosen(NamedTuple):
    """A closed set of tasks, with what it gains and takes."""

    ids: frozenset[str]
    gain: float
    hours: Hours

    @property
    def ratio(self) -> float:
        """Points an hour."""
        return self.gain / self.hours.total if self.hours.total else float("inf")


@dataclass(frozen=True, slots=True)
class Weighed:
    """The best that was found, and whether nothing better can exist."""

    sets: tuple[Chosen, ...]
    exact: bool


def in_working_order(tasks: OpenTasks) -> list[str]:
    """Every task behind all that it needs; of several that can be next, the first in `tasks`."""
    done: list[str] = []
    left = list(tasks)
    while left:
        ready = next(name for name in left if tasks[name].needs & tasks.keys() <= set(done))
        left.remove(ready)
        done.append(ready)
    return done


def closure(tasks: OpenTasks, names: Iterable[str]) -> frozenset[str]:
    """Some tasks with everything that comes before them."""
    found: set[str] = set()
    pending = [name for name in names if name in tasks]
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending += tasks[name].needs & tasks.keys()
    return frozenset(found)


def chosen(tasks: OpenTasks, ids: frozenset[str]) -> Chosen:
    """A set with its sums; the order of adding is that of the names, so that equal sets have equal sums."""
    ordered = sorted(ids)
    gain = sum(tasks[name].gain for name in ordered)
    return Chosen(ids, gain, sum((tasks[name].hours for name in ordered), Hours()))


def components(tasks: OpenTasks) -> list[OpenTasks]:
    """Parts of the graph that have nothing to do with each other."""
    group = {name: {name} for name in tasks}
    for name, task in tasks.items():
        for needed in task.needs & tasks.keys():
            merged = group[name] | group[needed]
            for member in merged:
                group[member] = merged
    parts = {id(members): members for members in group.values()}
    return [{name: tasks[name] for name in tasks if name in members} for members in parts.values()]


def closed_sets(tasks: OpenTasks) -> list[Chosen] | None:
    """Every closed set, the empty one included; None when there are too many."""
    found: list[frozenset[str]] = [frozenset()]
    for name in in_working_order(tasks):
        needs = tasks[name].needs & tasks.keys()
        found += [ids | {name} for ids in found if needs <= ids]
        if len(found) > MOST_SETS:
            return None
    return [chosen(tasks, ids) for ids in found]


def order_of_work(tasks: OpenTasks) -> Weighed:
    """Sets that are done one after the other, each the one of the largest ratio of what is left."""
    steps: list[Chosen] = []
    exact = True
    for part in components(tasks):
        left = dict(part)
        while left:
            sets = closed_sets(left)
            exact = exact and sets is not None
            candidates = sets or [chosen(left, closure(left, [name])) for name in left]
            best = max(
                (one for one in candidates if one.ids),
                key=lambda one: (one.ratio, -len(one.ids), sorted(one.ids)),
            )
            steps.append(best)
            left = {name: task for name, task in left.items() if name not in best.ids}
    return Weighed(tuple(sorted(steps, key=lambda one: -one.ratio)), exact)


def within(tasks: OpenTasks, hours: Hours) -> Weighed:
    """The closed set that gains most within some hours; of equals, the one that takes least."""
    kept = [Chosen(frozenset(), 0.0, Hours())]
    for part in components(tasks):
        sets = closed_sets(part)
        fitting = _undominated(sets or (), hours)
        if sets is None or len(kept) * len(fitting) > MOST_SETS:
            return Weighed((_greedily(tasks, hours),), exact=False)
        joined = [
            Chosen(one.ids | other.ids, one.gain + other.gain, one.hours + other.hours)
            for other in fitting
            for one in kept
        ]
        kept = _undominated(joined, hours)
    return Weighed((max(kept, key=_preference),), exact=True)


def _preference(one: Chosen) -> tuple[float, float, int]:
    return one.gain, -one.hours.total, -len(one.ids)


def fits(one: Hours, into: Hours) -> bool:
    """Whether hours fit into others, rounding apart."""
    return one.gpu_hours <= into.gpu_hours + _CLOSE and one.person_hours <= into.person_hours + _CLOSE


def _undominated(sets: Iterable[Chosen], hours: Hours) -> list[Chosen]:
    """Sets that fit, without those that another one equals or beats in gain and in both kinds of hours."""
    kept: list[Chosen] = []
    stair: list[tuple[float, float]] = []  # hours of device rising, of people falling: the cheapest so far
    for one in sorted((one for one in sets if fits(one.hours, hours)), key=_preference, reverse=True):
        point = one.hours.gpu_hours, one.hours.person_hours
        at = bisect.bisect_right(stair, (point[0] + _CLOSE, math.inf))
        if at and stair[at - 1][1] <= point[1] + _CLOSE:
            continue
        kept.append(one)
        end = at
        while end < len(stair) and stair[end][1] >= point[1]:
            end += 1
        stair[at:end] = [point]
    return kept


def _greedily(tasks: OpenTasks, hours: Hours) -> Chosen:
    """Steps of the order of work, then single paths, as long as they fit."""
    taken: frozenset[str] = frozenset()
    steps = [one.ids for one in order_of_work(tasks).sets]
    paths = sorted((chosen(tasks, closure(tasks, [name])) for name in tasks), key=lambda one: -one.ratio)
    for ids in [*steps, *(one.ids for one in paths)]:
        more = chosen(tasks, taken | closure(tasks, ids))
        if fits(more.hours, hours):
            taken = more.ids
    return chosen(tasks, taken)
