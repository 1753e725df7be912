"""Floors of releases, and numbers that may not fall."""

from specship.pull_request.reasons.below_floor import reasons
from specship.review.records import ShipPercent
from tests.pull_request.merge_facts import facts, review, ships


def says(*entries: ShipPercent, floor: float | None = None, fall: bool = False) -> list[str]:
    return [told.says for told in reasons(facts(review=review(ship_percent=entries), floor=floor, fall=fall))]


def test_a_floor_holds_for_releases_alone() -> None:
    assert says(ships(70, 60), floor=60) == []
    assert says(ships(70, 60), ships(0, 0, "rehearsal"), floor=60.5) == [
        "MODEL-1 ships 60 % at release, and 60.5 % are demanded"
    ]
    assert says(ships(70, 60)) == []


def test_without_a_release_no_floor_is_reached() -> None:
    told = ["no model has a release, and 1 % of one are demanded"]

    assert says(ships(0, 100, "rehearsal"), floor=1) == told
    assert says(ships(70, None), floor=1) == told
    assert says(floor=0) == []
    assert says() == []


def test_no_number_may_fall_where_that_is_asked() -> None:
    assert says(ships(70, 70), ships(0, 1, "rehearsal"), ships(None, 0, "new"), fall=True) == []
    assert says(ships(70, 69), fall=True) == ["MODEL-1 at release falls from 70 % to 69 %"]
    assert says(ships(0.5, None), fall=True) == ["MODEL-1 at release falls from 0.5 % to 0 %"]
    assert says(ships(0, None), fall=True) == [], "what earned nothing is gone"
