"""Arming: a record counts for the limits that its values break today, and for no other."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specship.contracts.digest import gate_digest
from specship.contracts.expectation import Expectation
from specship.contracts.records import Gate
from specship.evidence.arming import (
    NAMES_NO_FAULT,
    NEVER_SEEN,
    Arming,
    FaultSeen,
    LimitsSeen,
    OpenedArming,
    SeenFailing,
    limits_seen,
    read_armings,
    write_arming,
)
from specship.evidence.signing import local_key
from specship.status.assess import limit_reports
from specship.units import Quantity, Value
from tests.evidence.statements import ENVIRONMENT

Fails = Mapping[str, Iterable[tuple[str, Value, str]]]
CODES = {"frozen-weights": "c" * 64, "loss-typed-in": "d" * 64}
BROKEN: Fails = {
    "frozen-weights": [("loss", 7.0, "nats/token")],
    "loss-typed-in": [("placeholders", 12, "steps"), ("kept", "no", "text")],
}


def gate(**changes: Any) -> Gate:
    """Three limits, each broken by a fault."""
    facts: dict[str, Any] = {
        "id": "GATE-A-001", "rule": "The loss is low.", "binds_to": ("AC-X-001",), "ship_blocking": True, "probe": "a.loss",
        "expect": {
            "loss": {"at_most": 2.2, "unit": "nats/token"}, "placeholders": {"equals": 0, "unit": "steps"},
            "kept": {"equals": "yes", "unit": "text"},
        },
        "falsified_by": {"frozen-weights": ("loss",), "loss-typed-in": ("placeholders", "kept")},
    }  # fmt: skip
    return Gate.model_validate(facts | changes)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("arming")


def record(folder: Path, fails: Fails, digest: str = "a" * 64) -> tuple[OpenedArming, ...]:
    """One record of the gate, signed, written and read back."""
    key = local_key(folder / "key")
    arming = Arming(
        gate="GATE-A-001", contract="contracts/a-v1.yaml", profile="micro", gates={"micro": digest, "release": digest},
        faults={
            name: FaultSeen(
                code=CODES[name], evidence="e" * 64,
                fails=tuple(SeenFailing(quantity=q, value=v, unit=u, limit="") for q, v, u in entries),
            )
            for name, entries in fails.items()
        },
        environment=ENVIRONMENT, ended=datetime.now(UTC),
    )  # fmt: skip
    write_arming(folder, arming, key)
    opened, damaged = read_armings(folder, keys=frozenset({key.public}))
    assert not damaged
    return opened


def seen(folder: Path, fails: Fails, today: Gate | None = None, *, profile: str = "release") -> LimitsSeen:
    digests = {"micro": "a" * 64, "release": "a" * 64}
    return limits_seen(today or gate(), digests, CODES, record(folder, fails), profile=profile)


def test_a_record_that_breaks_every_limit_arms(folder: Path) -> None:
    assert seen(folder, BROKEN) == LimitsSeen(frozenset({"loss", "placeholders", "kept"}), "")


@pytest.mark.parametrize(
    ("value", "unit"),
    [
        (2.2, "nats/token"), (-1, "nats/token"), (None, "nats/token"), ("7.0", "nats/token"), (True, "nats/token"),
        (7.0, "bits/byte"), (7.0, "text"),
    ],
)  # fmt: skip
def test_a_record_whose_values_break_nothing_is_refused(folder: Path, value: Value, unit: str) -> None:
    """Names alone were once compared, and such a record armed its gate."""
    known = seen(folder, {**BROKEN, "frozen-weights": [("loss", value, unit)]})

    assert not known.seen
    assert "its arming is refused at release: under frozen-weights it records loss = " in known.unarmed
    assert known.unarmed.endswith("which does not break ≤ 2.2 nats/token")


def test_of_two_values_of_one_limit_both_must_break_it(folder: Path) -> None:
    twice = [("loss", 7.0, "nats/token"), ("loss", 1.0, "nats/token")]

    assert "records loss = 1 nats/token" in seen(folder, {**BROKEN, "frozen-weights": twice}).unarmed


@pytest.mark.parametrize(
    ("fails", "why"),
    [
        ({**BROKEN, "frozen-weights": []}, "it was not seen to fail in loss on frozen-weights"),
        ({"frozen-weights": BROKEN["frozen-weights"]}, "it was not seen to fail in placeholders on loss-typed-in"),
    ],
)  # fmt: skip
def test_what_a_record_does_not_say_was_not_seen(folder: Path, fails: Fails, why: str) -> None:
    assert why in seen(folder, fails).unarmed


def test_a_limit_of_today_is_what_counts(folder: Path) -> None:
    """The digests of a forged record can be today's; the values are judged all the same."""
    looser = gate(expect={**gate().model_dump()["expect"], "loss": {"at_most": 1e12, "unit": "nats/token"}})

    assert "which does not break" in seen(folder, BROKEN, looser).unarmed


def test_a_limit_that_no_fault_breaks_rides_along_no_longer(folder: Path) -> None:
    known = seen(folder, BROKEN, gate(falsified_by={"frozen-weights": ("loss",)}))

    assert known == LimitsSeen(frozenset({"loss"}), "nobody has seen placeholders, kept fail")


def test_an_excused_limit_is_counted_apart(folder: Path) -> None:
    excused = gate(
        falsified_by={"frozen-weights": ("loss",)},
        unfalsified={"placeholders": "No step is typed.", "kept": "Nothing is lost."},
    )
    known = seen(folder, BROKEN, excused)

    assert not known.unarmed
    assert [(limit.quantity, limit.seen, limit.why) for limit in limit_reports(excused, known.seen)] == [
        ("loss", "seen", ""),
        ("placeholders", "excused", "No step is typed."),
        ("kept", "excused", "Nothing is lost."),
    ]


def test_a_limit_that_a_profile_drops_is_passed_over(folder: Path) -> None:
    kept = {name: limit for name, limit in gate().expect.items() if name != "placeholders"}
    none_left = {"loss": gate().expect["loss"]}

    assert seen(folder, BROKEN, gate().model_copy(update={"expect": kept})).unarmed == ""
    assert "none of its limits is one that loss-typed-in breaks" in (
        seen(folder, BROKEN, gate().model_copy(update={"expect": none_left})).unarmed
    )


def test_without_faults_or_records() -> None:
    assert limits_seen(gate(falsified_by=()), {}, {}, (), profile="micro").unarmed == NAMES_NO_FAULT
    assert limits_seen(gate(), {}, {}, (), profile="micro").unarmed == NEVER_SEEN


def test_which_limits_are_excused_is_part_of_the_digest_and_the_words_are_not() -> None:
    plain, excused, reworded = (
        gate_digest(gate(**changes), probe_code="")
        for changes in (
            {"falsified_by": {"frozen-weights": ("loss", "kept")}},
            {"falsified_by": {"frozen-weights": ("loss", "kept")}, "unfalsified": {"placeholders": "None."}},
            {"falsified_by": {"frozen-weights": ("loss", "kept")}, "unfalsified": {"placeholders": "Never."}},
        )
    )

    assert plain != excused == reworded


_NUMBERS = st.integers(-20, 20) | st.floats(-20, 20, allow_nan=False)
_ENDS = st.tuples(_NUMBERS, _NUMBERS).map(lambda ends: {"between": tuple(sorted(ends))})
_LIMITS: st.SearchStrategy[dict[str, Any]] = (
    st.builds(
        lambda operator, limit: {operator: limit},
        st.sampled_from(["at_most", "at_least", "below", "above", "equals"]),
        _NUMBERS,
    )
    | _ENDS
)
_VALUES = _NUMBERS | st.none() | st.booleans() | st.text(max_size=3)


@settings(max_examples=60, deadline=None)
@given(limit=_LIMITS, value=_VALUES, unit=st.sampled_from(["nats/token", "text", "bits/byte"]))
def test_a_record_whose_values_meet_a_limit_never_arms(
    folder: Path, limit: dict[str, Any], value: Value, unit: str
) -> None:
    expectation = Expectation.model_validate({**limit, "unit": "nats/token"})
    today = gate(expect={"loss": expectation}, falsified_by={"frozen-weights": ("loss",)})
    armed = not seen(folder, {"frozen-weights": [("loss", value, unit)]}, today).unarmed
    number = isinstance(value, int | float) and not isinstance(value, bool)

    assert armed == (unit == "nats/token" and number and not expectation.holds(Quantity(value, "nats/token")))
