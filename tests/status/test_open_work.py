"""Closed sets of open work: the best of them, held against weighing every set there is."""

from itertools import chain, combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specship.status import open_work
from specship.status.backlog_records import Hours
from specship.status.open_work import (
    Chosen,
    OpenTask,
    chosen,
    closure,
    fits,
    in_working_order,
    order_of_work,
    within,
)

NAMES = "abcdefg"


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, OpenTask]:
    """Up to seven tasks with whole hours, each after some of those before it."""
    count = draw(st.integers(1, len(NAMES)))
    hours = st.integers(0, 9)
    return {
        NAMES[n]: OpenTask(
            draw(st.integers(1, 30)),
            Hours(gpu_hours=draw(hours), person_hours=draw(hours)),
            frozenset(draw(st.sets(st.sampled_from(NAMES[:n]), max_size=2)) if n else ()),
        )
        for n in range(count)
    }


def every_closed_set(tasks: dict[str, OpenTask]) -> list[Chosen]:
    subsets = chain.from_iterable(combinations(tasks, size) for size in range(len(tasks) + 1))
    whole = (frozenset(one) for one in subsets)
    return [chosen(tasks, ids) for ids in whole if all(tasks[name].needs <= ids for name in ids)]


@given(graphs(), st.integers(0, 25), st.integers(0, 25))
@settings(max_examples=80, deadline=None)
def test_no_set_within_some_hours_gains_more(tasks: dict[str, OpenTask], gpu: int, person: int) -> None:
    hours = Hours(gpu_hours=gpu, person_hours=person)
    best = max(one.gain for one in every_closed_set(tasks) if fits(one.hours, hours))
    found = within(tasks, hours)

    assert found.exact
    assert found.sets[0].gain == best
    assert fits(found.sets[0].hours, hours)
    assert closure(tasks, found.sets[0].ids) == found.sets[0].ids


@given(graphs())
@settings(max_examples=80, deadline=None)
def test_each_step_has_the_largest_ratio_of_what_is_left(tasks: dict[str, OpenTask]) -> None:
    """And whoever stops after any step has done a closed set."""
    left, done = dict(tasks), frozenset[str]()
    work = order_of_work(tasks)
    for step in work.sets:
        best = max(one.ratio for one in every_closed_set(_without(left, done)) if one.ids)
        assert step.ratio == pytest.approx(best)
        done |= step.ids
        assert closure(tasks, done) == done

    assert work.exact
    assert done == tasks.keys()


def _without(tasks: dict[str, OpenTask], done: frozenset[str]) -> dict[str, OpenTask]:
    return {name: task._replace(needs=task.needs - done) for name, task in tasks.items() if name not in done}


@given(graphs())
@settings(max_examples=40, deadline=None)
def test_work_comes_after_what_it_needs(tasks: dict[str, OpenTask]) -> None:
    order = in_working_order(dict(reversed(tasks.items())))

    assert sorted(order) == sorted(tasks)
    assert all(order.index(needed) < order.index(name) for name in tasks for needed in tasks[name].needs)


@given(graphs(), st.integers(0, 25))
@settings(max_examples=40, deadline=None)
def test_what_is_too_large_to_weigh_is_done_greedily_and_says_so(
    tasks: dict[str, OpenTask], hours: int
) -> None:
    before = open_work.MOST_SETS
    open_work.MOST_SETS = 1  # type: ignore[misc]
    try:
        budget = Hours(gpu_hours=hours, person_hours=hours)
        found, work = within(tasks, budget), order_of_work(tasks)
    finally:
        open_work.MOST_SETS = before  # type: ignore[misc]
    assert not found.exact
    assert not work.exact
    assert fits(found.sets[0].hours, budget)
    assert closure(tasks, found.sets[0].ids) == found.sets[0].ids
    assert frozenset().union(*(one.ids for one in work.sets)) == tasks.keys()
    assert sum(len(one.ids) for one in work.sets) == len(tasks)


def test_a_cheap_key_to_much_comes_before_what_gains_more_alone() -> None:
    """P gains little and takes long; with the two that wait for it, it is still better than Q."""
    tasks = {
        "P": OpenTask(1, Hours(person_hours=10), frozenset()),
        "A": OpenTask(30, Hours(person_hours=1), frozenset("P")),
        "B": OpenTask(30, Hours(person_hours=1), frozenset("P")),
        "Q": OpenTask(10, Hours(person_hours=4), frozenset()),
    }

    assert [sorted(one.ids) for one in order_of_work(tasks).sets] == [["A", "B", "P"], ["Q"]]
