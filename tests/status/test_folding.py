"""What several measurements of one gate amount to: credit needs everything, blame needs little."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from specship.contracts.judging import Verdict
from specship.evidence.attempt import Attempt
from specship.evidence.attempt_mark import Mark
from specship.evidence.ledger import AnyEntry, Ledger, gathered
from specship.evidence.signing import SigningKey, local_key
from specship.evidence.statement import ANNOUNCED, Evidence
from specship.specs.records import Model, Profile
from specship.status.assess import assess, ledger_problems
from specship.status.folding import GateStanding, standing
from tests.evidence.statements import ENVIRONMENT, GATE, NOW, announced, entry, evidence, ledger_of, today

BAD: dict[str, Any] = {"loss": 3.0, "verdict": "FAIL"}
BROKEN: dict[str, Any] = {"verdict": "ERROR", "measurement": None, "reason": "no space"}
AGAIN: dict[str, Any] = {"subjects": {"run": "f" * 64}}
OTHERWISE: dict[str, Any] = {"subjects": {"run": "f" * 64}, "ingredients": {"run": "2" * 16}}


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[SigningKey, SigningKey]:
    return local_key(tmp_path_factory.mktemp("own")), local_key(tmp_path_factory.mktemp("other"))


@pytest.fixture(scope="module")
def key(keys: tuple[SigningKey, SigningKey]) -> SigningKey:
    return keys[0]


def at(minutes: int, loss: float = 2.0, **changes: Any) -> Evidence:
    moment = NOW - timedelta(hours=1) + timedelta(minutes=minutes)
    return evidence(**{"loss": loss, "started": moment, "ended": moment} | changes)


def found(key: SigningKey, *results: Evidence, **changes: Any) -> GateStanding:
    return standing(today(key.public, **changes), ledger_of(key, *results).of_gate(GATE.id), now=NOW)


def test_making_the_stage_again_takes_no_failure_away(key: SigningKey) -> None:
    """New bytes are a new subject, of the same ingredients: the failure stays theirs."""
    remade = found(key, at(0, **BAD, **AGAIN), at(1))

    assert (remade.verdict, remade.fresh) == (Verdict.FAIL, True)
    assert remade.reason.startswith("FLAKY: 2 measurements of what the same ingredients gave disagree")
    assert found(key, at(0, **BAD, **AGAIN)).verdict == Verdict.FAIL


def test_an_honest_change_leaves_the_failure_behind(key: SigningKey) -> None:
    """Other code, settings or inputs are other ingredients; another limit or probe is another gate."""
    assert found(key, at(0, **BAD, **OTHERWISE), at(1)).verdict == Verdict.PASS
    assert found(key, at(0, gate_digest="9" * 64, **BAD), at(1)).verdict == Verdict.PASS


BLAMED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "old": ({"started": NOW - timedelta(days=900), "ended": NOW - timedelta(days=900)}, {"oldest": timedelta(days=1)}),
    "on files that are not committed": (
        {"environment": ENVIRONMENT.model_copy(update={"git_dirty": True})}, {"release": True},
    ),
    "under other settings of other stages": ({"profile_digest": "9" * 64}, {}),
    "at a profile of another name": ({"profile": "release"}, {}),
    "of the future": ({"started": NOW + timedelta(days=9), "ended": NOW + timedelta(days=9)}, {}),
}  # fmt: skip


@pytest.mark.parametrize("case", BLAMED)
def test_what_earns_nothing_can_still_be_held_against_the_gate(case: str, key: SigningKey) -> None:
    facts, changes = BLAMED[case]

    assert not found(key, at(0, **facts), **changes).fresh
    assert found(key, at(0, **BAD | facts), **changes).verdict == Verdict.FAIL
    assert found(key, at(0, **BAD | facts), at(1), **changes).reason.startswith("FLAKY")


def test_a_key_that_was_thrown_away_still_speaks_against(keys: tuple[SigningKey, SigningKey]) -> None:
    """And whoever forges a failure harms nobody but the own gate; a pass of that key earns nothing."""
    own, other = keys
    for result, verdict in ((at(0, **BAD), Verdict.FAIL), (at(0), Verdict.PASS)):
        ledger = gathered([*announced(other, result), *announced(own, at(1))], ())
        assert standing(today(own.public), ledger.of_gate(GATE.id), now=NOW).verdict == verdict
    alone = gathered(announced(other, at(0)), ())
    assert standing(today(own.public), alone.of_gate(GATE.id), now=NOW).verdict is None


UNANNOUNCED: dict[str, tuple[dict[str, Any], str]] = {
    "of another gate": ({"gate_digest": "9" * 64}, "its attempt announced another measurement"),
    "of other bytes": ({"subjects": {"run": "f" * 64}}, "its attempt announced another measurement"),
    "of other ingredients": ({"ingredients": {}}, "its attempt announced another measurement"),
    "later": ({"started": NOW}, "it began before it was announced"),
}


@pytest.mark.parametrize("case", UNANNOUNCED)
def test_a_result_that_was_not_announced_earns_nothing(case: str, key: SigningKey) -> None:
    changes, reason = UNANNOUNCED[case]
    entries = gathered(announced(key, at(0), **changes), ()).of_gate(GATE.id)

    assert standing(today(key.public), entries, now=NOW).reason == f"evidence refused: {reason}"


def test_an_attempt_of_nobody_or_of_another_key_announces_nothing(
    keys: tuple[SigningKey, SigningKey],
) -> None:
    own, other = keys
    attempt, _ = announced(other, at(0))
    bare, named = at(0), at(0, attempt=attempt.digest)
    for ledger, reason in (
        (gathered([entry(bare, own)], ()), "no attempt announced it"),
        (gathered([entry(named, own)], ()), "the attempt that announced it is missing"),
        (gathered([attempt, entry(named, own)], ()), "another key announced it"),
    ):
        known = standing(today(own.public), ledger.of_gate(GATE.id), now=NOW)
        assert (known.verdict, known.reason) == (None, f"evidence refused: {reason}")


def test_an_error_before_a_pass_is_said_and_one_after_it_counts(key: SigningKey) -> None:
    before, after = found(key, at(0, **BROKEN), at(1)), found(key, at(0), at(1, **BROKEN))

    assert (before.verdict, before.cautions) == (
        Verdict.PASS, ("before that it could not be measured: no space",),
    )  # fmt: skip
    assert (after.verdict, after.fresh, after.reason) == (Verdict.ERROR, True, "no space")


def begun(key: SigningKey, minutes: int, mark: Mark | None, *results: Evidence) -> Ledger:
    facts = {fact: getattr(at(minutes), fact) for fact in ANNOUNCED}
    attempt = entry(Attempt.model_validate(facts | {"started": at(minutes).started}), key)
    ledger = gathered([attempt, *(one for result in results for one in announced(key, result))], ())
    return replace(ledger, marks={attempt.digest: mark} if mark else {})


def test_an_interrupted_attempt_is_an_error_until_a_later_one_has_a_result(key: SigningKey) -> None:
    def known(ledger: Ledger) -> GateStanding:
        return standing(today(key.public), ledger.of_gate(GATE.id), now=NOW)

    said = "an attempt of 2026-03-01 11:01 UTC left no result: its judge was interrupted"
    alone, last = (known(begun(key, 1, Mark.INTERRUPTED, *results)) for results in ((), (at(0),)))
    mended = known(begun(key, 1, Mark.INTERRUPTED, at(2)))

    assert (alone.verdict, alone.reason) == (last.verdict, last.reason) == (Verdict.ERROR, said)
    assert (mended.verdict, mended.cautions) == (
        Verdict.PASS, (f"before that it could not be measured: {said}",),
    )  # fmt: skip
    assert known(begun(key, 1, Mark.UNDER_WAY, at(0))).cautions == ("it is being measured since 11:01 UTC",)


MODEL = Model.model_validate({
    "id": "MODEL-1", "title": "m",
    "criteria": tuple(
        {"id": f"AC-X-00{n}", "statement": "s", "weight": 50, "because": "b",
         "effort": {"gpu_hours": 0, "person_hours": 1}}
        for n in (1, 2)
    ),
})  # fmt: skip
PROFILE = Profile(profile="rehearsal", kind="rehearsal", summary="s")


def percent(key: SigningKey, ledger: Ledger) -> float:
    second = GATE.model_copy(update={"id": "GATE-A-002", "binds_to": ("AC-X-002",)})
    gates = [today(key.public), today(key.public, gate=second)]
    return assess(MODEL, PROFILE, gates, ledger, now=NOW).ship_percent


def test_a_result_that_was_taken_away_takes_all_credit_and_is_named(key: SigningKey) -> None:
    lost = begun(key, 1, None, at(0), at(0, gate="GATE-A-002"))
    (problem,) = ledger_problems(lost)

    assert percent(key, lost) == 0.0
    assert percent(key, begun(key, 1, Mark.UNDER_WAY, at(0), at(0, gate="GATE-A-002"))) == 100.0
    assert "GATE-A-001 was begun at 2026-03-01 11:01 UTC" in problem
    assert "its result is missing" in problem


class Step(NamedTuple):
    """One thing that a judge did."""

    gate: str
    what: str
    remade: bool
    """Whether the artifact had other bytes then."""
    otherwise: bool
    """Whether it was made of something else."""
    own: bool
    """Whether the key counts."""


STEPS = st.lists(
    st.builds(
        Step,
        st.sampled_from([GATE.id, "GATE-A-002"]),
        st.sampled_from(["pass", "pass", "fail", "error", "killed"]),
        st.booleans(), st.booleans(), st.sampled_from([True, True, True, False]),
    ),
    max_size=6,
)  # fmt: skip
RESULTS: dict[str, dict[str, Any]] = {"pass": {}, "fail": BAD, "error": BROKEN}


def act(keys: tuple[SigningKey, SigningKey], step: Step, entries: list[AnyEntry], marked: set[str]) -> None:
    """What a judge leaves, below the heads of its time."""
    signer = keys[0] if step.own else keys[1]
    about = {"gate": step.gate, **(AGAIN if step.remade else {}), **(OTHERWISE if step.otherwise else {})}
    result = at(len(entries), **RESULTS.get(step.what, {}) | about)
    facts = {fact: getattr(result, fact) for fact in ANNOUNCED} | {"started": result.started}
    attempt = entry(Attempt.model_validate(facts | {"parents": gathered(entries, ()).heads}), signer)
    entries.append(attempt)
    if step.what == "killed":
        marked.add(attempt.digest)
    else:
        named = {"attempt": attempt.digest, "parents": (attempt.digest,)}
        entries.append(entry(result.model_copy(update=named), signer))


def acted(keys: tuple[SigningKey, SigningKey], steps: Iterable[Step]) -> tuple[list[AnyEntry], set[str]]:
    """The entries that judges leave, and the attempts that have a mark."""
    entries: list[AnyEntry] = []
    marked: set[str] = set()
    for step in steps:
        act(keys, step, entries, marked)
    return entries, marked


def ledger(entries: Iterable[AnyEntry], marked: set[str]) -> Ledger:
    return replace(gathered(entries, ()), marks=dict.fromkeys(marked, Mark.INTERRUPTED))


FEW = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FEW
@given(steps=STEPS, seed=st.integers(0, 9))
def test_the_order_of_files_is_no_matter_and_a_failure_never_helps(
    keys: tuple[SigningKey, SigningKey], steps: list[Step], seed: int
) -> None:
    entries, marked = acted(keys, steps)
    shuffled = sorted(entries, key=lambda one: one.digest[seed:])
    before = percent(keys[0], ledger(entries, marked))

    assert percent(keys[0], ledger(shuffled, marked)) == before
    for what, own in (("fail", True), ("fail", False), ("error", True), ("killed", True)):
        more = [*entries], {*marked}
        act(keys, Step(GATE.id, what, seed % 2 == 0, False, own), *more)
        assert percent(keys[0], ledger(*more)) <= before


@FEW
@given(steps=STEPS)
def test_taking_an_entry_away_never_helps(keys: tuple[SigningKey, SigningKey], steps: list[Step]) -> None:
    """But for an interrupted attempt that nobody names yet: nothing came of it, and nothing remembers it."""
    entries, marked = acted(keys, steps)
    before = percent(keys[0], ledger(entries, marked))
    heads = gathered(entries, ()).heads
    for gone in entries:
        if gone.digest in marked and gone.digest in heads:
            continue
        rest = ledger((one for one in entries if one is not gone), marked)
        assert percent(keys[0], rest) <= before
        assert ledger_problems(rest) or gone.digest in heads
