"""Gates that were seen to fail on base, and have to be seen again."""

from specship.pull_request.reasons.disarmed import reasons
from tests.pull_request.merge_facts import changed, committed, facts, review, stale

RECORD, OTHER = frozenset({"evidence/arming/GATE-1.a.json"}), frozenset({"evidence/arming/GATE-1.b.json"})
OLD = committed(armings={"GATE-1": RECORD})


def test_a_record_that_is_gone_or_speaks_of_something_else() -> None:
    (gone,) = reasons(facts(base=OLD))
    assert gone.says == "GATE-1 was armed on base, and its record is gone"
    assert (gone.id, gone.path, gone.line) == ("GATE-1", "contracts/c-v1.yaml", 1)

    known = review(changed("GATE-1", "weakened", stale("GATE-1", "arming")))
    (told,) = reasons(facts(review=known, base=OLD, head=OLD))
    assert told.says.endswith("its record of arming speaks of what stood there before")


def test_a_gate_is_armed_while_nothing_speaks_against_its_record() -> None:
    stales = review(changed("GATE-1", "weakened", stale("GATE-1", "arming")))
    anew = committed(armings={"GATE-1": RECORD | OTHER})

    assert not list(reasons(facts(base=OLD, head=OLD)))
    assert not list(reasons(facts(review=stales, base=OLD, head=anew))), "a new record"
    evidence = review(changed("GATE-1", "weakened", stale("GATE-1", "evidence")))
    assert not list(reasons(facts(review=evidence, base=OLD, head=OLD))), "evidence alone went stale"
    other = review(changed("GATE-2", "weakened", stale("GATE-2", "arming")))
    assert not list(reasons(facts(review=other, base=OLD, head=OLD))), "of another gate"


def test_a_gate_that_is_gone_needs_no_arming() -> None:
    gone = committed(armings={"GATE-9": frozenset({"evidence/arming/GATE-9.a.json"})})

    assert not list(reasons(facts(base=gone)))
