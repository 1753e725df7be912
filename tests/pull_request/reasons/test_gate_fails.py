"""Which failures stand in the way: those of blocking gates that no waiver on base excuses, until they are measured again."""

import pytest

from specship.pull_request.reasons.gate_fails import reasons
from specship.status.report import GateReport, Standing
from tests.pull_request.merge_facts import criterion, facts, gate, model, waiver

EXCUSED = {"waivers": (waiver("in force"),), "waived_before": frozenset({("GATE-1", "fails-1")})}
FAILS = gate("GATE-1", "fails-1", reason="val_loss 9\nis too high")
STALE = gate("GATE-1", fresh=False, reason="the bytes of run changed\nand more")


def side(*gates: GateReport, profile: str = "release"):  # type: ignore[no-untyped-def]
    return (model(0, [criterion("AC-1", Standing.FAILED, 100, *gates)], profile=profile),)


def test_a_failure_is_told_with_its_fingerprint_and_its_first_line() -> None:
    (told,) = reasons(facts(after=side(FAILS)))

    assert told.says == "GATE-1 fails at release (fails-1): val_loss 9"
    assert (told.id, told.path, told.line) == ("GATE-1", "contracts/c-v1.yaml", 1)


@pytest.mark.parametrize(
    "known",
    [
        {"after": side(gate("GATE-1"))},
        {"after": side(gate("GATE-1", "fails-1", blocking=False))},
        {"after": side(FAILS), **EXCUSED},
        {"before": side(FAILS), "after": side(gate("GATE-1"))},
        {"before": side(FAILS), "after": side(gate("GATE-1", fresh=False, blocking=False))},
        {"before": side(FAILS), "after": side(STALE), **EXCUSED},
        {"before": side(FAILS, profile="rehearsal"), "after": side(STALE)},
        {"before": side(gate("GATE-1")), "after": side(STALE)},
    ],
    ids=["passes", "advisory", "excused", "mended", "advisory since", "excused on base", "elsewhere", "passed"],
)  # fmt: skip
def test_what_is_no_failure(known: dict[str, object]) -> None:
    assert list(reasons(facts(**known))) == []


@pytest.mark.parametrize(
    "known",
    [
        {"waivers": (waiver("expired"),), "waived_before": EXCUSED["waived_before"]},
        {"waivers": EXCUSED["waivers"]},
        {"waivers": (waiver("in force", "fails-2"),), "waived_before": frozenset({("GATE-1", "fails-2")})},
    ],
    ids=["expired", "not on base", "of another failure"],
)
def test_a_waiver_that_excuses_something_else(known: dict[str, object]) -> None:
    assert len(list(reasons(facts(after=side(FAILS), **known)))) == 1
    assert len(list(reasons(facts(before=side(FAILS), after=side(STALE), **known)))) == 1


def test_a_failure_of_base_stands_until_it_is_measured_again() -> None:
    (told,) = reasons(facts(before=side(FAILS), after=side(STALE)))

    assert told.says == (
        "GATE-1 fails on base at release (fails-1), and is not measured here: the bytes of run changed"
    )
    assert (told.path, told.line) == ("contracts/c-v1.yaml", 1)
