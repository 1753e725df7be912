"""Open work, ranked by the ship-% that it gains for each hour along the graph of dependencies.

What a set of criteria would gain is asked of `assess`, which makes every percentage; here nothing is added
up that was not computed there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from specship.evidence.ledger import Ledger
from specship.specs.advice import Advice
from specship.specs.records import Criterion, Model
from specship.status.assess import percent_if, sound_by_themselves
from specship.status.backlog_records import (
    Backlog,
    BacklogItem,
    BacklogModel,
    BudgetPlan,
    Cost,
    Hours,
    Scored,
)
from specship.status.open_work import (
    OpenTask,
    OpenTasks,
    Weighed,
    closure,
    in_working_order,
    order_of_work,
    within,
)
from specship.status.report import CriterionReport, ModelReport, Standing


@dataclass(frozen=True)
class _Part:
    """One model at the profile: what is open, and what the percentages would be."""

    model: Model
    report: ModelReport
    sound: frozenset[str]
    cost: Mapping[str, Cost]

    @property
    def criteria(self) -> dict[str, Criterion]:
        return {criterion.id: criterion for criterion in self.model.criteria}

    @property
    def reports(self) -> dict[str, CriterionReport]:
        return {one.id: one for one in self.report.criteria}

    def gain(self, ids: Iterable[str]) -> float:
        """Points of the ship-% if these were in order too."""
        more = percent_if(self.report, self.model, self.sound | set(ids))
        return max(0.0, round(more - self.report.ship_percent, 9))

    def tasks(self) -> dict[str, OpenTask]:
        """Criteria that are not discharged, as the graph sees them; one that only waits takes no hours."""
        waiting = {
            one.id for one in self.report.criteria
            if one.status not in {Standing.DISCHARGED, Standing.NOT_JUDGED}
        }  # fmt: skip
        needs = {name: frozenset(self.criteria[name].depends_on) & waiting for name in waiting}
        bare = {
            one.id: OpenTask(0.0, Hours() if one.id in self.sound else self.cost[one.id].hours, needs[one.id])
            for one in self.model.criteria if one.id in waiting
        }  # fmt: skip
        return {name: task._replace(gain=self._own_gain(bare, name)) for name, task in bare.items()}

    def _own_gain(self, tasks: OpenTasks, name: str) -> float:
        whole = closure(tasks, [name])
        return round(self.gain(whole) - self.gain(whole - {name}), 9)

    def lacking(self, tasks: OpenTasks) -> dict[str, str]:
        """What this machine lacks for a criterion, or for one that comes before it."""
        own = {
            name: next((gate.reason for gate in self.reports[name].gates
                        if gate.blocking and gate.verdict == "BLOCKED"), "")
            for name in tasks
        }  # fmt: skip
        found = {}
        for name in tasks:
            first = next((n for n in in_working_order(tasks) if n in closure(tasks, [name]) and own[n]), None)
            if first:
                found[name] = own[name] or f"it waits for {first}: {own[first]}"
        return found


def backlog(
    models: Sequence[Model],
    reports: Sequence[ModelReport],
    ledger: Ledger,
    costs: Mapping[str, Cost],
    *,
    measured: Mapping[str, float],
    advice: Iterable[Advice] = (),
    budget: Hours | None = None,
) -> Backlog:
    """Everything open at one profile, ranked; `costs` and `measured` (hours of the device) by criterion."""
    parts = [
        _Part(model, report, sound_by_themselves(report, ledger), costs)
        for model, report in zip(models, reports, strict=True)
    ]
    tasks = {part.model.id: part.tasks() for part in parts}
    lacking = {part.model.id: part.lacking(tasks[part.model.id]) for part in parts}
    possible = {
        name: task for part in parts for name, task in tasks[part.model.id].items()
        if name not in lacking[part.model.id]
    }  # fmt: skip
    work = order_of_work(possible)
    plan = _plan(parts, possible, work, budget)
    steps = {name: number for number, one in enumerate(work.sets, 1) for name in one.ids}
    items = [item for part in parts for item in _items(part, tasks[part.model.id], lacking[part.model.id])]
    items += [_recommended(one, parts, tasks, lacking) for one in advice if one.last.state == "OPEN"]
    placed = [
        item.model_copy(update={"step": steps.get(item.id), "planned": item.id in plan.ids if plan else None})
        for item in items
    ]
    return Backlog(
        profile=reports[0].profile if reports else "",
        models=tuple(_reach(part, possible) for part in parts),
        items=tuple(sorted(placed, key=_rank)),
        scored=tuple(_scored(parts, measured)),
        exact=work.exact,
        plan=plan,
    )


def _reach(part: _Part, possible: OpenTasks) -> BacklogModel:
    return BacklogModel(
        model=part.model.id,
        ship_percent=part.report.ship_percent,
        ceiling_percent=percent_if(part.report, part.model, part.sound | possible.keys()),
    )


def _rank(item: BacklogItem) -> tuple[bool, float, int, int]:
    """What can be done here first, then by ratio; of equals, what is done first comes first."""
    ratio = item.gain_per_effort
    free = float("inf") if item.ship_percent_gain else 0.0
    return not item.reachable, -(free if ratio is None else ratio), item.step or 0, len(item.blocked_by)


def _ratio(gain: float, hours: Hours) -> float | None:
    return gain / hours.total if hours.total else None


def _items(part: _Part, tasks: OpenTasks, lacking: Mapping[str, str]) -> Iterator[BacklogItem]:
    order = in_working_order(tasks)
    for name, task in tasks.items():
        whole = closure(tasks, [name])
        effort = sum((tasks[one].hours for one in order if one in whole), Hours())
        gain = part.gain(whole)
        yield BacklogItem(
            id=name,
            kind="criterion",
            model=part.model.id,
            statement=part.criteria[name].statement,
            status=part.reports[name].status.value,
            ship_percent_gain=gain,
            effort=effort,
            gain_per_effort=_ratio(gain, effort),
            blocked_by=tuple(one for one in order if one in whole and one != name),
            unblocks=tuple(one for one in order if one != name and name in closure(tasks, [one])),
            gain_alone=part.gain([name]),
            own_effort=task.hours,
            effort_source="measured" if part.cost[name].measured else "estimate",
            reachable=name not in lacking,
            unreachable=lacking.get(name, ""),
        )


def _recommended(
    one: Advice,
    parts: Sequence[_Part],
    tasks: Mapping[str, OpenTasks],
    lacking: Mapping[str, Mapping[str, str]],
) -> BacklogItem:
    """Advice moves the ship-% by the criteria that it is bound to, with all that they wait for."""
    own = one.given.effort
    effort = own_effort = Hours(gpu_hours=own.gpu_hours, person_hours=own.person_hours) if own else Hours()
    gain, blocked, lack, touched = 0.0, list[str](), "", list[str]()
    for part in parts:
        bound = {
            name for name, report in part.reports.items()
            if name in one.given.binds_to or any(gate.id in one.given.binds_to for gate in report.gates)
        }  # fmt: skip
        known = tasks[part.model.id]
        whole = closure(known, bound)
        first = [name for name in in_working_order(known) if name in whole]
        gain += part.gain(whole)
        effort = sum((known[name].hours for name in first), effort)
        blocked += first
        lack = lack or next((lacking[part.model.id][n] for n in first if n in lacking[part.model.id]), "")
        touched += [part.model.id] if bound else []
    return BacklogItem(
        id=one.id,
        kind="recommendation",
        model=touched[0] if len(touched) == 1 else "",
        statement=one.given.what,
        status=one.last.state,
        ship_percent_gain=round(gain, 9),
        effort=effort,
        gain_per_effort=_ratio(gain, effort),
        blocked_by=tuple(blocked),
        unblocks=(),
        gain_alone=0.0,
        own_effort=own_effort,
        effort_source="estimate",
        reachable=not lack,
        unreachable=lack,
    )


def _plan(
    parts: Sequence[_Part], possible: OpenTasks, work: Weighed, budget: Hours | None
) -> BudgetPlan | None:
    if budget is None:
        return None
    found = within(possible, budget)
    best = found.sets[0]
    steps = {name: number for number, one in enumerate(work.sets) for name in one.ids}
    by_step = sorted(best.ids, key=lambda name: steps[name])
    ordered = in_working_order({name: possible[name] for name in by_step})
    return BudgetPlan(
        ids=tuple(ordered),
        ship_percent_gain=round(sum(part.gain(best.ids & part.criteria.keys()) for part in parts), 9),
        effort=best.hours,
        exact=found.exact,
    )


def _scored(parts: Sequence[_Part], measured: Mapping[str, float]) -> Iterator[Scored]:
    for part in parts:
        for criterion in part.model.criteria:
            if criterion.id in part.sound and criterion.id in measured:
                yield Scored(
                    id=criterion.id,
                    estimated_gpu_hours=criterion.effort.gpu_hours,
                    measured_gpu_hours=measured[criterion.id],
                )
