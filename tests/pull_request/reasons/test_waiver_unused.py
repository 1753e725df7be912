"""Waivers that nobody needs, and those that a change brings along itself."""

from specship.pull_request.reasons.waiver_unused import reasons
from tests.pull_request.merge_facts import facts, waiver

ON_BASE = frozenset({("GATE-1", "fails-1")})


def test_a_waiver_is_taken_away_once_base_has_it_and_nothing_fails() -> None:
    (told,) = reasons(facts(waivers=(waiver("unused"),), waived_before=ON_BASE, folder="project"))
    assert told.says == "waivers/w.yaml: GATE-1 does not fail with fails-1"
    assert (told.path, told.line) == ("project/waivers/w.yaml", 2)

    assert not list(reasons(facts(waivers=(waiver("in force"),), waived_before=ON_BASE)))
    assert not list(reasons(facts(waivers=(waiver("unused"),)))), "it is not on base"
    assert not list(reasons(facts(waivers=(waiver("unused", "fails-2"),), waived_before=ON_BASE)))
