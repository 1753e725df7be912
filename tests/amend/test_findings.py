"""What an amendment says, held against what the change does: each way in which both can differ."""

from typing import Any

import pytest

from specship.amend.findings import amendment_findings
from specship.contracts.building import build
from specship.contracts.document import document_of
from specship.review.records import Change, Direction, Review
from specship.specs.records import Amendment

TEXT = """\
bump: major
after: 1.0.0
why: The limit was out of reach.
changes:
  - {id: GATE-A-001, what: Its limit is higher.}
"""
POINTERS = {"GATE-A-001", "0001-it-begins.yaml", "a" * 64}


def change(identity: str = "GATE-A-001", direction: Direction = Direction.WEAKENED, **more: Any) -> Change:
    facts = {"id": identity, "about": "gate", "kind": "limit", "direction": direction,
             "says": f"{identity}: loss at most 2.2 → at most 4.7", "path": "contracts/a-v1.yaml", "line": 9}  # fmt: skip
    return Change.model_validate(facts | more)


def found(text: str, *changes: Change, given: tuple[str, ...] = ("REC-1",)) -> list[str]:
    """Kind and line of each finding."""
    document = document_of(text.encode(), "amendments/0002-x.yaml")
    review = Review(base="main", head="the working tree", base_commit="0" * 40, changes=changes)
    new = {"0002-x.yaml": (build(document, Amendment), document)}
    findings = amendment_findings(new, review, pointers=POINTERS, given=given)
    assert all(one.why and one.mend for one in findings)
    return [f"{one.kind} {one.place.split(':')[1]}" for one in findings]


def test_what_says_what_the_diff_does_is_fine() -> None:
    assert found(TEXT, change()) == []
    assert found(TEXT + "lessons: [Measure before a limit is set.]\n", change()) == []


def test_a_change_without_an_amendment() -> None:
    review = Review(base="main", head="x", base_commit="0" * 40, changes=(change(),))
    (one,) = amendment_findings({}, review, pointers=POINTERS)

    assert (one.kind, one.place) == ("no-amendment", "contracts/a-v1.yaml:9:1")
    words = review.model_copy(update={"changes": (change(direction=Direction.NEUTRAL),)})
    assert amendment_findings({}, words, pointers=POINTERS) == ()


@pytest.mark.parametrize(
    ("direction", "bump", "enough"),
    [(direction, bump, bump == "major" or (bump == "minor" and number > 3))
     for number, direction in enumerate(Direction) for bump in ("minor", "major") if direction != "neutral"],
)  # fmt: skip
def test_a_step_that_is_too_small(direction: Direction, bump: str, enough: bool) -> None:
    text = TEXT.replace("bump: major", f"bump: {bump}")

    assert found(text, change(direction=direction)) == ([] if enough else ["bump-too-small 1"])


def test_a_change_that_it_does_not_name_and_one_that_is_none() -> None:
    assert found(TEXT, change(), change("GATE-B-001", Direction.STRENGTHENED)) == ["not-named 4"]
    assert found(TEXT, change("GATE-B-001", was="GATE-A-001")) == []
    assert found(TEXT) == ["did-not-change 5"]
    assert found(TEXT, change("GATE-B-001")) == ["not-named 4", "did-not-change 5"]


@pytest.mark.parametrize("claim", [
    "This weakens nothing.", "Nothing is weakened.", "It loosens no limit.", "No ship-blocking gate is relaxed.",
    "It does not weaken any gate.", "All limits stay.", "Reported without weakening a gate.", "It only tightens.",
])  # fmt: skip
def test_a_claim_that_nothing_becomes_weaker(claim: str) -> None:
    text = TEXT.replace("The limit was out of reach.", claim)

    for direction in (Direction.WEAKENED, Direction.REMOVED, Direction.INCOMPARABLE):
        assert found(text, change(direction=direction)) == ["refuted-claim 3"]
    assert found(text, change(direction=Direction.STRENGTHENED)) == []
    assert found(text, change(direction=Direction.OTHERWISE)) == []


@pytest.mark.parametrize("claim", ["It removes nothing.", "No gate was dropped.", "It never removes a gate."])
def test_a_claim_that_nothing_goes(claim: str) -> None:
    text = TEXT.replace("The limit was out of reach.", claim)

    assert found(text, change(direction=Direction.REMOVED)) == ["refuted-claim 3"]
    assert found(text, change()) == []


@pytest.mark.parametrize(
    "claim", ["Only wording.", "Merely a typo.", "No change of meaning.", "It changes nothing."]
)
def test_a_claim_that_only_words_change(claim: str) -> None:
    text = TEXT.replace("Its limit is higher.", claim)

    assert found(text, change(direction=Direction.STRENGTHENED)) == ["refuted-claim 5"]
    assert found(text, change(direction=Direction.NEUTRAL)) == []


def test_a_claim_about_one_id_is_held_against_that_id() -> None:
    text = TEXT.replace("Its limit is higher.", "Its limit is stricter.")

    assert found(text, change()) == ["refuted-claim 5"]
    assert found(text, change(direction=Direction.STRENGTHENED)) == []


CLOSED = "recommendations:\n  - {id: REC-1, what: Do it., state: RESOLVED, pointer: POINTER}\n"


@pytest.mark.parametrize(
    ("pointer", "leads"),
    [
        ("GATE-A-001", True), ("0001-it-begins.yaml", True), ("a" * 12, True), ('"sha256:' + "a" * 64 + '"', True),
        ("done", False), ("GATE-A-002", False), ("b" * 12, False), ("a" * 11, False), ("see the chat", False),
    ],
)  # fmt: skip
def test_advice_is_closed_by_something_that_is_there(pointer: str, leads: bool) -> None:
    text = TEXT + CLOSED.replace("POINTER", pointer)

    assert found(text, change()) == ([] if leads else ["bad-pointer 7"])


def test_advice_that_nobody_gave_is_not_closed() -> None:
    text = TEXT + CLOSED.replace("POINTER", "GATE-A-001")

    assert found(text, change(), given=()) == ["bad-pointer 7"]


@pytest.mark.parametrize(
    "typed", ["57%", "57 %", "57.5 percent", "57 per cent", "1,5 %", "57٪", "5 percentage points"]
)
def test_a_percentage_that_somebody_typed(typed: str) -> None:
    assert found(TEXT.replace("out of reach", f"why we stood at {typed}"), change()) == ["typed-percentage 3"]
    assert found(TEXT + f'lessons: ["At {typed} we believed it."]\n', change()) == ["typed-percentage 6"]


def test_a_limit_that_the_diff_itself_moves_is_no_figure_of_ones_own() -> None:
    text = TEXT.replace("Its limit is higher.", "From 30 % to 5 % of the problems.")
    moved = change(before="at least 30 %", after="at least 5 %")

    assert found(text, moved) == []
    assert found(text, change()) == ["typed-percentage 5"] * 2


def test_what_an_audit_says_is_not_our_prose() -> None:
    origin = f"{{audit: a.md, sha256: {'a' * 64}, place: line 1}}"
    text = TEXT + f'recommendations:\n  - {{what: "30 % is untested.", state: OPEN, origin: {origin}}}\n'

    assert found(text, change()) == []
