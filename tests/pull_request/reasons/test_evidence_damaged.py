"""What is damaged or missing in a ledger, each told on one line."""

from specship.pull_request.reasons.evidence_damaged import reasons
from tests.pull_request.merge_facts import committed, facts


def test_each_problem_is_told_by_its_first_line() -> None:
    told = list(reasons(facts(head=committed(problems=("a hole\n  why: so", "damage")))))

    assert [(one.id, one.says) for one in told] == [("ledger", "a hole"), ("ledger", "damage")]
    assert not list(reasons(facts(base=committed(problems=("a hole",))))), "base's own are not the change's"
