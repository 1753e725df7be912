"""Statements that nobody signed whom base trusts."""

from specship.pull_request.reasons.unknown_signer import reasons
from tests.pull_request.merge_facts import committed, facts


def test_each_is_told_at_its_file_in_order() -> None:
    head = committed(unsigned={"evidence/b.json": "of B", "evidence/a.json": "of A"})

    told = [(one.id, one.says, one.path, one.line) for one in reasons(facts(head=head))]

    assert told == [("a.json", "of A", "evidence/a.json", 1), ("b.json", "of B", "evidence/b.json", 1)]
    assert not list(reasons(facts()))
