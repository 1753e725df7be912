"""The screen of a review: short, in order, and safe to print."""

import pytest

from specship.report.formats import REVIEW, Display, render
from specship.review.records import Change, Direction, Review, ShipPercent, Stale, bump_of


def change(identity: str, direction: Direction, says: str, **more: object) -> Change:
    facts = {
        "id": identity,
        "about": "gate",
        "kind": "limit",
        "path": "c.yaml",
        "line": 3,
        "bump": bump_of(direction),
    }
    return Change.model_validate({**facts, "direction": direction, "says": says, **more})


def shown(*changes: Change, **more: object) -> str:
    facts = {"base": "main", "head": "HEAD", "base_commit": "0" * 40, "changes": changes}
    return render(REVIEW, "text", Review.model_validate({**facts, **more}))


def test_weakenings_stand_first_and_words_are_cut_short() -> None:
    words = [change(f"GATE-{n}", Direction.NEUTRAL, f"GATE-{n} is put in other words") for n in range(30)]
    text = shown(
        *words, change("GATE-X", Direction.WEAKENED, "GATE-X: looser", tightens_too=True)
    ).splitlines()

    assert text[0] == "main → HEAD: 1 weakened, 30 neutral"
    assert text[2:4] == ["WEAKENED", "  GATE-X: looser (something else fails now that passed)"]
    assert "  and 22 more; --format json has them all" in text
    assert len(text) < 40, "one screen"


def test_probes_that_changed_for_one_reason_share_a_line() -> None:
    probes = [
        change(name, Direction.OTHERWISE, f"{name} measures otherwise: lib.py: count", about="probe", kind="code",
               stales=[Stale(gate="GATE-1", profile="release", what="evidence")])
        for name in ("a.b", "c.d", "e.f", "g.h")
    ]  # fmt: skip
    text = shown(*probes)

    assert "4 probes (a.b, c.d, e.f, …) measure otherwise: lib.py: count" in text
    assert "c.yaml:3; stale: evidence at release" in text


def test_what_goes_stale_is_named_shortly() -> None:
    gates = [Stale(gate=f"GATE-{n}", profile="release", what="evidence") for n in range(5)]
    every = [Stale(gate="*", model="MODEL-2", profile="release", what="evidence")]

    assert "stale: evidence of GATE-0, GATE-1, GATE-2 and 2 more at release" in shown(
        change("a", Direction.ADDED, "a", stales=gates)
    )
    assert "stale: evidence of every gate of MODEL-2 at release" in shown(
        change("a", Direction.ADDED, "a", stales=every)
    )


def test_control_characters_move_no_cursor_and_colours_are_for_terminals() -> None:
    found = Review(
        base="main",
        head="HEAD",
        base_commit="0",
        changes=(change("a", Direction.REMOVED, "a\x1b[2J is gone"),),
    )

    assert "a\\x1b[2J is gone" in render(REVIEW, "text", found)
    assert "\x1b[1;31mREMOVED\x1b[0m" in render(REVIEW, "text", found, Display(colour=True))


def test_a_side_without_a_model_has_no_percentage() -> None:
    line = ShipPercent(model="MODEL-1", profile="release", before=None, after=12.5, on_base=None)

    assert "MODEL-1 release        -   12.5 %        -" in shown(ship_percent=[line])
    assert "nothing changed in meaning" in shown()


@pytest.mark.parametrize("face", ["text", "markdown", "json"])
def test_exceptions_stand_beside_the_number(face: str) -> None:
    waiver = {
        "gate": "GATE-A-003", "fingerprint": "fails-0123456789ab", "owner": "ada", "reason": "It comes <b>.",
        "issue": "https://example.org/7", "expires": "2027-01-31",
    }  # fmt: skip
    percent = ShipPercent(model="MODEL-1", profile="release", before=60, after=60, on_base=60)
    facts = {
        "base": "main",
        "head": "HEAD",
        "base_commit": "0" * 40,
        "ship_percent": (percent,),
        "waivers": (waiver,),
    }
    text = render(REVIEW, face, Review.model_validate(facts))

    assert text.index("MODEL-1") < text.index("fails-0123456789ab") < text.index("2027-01-31")
    assert ("<b>" in text) == (face != "markdown")
