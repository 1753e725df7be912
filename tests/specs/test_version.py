"""The version is the fold of amendments, whatever the order in which branches met."""

from collections.abc import Mapping
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specship.contracts.document import Document
from specship.specs.records import Amendment
from specship.specs.version import History, fold, parse, raised, text_of

Entries = dict[str, tuple[Amendment, Document]]
BUMPS = st.sampled_from(["major", "minor", "patch"])


def amendment(after: str, bump: str) -> tuple[Amendment, Document]:
    facts = {"after": after, "bump": bump, "why": "because", "changes": ({"id": "X", "what": "y"},)}
    return Amendment.model_validate(facts), Document("amendments/x.yaml", {}, f"after: {after}\n")


def files(**asked: str) -> Entries:
    """`name="1.0.0 minor"`."""
    return {name: amendment(*words.split()) for name, words in asked.items()}


def version(entries: Mapping[str, tuple[Amendment, Document]]) -> str:
    history = fold(entries)
    assert history.faults == ()
    return history.version


BEGUN = "0.0.0 major"


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ({}, "0.0.0"),
        ({"a": BEGUN, "b": "1.0.0 minor", "c": "1.1.0 patch"}, "1.1.1"),
        ({"a": BEGUN, "b": "1.0.0 patch", "c": "1.0.1 minor"}, "1.1.0"),
        # two branches meet: both followed 1.0.0
        ({"a": BEGUN, "b": "1.0.0 patch", "c": "1.0.0 minor"}, "1.1.1"),
        # one of them had gone on: its second step follows what only its branch showed
        ({"a": BEGUN, "b": "1.0.0 minor", "c": "1.0.0 patch", "d": "1.0.1 patch"}, "1.1.2"),
        # a branch that is old when it is merged raises the version all the same
        ({"a": BEGUN, "b": "1.0.0 minor", "c": "1.1.0 minor", "d": "1.0.0 patch"}, "1.2.1"),
        ({"a": BEGUN, "b": "1.0.0 minor", "c": "1.1.0 major", "d": "1.0.0 minor"}, "2.1.0"),
        # and takes the ground from under nobody who followed two that had met
        ({"a": BEGUN, "b": "1.0.0 patch", "c": "1.0.0 patch", "d": "1.0.2 minor", "e": "1.0.0 minor"}, "1.2.0"),
    ],
)  # fmt: skip
def test_versions(asked: dict[str, str], wanted: str) -> None:
    assert version(files(**asked)) == wanted


def test_an_amendment_that_follows_nothing_is_told_the_edit() -> None:
    """B is missing, on which C was stacked; the edit is whole: file, old line and new line."""
    history = fold(files(a=BEGUN, A="1.0.0 minor", C="1.2.0 minor"))

    (fault,) = history.faults
    assert "C says `after: 1.2.0`, and no amendment leads to that version" in str(fault)
    assert "in amendments/x.yaml write `after: 1.1.0` instead of `after: 1.2.0`" in str(fault)
    assert "the newest, A, leads to 1.1.0" in str(fault)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 3), BUMPS), max_size=7))
@settings(max_examples=25, deadline=None)
def test_the_edits_that_are_asked_for_are_enough(typed: list[tuple[int, int, int, str]]) -> None:
    entries = {f"{n}": amendment(text_of(v), bump) for n, (*v, bump) in enumerate(typed)}  # type: ignore[arg-type]
    history = fold(entries)
    for fault in history.faults:
        name = fault.message.split()[0]
        entries[name] = amendment(fault.mend.split("`")[1].removeprefix("after: "), entries[name][0].bump)

    assert fold(entries).faults == ()
    assert fold(entries).version == history.version


def grown(entries: Entries, name: str, bump: str) -> Entries:
    """A branch with one amendment more, which follows what the branch shows; it makes the usual step."""
    seen = version(entries)
    more = {**entries, name: amendment(seen, bump)}
    assert version(more) == text_of(raised(parse(seen), bump))
    return more


@given(
    st.lists(st.tuples(st.sampled_from(["amend", "amend", "branch", "merge"]), BUMPS), max_size=9),
    st.randoms(),
)
@settings(max_examples=120, deadline=None)
def test_whatever_branches_do(acts: list[tuple[str, str]], random: Random) -> None:
    """Every state folds, a merge raises the version of both sides, and the order of files is nothing."""
    branches: list[Entries] = [{}]
    for number, (act, bump) in enumerate(acts):
        at, other = random.randrange(len(branches)), random.randrange(len(branches))
        if act == "branch" and len(branches) < 3:
            branches.append(branches[at])
        elif act == "merge":
            met = {**branches[at], **branches[other]}
            for side in (branches[at], branches[other]):
                assert parse(version(met)) > parse(version(side)) or side.keys() == met.keys()
            branches[at] = met
        else:
            branches[at] = grown(branches[at], f"{random.randrange(1000)}-{number}", bump)
    names = list(branches[0])
    random.shuffle(names)

    assert fold({name: branches[0][name] for name in names}) == fold(branches[0])


def stacked(bumps: tuple[str, str, str], names: tuple[str, str, str]) -> tuple[Entries, ...]:
    """Three branches, each stacked on the one before, and main which they began at."""
    branches = [files(a=BEGUN)]
    for bump, name in zip(bumps, names, strict=True):
        branches.append(grown(branches[-1], name, bump))
    return tuple(branches)


@given(st.tuples(BUMPS, BUMPS, BUMPS), st.permutations(["x", "y", "z"]), st.permutations([1, 2, 3]), BUMPS)
@settings(max_examples=60, deadline=None)
def test_three_stacked_branches_in_every_order(
    bumps: tuple[str, str, str], names: list[str], order: list[int], meanwhile: str
) -> None:
    """Squashed or rebased, a branch brings the same files; main had an amendment of its own meanwhile."""
    branches = stacked(bumps, tuple(names))  # type: ignore[arg-type]
    main = grown(branches[0], "m", meanwhile)
    for number in order:
        main = {**main, **branches[number]}
        history: History = fold(main)
        assert history.faults == ()
    at_once = {**branches[3], "m": main["m"]}

    assert fold(main) == fold(at_once)
    assert [step.name for step in history.steps if step.name in names] == names
