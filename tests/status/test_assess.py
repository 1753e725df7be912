"""From evidence to status: what counts, what does not, and why."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specship.contracts.judging import Verdict
from specship.contracts.records import Requires
from specship.evidence.ledger import Ledger
from specship.evidence.signing import SigningKey, local_key
from specship.evidence.statement import Evidence
from specship.specs.records import Model, Profile
from specship.status.assess import assess, ship_percent
from specship.status.folding import standing
from specship.status.report import CriterionReport, Standing
from tests.evidence.statements import ENVIRONMENT, GATE, NOW, evidence, ledger_of, ring_of, today


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> SigningKey:
    return local_key(tmp_path_factory.mktemp("state"))


def verdict(key: SigningKey, *entries: Evidence, **changes: Any) -> tuple[Verdict | None, bool, str]:
    known = standing(today(key.public, **changes), ledger_of(key, *entries).of_gate("GATE-A-001"), now=NOW)
    return known.verdict, known.fresh, known.reason


def test_fresh_pass_counts(key: SigningKey) -> None:
    assert verdict(key, evidence())[:2] == (Verdict.PASS, True)


STALE: dict[str, tuple[dict[str, Any], str]] = {
    "gate": ({"gate_digest": "f" * 64}, "limit, probe, requirement or faults changed"),
    "profile": ({"profile_digest": "f" * 64}, "settings of profile rehearsal changed"),
    "bytes": ({"subjects": {"run": "f" * 64}}, "the bytes of run changed"),
    "gone": ({"subjects": {"run": None}}, "the artifact run is not there"),
    "judge": ({"judging_code": "e" * 64}, "judged by other code of specship: 0.0.1"),
    "others": ({"subjects": {"run": "e" * 64, "gguf": "f" * 64}}, "it measured other artifacts"),
}


@pytest.mark.parametrize("case", STALE)
def test_evidence_about_something_else_is_stale(case: str, key: SigningKey) -> None:
    changes, reason = STALE[case]
    _, fresh, said = verdict(key, evidence(), **changes)

    assert not fresh
    assert reason in said


REFUSED: dict[str, dict[str, Any]] = {
    "another key": {"ring": ring_of(b"\x11" * 32)},
    "too old": {"oldest": timedelta(days=1)},
    "cuda required": {"gate": GATE.model_copy(update={"requires": Requires(device="cuda")})},
}


@pytest.mark.parametrize("case", REFUSED)
def test_evidence_that_does_not_count(case: str, key: SigningKey) -> None:
    old = evidence(started=NOW - timedelta(days=3), ended=NOW - timedelta(days=3))
    found, fresh, said = verdict(key, old, **REFUSED[case])

    assert (found, fresh) == (None, False)
    assert "evidence refused" in said


def test_evidence_from_the_future_or_run_backwards_is_refused(key: SigningKey) -> None:
    later = NOW + timedelta(minutes=6)

    assert verdict(key, evidence(started=later, ended=later))[0] is None
    assert verdict(key, evidence(started=NOW, ended=NOW - timedelta(seconds=1)))[0] is None


def test_a_release_refuses_uncommitted_files(key: SigningKey) -> None:
    dirty = evidence(environment=ENVIRONMENT.model_copy(update={"git_dirty": True}))

    assert verdict(key, dirty, release=False)[0] == Verdict.PASS
    assert verdict(key, dirty, release=True)[0] is None


def test_evidence_of_another_model_profile_or_gate_is_not_looked_at(key: SigningKey) -> None:
    for change in ({"model": "MODEL-2"}, {"profile": "release"}, {"gate": "GATE-A-002"}):
        assert verdict(key, evidence(**change))[2] == "no evidence yet"


def test_a_stated_pass_is_judged_again(key: SigningKey) -> None:
    found, _, said = verdict(key, evidence(loss=4.7, verdict="PASS"))

    assert found == Verdict.FAIL
    assert "stated PASS, judged FAIL" in said


def test_two_answers_for_the_same_bytes_are_flaky(key: SigningKey) -> None:
    """Twenty tries and one kept pass would otherwise be a pass."""
    found, _, said = verdict(key, evidence(loss=3.0, verdict="FAIL"), evidence(loss=2.0))

    assert found == Verdict.FAIL
    assert said.startswith("FLAKY")


def test_an_error_is_forgiven_by_a_measurement(key: SigningKey) -> None:
    broken = evidence(verdict="ERROR", measurement=None, reason="no space")

    assert verdict(key, broken)[0] == Verdict.ERROR
    assert verdict(key, broken, evidence())[0] == Verdict.PASS


def test_a_gate_without_probe_is_unbound_whatever_the_ledger_says(key: SigningKey) -> None:
    gate = GATE.model_copy(update={"probe": None, "expect": {}})

    assert verdict(key, evidence(), gate=gate)[0] == Verdict.UNBOUND


def test_what_is_missing_blocks_and_what_failed_is_an_error(key: SigningKey) -> None:
    assert verdict(key, missing="no CUDA")[0] == Verdict.BLOCKED
    assert verdict(key, evidence(), failed="the stage died")[0] == Verdict.ERROR


MODEL = Model.model_validate({
    "id": "MODEL-1", "title": "m",
    "criteria": tuple(
        {"id": f"AC-X-00{n}", "statement": "s", "weight": weight, "because": "b",
         "effort": {"gpu_hours": 0, "person_hours": 1}, "depends_on": needs}
        for n, weight, needs in ((1, 60, ()), (2, 30, ("AC-X-001",)), (3, 10, ()))
    ),
})  # fmt: skip
PROFILE = Profile(profile="rehearsal", kind="rehearsal", summary="s")


def statuses(key: SigningKey, ledger: Ledger, profile: Profile = PROFILE) -> tuple[list[str], float]:
    second = GATE.model_copy(update={"id": "GATE-A-002", "binds_to": ("AC-X-002",)})
    report = assess(MODEL, profile, [today(key.public), today(key.public, gate=second)], ledger, now=NOW)
    return [criterion.status.value for criterion in report.criteria], report.ship_percent


def test_ship_percent_is_the_weight_of_what_is_discharged(key: SigningKey) -> None:
    both = ledger_of(key, evidence(), evidence(gate="GATE-A-002"))

    assert statuses(key, both) == (["DISCHARGED", "DISCHARGED", "OPEN"], 90.0)
    assert statuses(key, ledger_of(key, evidence())) == (["DISCHARGED", "OPEN", "OPEN"], 60.0)
    assert statuses(key, Ledger((), (), ())) == (["OPEN", "OPEN", "OPEN"], 0.0)


@pytest.mark.parametrize(
    ("why", "mend"),
    [
        ("it was never seen to fail", "pytest -m falsify -k GATE-A-001"),
        ("its arming is stale: the fault x changed since it was seen to fail", "specship faults --arm"),
        ("it names no fault", "write `falsified_by:` in its contract"),
    ],
)
def test_a_gate_that_is_not_armed_takes_the_credit(why: str, mend: str, key: SigningKey) -> None:
    """And so much the more if the other gate of the same criterion is armed."""
    other = GATE.model_copy(update={"id": "GATE-A-002"})
    gates = [today(key.public, unarmed=why), today(key.public, gate=other)]
    ledger = ledger_of(key, evidence(), evidence(gate="GATE-A-002"))
    report = assess(MODEL, PROFILE, gates, ledger, now=NOW)

    assert (report.criteria[0].status, report.ship_percent) == (Standing.OPEN, 0.0)
    (reason,) = report.criteria[0].reasons
    assert reason.startswith(f"GATE-A-001 is not armed: {why}")
    assert mend in reason


def test_what_could_not_be_measured_says_so_before_arming(key: SigningKey) -> None:
    unarmed = today(key.public, unarmed="it was never seen to fail", missing="no CUDA")

    assert (
        assess(MODEL, PROFILE, [unarmed], Ledger((), (), ()), now=NOW).criteria[0].status == Standing.BLOCKED
    )


def test_an_advisory_gate_need_not_be_armed(key: SigningKey) -> None:
    advisory = GATE.model_copy(update={"id": "GATE-A-003", "ship_blocking": False})
    gates = [today(key.public), today(key.public, gate=advisory, unarmed="it was never seen to fail")]
    ledger = ledger_of(key, evidence(), evidence(gate="GATE-A-003"))

    assert assess(MODEL, PROFILE, gates, ledger, now=NOW).ship_percent == 60.0


def test_a_criterion_waits_for_those_it_depends_on(key: SigningKey) -> None:
    second_only = ledger_of(key, evidence(gate="GATE-A-002"))

    assert statuses(key, second_only) == (["OPEN", "BLOCKED", "OPEN"], 0.0)


def test_a_hole_in_the_ledger_takes_all_credit(key: SigningKey) -> None:
    both = ledger_of(key, evidence(), evidence(gate="GATE-A-002"))

    assert statuses(key, replace(both, holes=("f" * 64,)))[1] == 0.0


def test_what_a_profile_cannot_judge_is_not_in_its_percentage(key: SigningKey) -> None:
    profile = PROFILE.model_copy(update={"not_judged": {"AC-X-003": "not at this scale"}})
    both = ledger_of(key, evidence(), evidence(gate="GATE-A-002"))

    assert statuses(key, both, profile) == (["DISCHARGED", "DISCHARGED", "NOT_JUDGED"], 100.0)


def test_an_advisory_gate_neither_earns_nor_costs(key: SigningKey) -> None:
    advisory = GATE.model_copy(update={"id": "GATE-A-003", "ship_blocking": False})
    gates = [today(key.public), today(key.public, gate=advisory)]
    ledger = ledger_of(key, evidence(), evidence(gate="GATE-A-003", loss=9.0))

    assert assess(MODEL, PROFILE, gates, ledger, now=NOW).criteria[0].status == Standing.DISCHARGED
    only = assess(MODEL, PROFILE, gates[1:], ledger, now=NOW)
    assert only.criteria[0].status == Standing.OPEN


@given(st.lists(st.tuples(st.sampled_from(list(Standing)), st.integers(1, 50)), max_size=12))
def test_only_discharged_earns(criteria: list[tuple[Standing, int]]) -> None:
    """Turning any criterion from DISCHARGED into anything judged never raises the percentage."""
    reports = [
        CriterionReport(id=f"AC-{n}", statement="", status=status, weight=weight, reasons=(), gates=())
        for n, (status, weight) in enumerate(criteria)
    ]
    before = ship_percent(reports)

    assert 0 <= before <= 100
    for index, report in enumerate(reports):
        if report.status == Standing.DISCHARGED:
            worse = [*reports]
            worse[index] = report.model_copy(update={"status": Standing.BLOCKED})
            assert ship_percent(worse) < before


def test_no_record_has_a_field_for_a_percentage() -> None:
    """A percentage or status cannot be written into a contract, spec or profile."""
    for record in (Model, Profile):
        assert not {"ship_percent", "status", "verdict", "percent"} & record.model_fields.keys()


def test_the_ceiling_counts_nothing_that_waits_for_what_cannot_be_measured(key: SigningKey) -> None:
    """AC-X-002 can be measured here, and waits for AC-X-001, which cannot: neither can be discharged."""
    second = GATE.model_copy(update={"id": "GATE-A-002", "binds_to": ("AC-X-002",)})
    empty = Ledger((), (), ())

    def ceiling(**changes: Any) -> float:
        gates = [today(key.public, **changes), today(key.public, gate=second)]
        return assess(MODEL, PROFILE, gates, empty, now=NOW).ceiling_percent

    assert ceiling() == 90.0
    assert ceiling(missing="no CUDA") == 0.0


def test_evidence_that_does_not_say_who_judged_it_is_stale(key: SigningKey) -> None:
    _, fresh, said = verdict(key, evidence(judged_by=None))

    assert (fresh, said) == (False, "judged by other code of specship: a version that did not say")
