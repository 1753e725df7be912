"""What demands a major step, and whether somebody wrote it down."""

from specship.pull_request.reasons.weakening_not_named import reasons
from specship.review.records import Spot
from tests.pull_request.merge_facts import changed, facts, review


def test_what_is_gone_has_no_place_and_what_is_named_is_no_reason() -> None:
    head = Spot(path="contracts/c-v1.yaml", line=7)
    known = review(
        changed("GATE-1", "weakened", head=head), changed("GATE-2", "removed"), changed("GATE-3", "weakened"),
        changed("GATE-4", "strengthened"), unnamed=("GATE-1", "GATE-2", "GATE-4"),
    )  # fmt: skip

    told = list(reasons(facts(review=known)))

    assert [(one.id, one.path, one.line) for one in told] == [
        ("GATE-1", "contracts/c-v1.yaml", 7),
        ("GATE-2", None, None),
    ]
    assert told[0].says == "GATE-1 is another one"
