"""What explains a number that rises: new evidence of a criterion, and nothing else."""

from specship.pull_request.facts import MergeFacts
from specship.pull_request.reasons.rise_without_evidence import reasons
from specship.status.report import Standing
from tests.pull_request.merge_facts import committed, criterion, facts, gate, model

PASSES, OPEN, APART = Standing.DISCHARGED, Standing.OPEN, Standing.NOT_JUDGED


def state(one: Standing, two: Standing, weights: tuple[int, int] = (60, 40), percent: float = 0.0):  # type: ignore[no-untyped-def]
    """Two criteria of a gate each, and a third that the profile does not judge."""
    criteria = (
        criterion("AC-1", one, weights[0], gate("GATE-1")),
        criterion("AC-2", two, weights[1], gate("GATE-2")),
        criterion("AC-3", APART, 900, gate("GATE-3")),
    )
    earned = sum(entry.weight for entry in criteria if entry.status == PASSES)
    return (model(percent or 100.0 * earned / sum(weights), criteria),)


def measured(*gates: str) -> dict[str, object]:
    """New evidence of some gates."""
    return {"head": committed(gates, gates={name: name for name in gates})}


def says(known: MergeFacts) -> list[str]:
    return [entry.says for entry in reasons(known)]


def test_a_rise_that_new_evidence_explains_is_none() -> None:
    before, after = state(PASSES, OPEN), state(PASSES, PASSES)

    assert says(facts(before=before, after=after, **measured("GATE-2"))) == []
    assert says(facts(before=before, after=after, on_base=state(PASSES, PASSES))) == [], (
        "by base's demands too"
    )
    assert says(facts(before=before, after=before)) == []
    assert says(facts(before=after, after=before)) == [], "a fall is no rise"


def test_evidence_of_another_criterion_explains_nothing() -> None:
    before, after = state(PASSES, OPEN), state(PASSES, PASSES)

    told = ["MODEL-1 at release rises from 60 % to 100 %, and new evidence explains 0 % of it"]
    assert says(facts(before=before, after=after)) == told
    assert says(facts(before=before, after=after, **measured("GATE-3"))) == told
    assert says(facts(before=before, after=after, **measured("GATE-1"))) == told, "it was discharged before"


def test_what_was_measured_and_failed_explains_nothing() -> None:
    before, after = state(OPEN, PASSES, (90, 10)), state(OPEN, PASSES, (40, 60))

    (told,) = says(facts(before=before, after=after, **measured("GATE-1")))
    assert told.endswith("rises from 10 % to 60 %, and new evidence explains 0 % of it")


def test_a_part_of_a_rise_is_explained_by_the_weight_that_was_judged() -> None:
    before, after = state(PASSES, OPEN, (10, 90)), state(PASSES, PASSES, (60, 40))

    (told,) = says(facts(before=before, after=after, **measured("GATE-2")))
    assert told == "MODEL-1 at release rises from 10 % to 100 %, and new evidence explains 40 % of it"


def test_half_a_percent_is_a_rise_and_rounding_is_none() -> None:
    before = state(PASSES, OPEN)

    assert says(facts(before=before, after=state(PASSES, OPEN, percent=60.5)))
    assert not says(facts(before=before, after=state(PASSES, OPEN, percent=60.0 + 1e-9)))


def test_a_model_that_base_does_not_have_rises_from_nothing() -> None:
    """All that it shows is measured: evidence names its model and its profile."""
    assert says(facts(after=state(PASSES, PASSES))) == []
