"""A ledger that lost something since base, and where it is to be had."""

from specship.pull_request.reasons.evidence_lost import reasons
from tests.pull_request.merge_facts import committed, facts

FILE, ARMING = "evidence/a.json", "evidence/arming/GATE-1.a.json"


def test_what_is_gone_is_restored_from_the_commit_that_had_it() -> None:
    (told,) = reasons(facts(base=committed([FILE, ARMING]), head=committed([ARMING])))
    assert (told.id, told.says, told.path) == ("a.json", f"{FILE} is on base and not here", None)
    assert told.mend == f"restore it: git checkout {'0' * 12} -- {FILE}"

    packed = committed([FILE], packs={FILE: "evidence/packs/1.0.0.jsonl"})
    (told,) = reasons(facts(base=packed))
    assert told.mend.endswith(" -- evidence/packs/1.0.0.jsonl")


def test_other_bytes_are_a_loss() -> None:
    head = committed({FILE: "other", ARMING: "other"})
    told = list(reasons(facts(base=committed([FILE, ARMING]), head=head)))

    assert [(one.path, one.line) for one in told] == [(FILE, 1), (ARMING, 1)]
    assert told[0].says == f"{FILE} has other bytes than on base"


def test_a_ledger_that_grew_lost_nothing() -> None:
    """And a record of arming that is gone is a question of its own."""
    assert not list(reasons(facts(base=committed([FILE]), head=committed([FILE, ARMING]))))
    assert not list(reasons(facts(base=committed([FILE, ARMING]), head=committed([FILE]))))
