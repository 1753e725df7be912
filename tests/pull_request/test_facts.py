"""What follows from what is known of a change."""

from specship.status.report import GateReport, Standing
from tests.pull_request.merge_facts import (
    changed,
    committed,
    criterion,
    facts,
    gate,
    model,
    review,
    stale,
    waiver,
)


def side(*gates: GateReport, profile: str = "release"):  # type: ignore[no-untyped-def]
    return (model(0, [criterion("AC-1", Standing.OPEN, 100, *gates)], profile=profile),)


def test_evidence_that_counts_no_more_although_nothing_changed() -> None:
    old, gone = side(gate("GATE-1"), gate("GATE-2")), side(gate("GATE-1"), gate("GATE-2", fresh=False))

    assert facts(before=old, after=old).outdated == 0
    assert facts(before=old, after=gone).outdated == 1
    assert facts(before=old).outdated == 2
    assert facts(before=gone, after=old).outdated == 0
    assert facts(before=gone, after=side(gate("GATE-1"))).outdated == 0, "it was stale before"


def test_what_a_change_of_a_demand_makes_stale_is_counted_there() -> None:
    old = side(gate("GATE-1"), gate("GATE-2"))

    def outdated(gate_named: str, profile: str) -> int:
        known = review(changed("x", "weakened", stale(gate_named, "evidence", profile)))
        return facts(before=old, review=known).outdated

    assert outdated("GATE-1", "release") == 1
    assert outdated("GATE-1", "rehearsal") == 2
    assert outdated("*", "release") == 0
    assert outdated("*", "rehearsal") == 2


def test_a_failure_is_excused_while_its_waiver_is_in_force_on_both_sides() -> None:
    both = frozenset({("GATE-1", "fails-1"), ("GATE-2", "fails-1")})
    known = facts(waivers=(waiver("in force"), waiver("unused", identity="GATE-2")), waived_before=both)

    assert known.excused == {("GATE-1", "fails-1")}
    assert facts(waivers=known.waivers).excused == frozenset()


def test_what_is_new_was_measured_anew() -> None:
    base = committed(["a"], gates={"a": "GATE-1"})
    head = committed(["a", "b", "keys"], gates={"a": "GATE-1", "b": "GATE-2"})

    assert facts(base=base, head=head).new_evidence == {"b", "keys"}
    assert facts(base=base, head=head).measured_anew == {"GATE-2"}


def test_each_gate_is_told_once_for_each_profile() -> None:
    one = criterion("AC-1", Standing.OPEN, 50, gate("GATE-1"), gate("GATE-2"))
    two = criterion("AC-2", Standing.OPEN, 50, gate("GATE-2"))
    known = facts()

    told = known.gates((model(0, [one, two]), model(0, [one], profile="rehearsal")))

    assert [(at.profile, entry.id) for at, entry in told] == [
        ("release", "GATE-1"),
        ("release", "GATE-2"),
        ("rehearsal", "GATE-1"),
        ("rehearsal", "GATE-2"),
    ]


def test_places_lie_within_the_repository() -> None:
    assert facts(folder="project").inside("contracts/c.yaml") == "project/contracts/c.yaml"
    weak = changed("GATE-1", "weakened")
    assert list(facts(review=review(weak, changed("GATE-2", "added"))).weakenings()) == [weak]
