"""Every class of change, there and back, in a repository with a branch a case."""

import functools
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from specship.review.records import Review
from specship.review.reviewing import review
from specship.specs.project import load_project
from specship.specs.records import FALSIFICATION
from specship.suite.plan.plan import plan_at
from tests.projects.histories import history
from tests.review.cases import BASE, CASES, REHEARSED, SMALL, Case
from tests.review.told import TOLD, of_review


def branch(name: str) -> str:
    return name.replace(" ", "-").replace(",", "")


@functools.cache
def written_anew(text: str) -> str:
    """A YAML text with keys by name, other quotes and no comments; most files are those of many cases."""
    value = yaml.load(text, Loader=yaml.CSafeLoader)
    return yaml.dump(value, Dumper=yaml.CSafeDumper, sort_keys=True, width=60)


def formatted(case: Case) -> dict[str, str | None]:
    """The whole head of a case with every YAML file written anew."""
    head: dict[str, str | None] = {**BASE, **case.applied()}
    return {
        path: written_anew(text) if text and path.endswith(".yaml") else text
        for path, text in head.items()
    }  # fmt: skip


TOLD_OF = {
    name: text for name, _, text in (part.partition("\n") for part in TOLD.read_text("utf-8").split("# ")[1:])
}


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project on `base`, and a branch for each case."""
    branches = {branch(name): case.applied() for name, case in CASES.items()}
    branches |= {f"{branch(name)}-formatted": formatted(case) for name, case in CASES.items()}
    return history(tmp_path_factory.mktemp("history"), BASE, branches)


def said(found: Review) -> list[str]:
    return sorted(f"{change.direction} {change.id} {change.kind}" for change in found.changes)


@pytest.mark.parametrize(("name", "case"), CASES.items(), ids=[branch(name) for name in CASES])
def test_a_change_is_told_there_and_back(repository: Path, name: str, case: Case) -> None:
    there = review(repository, f"base..{branch(name)}")
    back = review(repository, f"{branch(name)}..base")

    assert said(there) == sorted(case.says)
    assert there.required_bump == case.bump
    assert any(change.stales for change in there.changes) == case.stales
    assert said(back) == sorted(case.back or case.says)
    assert said(review(repository, f"base..{branch(name)}-formatted")) == said(there), "layout means nothing"
    assert TOLD_OF[name] == of_review(there)
    assert TOLD_OF[f"{name}, back"] == of_review(back)
    assert mirrored(back) == sorted(facts for facts, about in directions(there) if about != "amendment")


CANNOT_BE_MEASURED = {"another probe", "a criterion is gone", "a probe is gone", "the whole project moves"}
"""Heads whose plan cannot be made, or not here; `what a probe imports` is refused where it is measured."""


@pytest.fixture(scope="session")
def asked_before(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], str]:
    return asked_for(tmp_path_factory.mktemp("asked"), BASE)


def asked_for(folder: Path, files: Mapping[str, str | None]) -> dict[tuple[str, str], str]:
    """Digest of what is asked of each gate with a probe at each profile: evidence under another one is stale."""
    for name, text in files.items():
        if text is not None:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(text.encode("utf-8", "surrogateescape"))
    project = load_project(folder)
    return {
        (check.gate.id, profile): check.gate_digest
        for profile, own in project.spec.profiles.items()
        if own.kind != FALSIFICATION
        for check in plan_at(project, profile).checks
        if check.probe
    }


@pytest.mark.parametrize(
    "name", sorted(CASES.keys() - CANNOT_BE_MEASURED - {"what a probe imports measures otherwise"})
)
def test_what_review_calls_stale_is_what_status_calls_stale(
    repository: Path, tmp_path: Path, name: str, asked_before: dict[tuple[str, str], str]
) -> None:
    found = review(repository, f"base..{branch(name)}")
    now = asked_for(tmp_path, {**BASE, **CASES[name].applied()})
    called = {
        change.was: change.id
        for change in found.changes
        if change.was and change.about in {"gate", "profile"}
    }
    other = {
        (gate, profile)
        for (gate, profile), digest in asked_before.items()
        if now.get((called.get(gate, gate), called.get(profile, profile))) != digest
    }
    stale = {
        (one.gate, one.profile) for change in found.changes for one in change.stales if one.what == "evidence"
    }
    whole = {profile for gate, profile in stale if gate == "*"}

    assert {(gate, profile) for gate, profile in other if profile not in whole} <= stale
    assert {(gate, profile) for gate, profile in stale if gate != "*"} <= other


MIRRORED = {"weakened": "strengthened", "strengthened": "weakened", "added": "removed", "removed": "added"}


def directions(found: Review) -> list[tuple[tuple[str, str, str], str]]:
    """Direction, kind and quantity of each change, without ids: those of base and head differ where one is renamed."""
    return [((c.direction, MIRRORED.get(c.kind, c.kind), c.quantity or ""), c.about) for c in found.changes]


def mirrored(found: Review) -> list[tuple[str, str, str]]:
    """What the way there must have said, from the way back: what loosened tightens, what was added is removed."""
    return sorted(
        (c.direction if c.tightens_too else MIRRORED.get(c.direction, c.direction), c.kind, c.quantity or "")
        for c in found.changes if c.about != "amendment"
    )  # fmt: skip


def test_an_id_that_is_written_with_an_escape_hides_nothing(tmp_path: Path) -> None:
    """The contract is the same on both sides, and a profile asks less of its gate; its text does not hold the id."""
    base = {**BASE, SMALL: BASE[SMALL].replace("- id: GATE-SMALL-001", '- id: "GATE-SMALL-00\\x31"')}
    loosened = {REHEARSED: BASE[REHEARSED].replace("at_most: 4.05", "at_most: 9.0")}
    folder = history(tmp_path, base, {"head": loosened})

    assert said(review(folder, "base..head")) == ["weakened GATE-SMALL-001 limit"]
