"""Open work: every percentage is the one that status would compute, and the graph is obeyed."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specship.evidence.ledger import Ledger
from specship.specs.advice import Advice
from specship.specs.records import Model, Recommendation
from specship.status.assess import percent_if
from specship.status.backlog import backlog
from specship.status.backlog_records import Backlog, Cost, Hours
from specship.status.report import CriterionReport, GateReport, ModelReport, Standing

EMPTY = Ledger((), (), ())
WEIGHTS = (5, 10, 15, 20, 23, 27)


def gate(name: str, verdict: str | None = None, **changes: Any) -> GateReport:
    facts = {
        "id": f"GATE-{name}", "contract": "c.yaml", "rule": "r", "blocking": True, "verdict": verdict,
        "reason": f"{verdict} because", "armed": True, "fresh": verdict in {"PASS", "FAIL"}, "checked": "1",
    }  # fmt: skip
    return GateReport.model_validate(facts | changes)


def model_of(needs: Mapping[int, tuple[int, ...]], hours: Mapping[int, tuple[float, float]]) -> Model:
    return Model.model_validate({
        "id": "MODEL-1", "title": "m",
        "criteria": tuple(
            {"id": f"AC-{n}", "statement": "s", "weight": weight, "because": "b",
             "depends_on": tuple(f"AC-{d}" for d in needs.get(n, ())),
             "effort": dict(zip(("gpu_hours", "person_hours"), hours.get(n, (0.0, 1.0)), strict=True))}
            for n, weight in enumerate(WEIGHTS)
        ),
    })  # fmt: skip


def report_of(model: Model, gates: Mapping[int, GateReport]) -> ModelReport:
    """A report in which no criterion was held against its dependencies yet: `backlog` asks for that itself."""
    criteria = tuple(
        CriterionReport(
            id=one.id, statement="s", weight=one.weight, reasons=(),
            status=Standing.OPEN, gates=(gates.get(n, gate(f"A-{n}")),),
        )
        for n, one in enumerate(model.criteria)
    )  # fmt: skip
    bare = ModelReport(
        model=model.id,
        profile="release",
        kind="release",
        ship_percent=0,
        ceiling_percent=0,
        criteria=criteria,
    )
    sound = {f"AC-{n}" for n, one in gates.items() if one.verdict == "PASS"}
    done = {c.id for c in model.criteria if _met(model, c.id, sound)}
    marked = tuple(
        one.model_copy(update={"status": Standing.DISCHARGED}) if one.id in done else one for one in criteria
    )
    return bare.model_copy(update={"criteria": marked, "ship_percent": percent_if(bare, model, sound)})


def _met(model: Model, name: str, sound: set[str]) -> bool:
    needs = {c.id: c.depends_on for c in model.criteria}
    return name in sound and all(_met(model, one, sound) for one in needs[name])


def ranked(
    model: Model,
    gates: Mapping[int, GateReport],
    budget: Hours | None = None,
    advice: tuple[Advice, ...] = (),
) -> Backlog:
    costs = {
        one.id: Cost(hours=Hours(gpu_hours=one.effort.gpu_hours, person_hours=one.effort.person_hours))
        for one in model.criteria
    }
    return backlog(
        [model], [report_of(model, gates)], EMPTY, costs, measured={"AC-0": 3.0}, advice=advice, budget=budget
    )


DAGS = st.fixed_dictionaries({n: st.sets(st.integers(0, n - 1), max_size=2) for n in range(1, 6)})
SOUND = st.sets(st.integers(0, 5), max_size=4)


@given(DAGS, SOUND, st.tuples(*[st.integers(0, 9)] * 6))
@settings(max_examples=60, deadline=None)
def test_gains_are_those_that_status_would_compute(
    dag: dict[int, set[int]], passing: set[int], hours: tuple[int, ...]
) -> None:
    """Of each item with all that it waits for, by asking for the whole percentage twice."""
    model = model_of({n: tuple(d) for n, d in dag.items()}, {n: (h, h + 1.0) for n, h in enumerate(hours)})
    gates = {n: gate(f"A-{n}", "PASS") for n in passing}
    report = report_of(model, gates)
    found = ranked(model, gates)
    sound = {f"AC-{n}" for n in passing}
    needs = {one.id: set(one.depends_on) for one in model.criteria}

    for item in found.items:
        with_it = {item.id, *item.blocked_by}
        assert item.ship_percent_gain == pytest.approx(
            percent_if(report, model, sound | with_it) - report.ship_percent
        )
        assert all(_met(model, one, sound | with_it) for one in with_it)
        assert item.gain_alone in (0, item.ship_percent_gain) or not item.blocked_by
        assert item.effort.total == pytest.approx(
            sum(hours[int(one[3:])] * 2 + 1.0 for one in with_it if one not in sound)
        )
        order = [*item.blocked_by, item.id]
        assert all(order.index(d) < order.index(c) for c in order for d in needs[c] & set(order))
    ratios = [item.gain_per_effort for item in found.items if item.gain_per_effort is not None]
    assert ratios == sorted(ratios, reverse=True)
    assert {i.id for i in found.items} == {
        one.id for one in report.criteria if one.status != Standing.DISCHARGED
    }


@given(DAGS, st.tuples(*[st.integers(0, 9)] * 6), st.integers(0, 30))
@settings(max_examples=40, deadline=None)
def test_the_plan_is_the_best_of_all_sets(
    dag: dict[int, set[int]], hours: tuple[int, ...], people: int
) -> None:
    """Held against every subset of the criteria, each with the percentage of `assess`."""
    model = model_of({n: tuple(d) for n, d in dag.items()}, {n: (0, h) for n, h in enumerate(hours)})
    report = report_of(model, {})
    best = max(
        percent_if(report, model, {f"AC-{n}" for n in range(6) if bits >> n & 1})
        for bits in range(64)
        if sum(hours[n] for n in range(6) if bits >> n & 1) <= people
    )
    plan = ranked(model, {}, Hours(gpu_hours=0, person_hours=people)).plan

    assert plan is not None
    assert plan.exact
    assert plan.ship_percent_gain == pytest.approx(best)


def test_behind_what_is_open_nothing_is_gained_alone() -> None:
    found = {item.id: item for item in ranked(model_of({5: (0,)}, {5: (2, 2), 0: (0, 6)}), {}).items}

    assert (found["AC-5"].gain_alone, found["AC-5"].ship_percent_gain) == (0, 32)
    assert (found["AC-5"].blocked_by, found["AC-0"].unblocks) == (("AC-0",), ("AC-5",))
    assert found["AC-5"].gain_per_effort == 3.2
    assert found["AC-0"].step == found["AC-5"].step


def test_what_only_waits_takes_no_hours_and_comes_for_nothing() -> None:
    """Its own gates pass: it is discharged when what it waits for is."""
    found = {item.id: item for item in ranked(model_of({5: (0,)}, {}), {5: gate("A-5", "PASS")}).items}

    assert found["AC-5"].own_effort.total == 0
    assert (found["AC-5"].ship_percent_gain, found["AC-5"].effort.total) == (32, 1)
    assert found["AC-0"].ship_percent_gain == 32


def test_what_this_machine_lacks_is_last_and_lowers_the_ceiling() -> None:
    blocked = gate("A-0", "BLOCKED", reason="it requires CUDA")
    found = ranked(model_of({5: (0,)}, {}), {0: blocked}, Hours(person_hours=100))
    last = {item.id: item for item in found.items[-2:]}

    assert (last["AC-0"].reachable, last["AC-5"].reachable) == (False, False)
    assert (last["AC-0"].unreachable, last["AC-0"].step) == ("it requires CUDA", None)
    assert last["AC-5"].unreachable == "it waits for AC-0: it requires CUDA"
    assert found.models[0].ceiling_percent == 100 - 5 - 27
    assert found.plan is not None
    assert found.plan.ship_percent_gain == 68


def test_advice_moves_the_percentage_through_its_criteria() -> None:
    advice = (
        Recommendation.model_validate({
            "what": "Do it.", "state": "OPEN", "binds_to": ("GATE-A-5",),
            "effort": {"gpu_hours": 0, "person_hours": 3},
        }),
        Recommendation(what="Say it.", state="OPEN"),
    )  # fmt: skip
    known = tuple(Advice(one, "1.yaml", one, "1.yaml") for one in advice)
    items = {item.statement: item for item in ranked(model_of({5: (0,)}, {}), {}, advice=known).items}

    bound, unbound = items["Do it."], items["Say it."]
    assert (bound.kind, bound.ship_percent_gain, bound.effort.total) == ("recommendation", 32, 5)
    assert bound.blocked_by == ("AC-0", "AC-5")
    assert (unbound.ship_percent_gain, unbound.gain_per_effort) == (0, None)


def test_an_estimate_is_scored_when_the_work_is_done() -> None:
    (scored,) = ranked(model_of({}, {0: (2, 1)}), {0: gate("A-0", "PASS")}).scored

    assert (scored.id, scored.estimated_gpu_hours, scored.measured_gpu_hours) == ("AC-0", 2, 3)
    assert scored.factor == 1.5
    assert ranked(model_of({}, {0: (2, 1)}), {}).scored == ()
