"""The end of a session for one project: reports, their text, the exit status they ask for, the receipt."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from specship.pytest_plugin.witness import (
    OF_A_GATE,
    OF_A_SESSION,
    UNKNOWN,
    foreign_hooks,
    named,
    plugins_of,
    rewritten_lines,
    set_flags,
    suspects,
    told_variables,
)

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from specship.evidence.receipt import GateEnding, Rewritten
    from specship.pytest_plugin.project import ShipProject
    from specship.status.report import ModelReport, Report
    from specship.suite.judging.session import Session

UNUSABLE: Final = 2
"""Exit status where something could not be measured or written."""
_FAILED: Final = 1


@dataclass(slots=True)
class Conclusion:
    """What is said of a project at the end, and the exit status that it asks for."""

    name: str
    text: str
    status: int
    project: ShipProject
    gates: Mapping[str, GateEnding] = field(default_factory=dict)
    rewritten: tuple[Rewritten, ...] = ()
    started: datetime = field(default_factory=lambda: datetime.now(UTC))

    def leave_receipt(self, exit_status: int) -> None:
        """Sign what the session did, and write it into the ledger.

        Raises:
            SpecshipError: the ledger or the key could not be written.
        """
        from specship.evidence.environment import environment
        from specship.evidence.ledger import append
        from specship.evidence.receipt import LAST, Receipt
        from specship.evidence.signing import local_key
        from specship.files import write_errors, write_file
        from specship.suite.judging.project_ledger import open_ledger

        live: Session | None = self.project.session()
        if live is None or not self.gates:
            return
        config, witness = self.project.config, self.project.witness
        project = live.plan.project
        plugins, conftests = plugins_of(config)
        ledger = open_ledger(project, frozenset())
        receipt = Receipt(
            profile=live.plan.profile.profile,
            arguments=tuple(map(str, config.invocation_params.args)),
            addopts=tuple(map(str, config.getini("addopts"))),
            variables=told_variables(),
            flags=set_flags(),
            plugins=plugins,
            conftests=conftests,
            hooks=foreign_hooks(config, (*OF_A_GATE, *OF_A_SESSION)),
            replaced=tuple(sorted(witness.replaced)),
            gates=self.gates,
            reruns={gate: count for gate, count in sorted(witness.runs.items()) if count > 1},
            rewritten=self.rewritten,
            exit_status=exit_status,
            environment=environment(project.root),
            started=self.started,
            ended=datetime.now(UTC),
            parents=ledger.heads,
        )
        with write_errors(project.state):
            key = local_key(project.state)
        digest = append(project.state / "ledger", receipt, key)
        write_file(project.state / LAST, f"{digest}\n")


def concluded(
    project: ShipProject, *, json_path: Path | None, started: datetime, shown_status: int, whole: bool
) -> Conclusion:
    """Write the reports; 2 when something could not be measured, 1 when a wish was not met or a hook lied.

    `shown_status` is the exit status that pytest came to; `whole` says that nothing ended the session early,
    so that a gate that was selected and has no verdict was kept from having one.

    Raises:
        SpecshipError: the project can no longer be read, or a report could not be written.
    """
    from specship.pytest_plugin.identity import replaced_functions
    from specship.report.formats import Display
    from specship.report.session_reports import conclude

    config, outcomes, witness = project.config, project.outcomes, project.witness
    live: Session | None = project.session()
    if live is None:
        return Conclusion(project.name, f"{project.error}\n", UNUSABLE, project)
    for outcome in outcomes.values():
        live.missing.update({outcome["gate"]: outcome["missing"]} if outcome["missing"] else {})
        live.failed.update({outcome["gate"]: outcome["failed"]} if outcome["failed"] else {})
    terminal = config.pluginmanager.getplugin("terminalreporter")
    report, text = conclude(
        live,
        stages=[stage for outcome in outcomes.values() for stage in outcome["stages"]],
        json_path=json_path,
        display=Display(
            width=_width(config),
            colour=bool(terminal and terminal.hasmarkup),
            amount=_amount(config),
        ),
    )
    witness.replaced.update(replaced_functions())
    gates = {
        check.gate.id: outcomes[check.gate.id]["verdict"] or "no verdict"
        if check.gate.id in outcomes
        else witness.without_verdict(check.gate.id)
        for check in live.plan.checks
    }
    lies = tuple(_rewritten(project, live, report, whole=whole))
    complaints = [
        *rewritten_lines(lies),
        *(f"replaced in this session: {line}" for line in sorted(witness.replaced)),
        *_forced(project, gates, shown_status),
        *_missed(project, live, report.models),
    ]
    text += "".join(
        f"{line}\n"
        for line in (*_unrun(gates), *_unjudged(gates, strict=config.getoption("--ship-strict")), *complaints)
    )
    status = UNUSABLE if any(one["verdict"] == "ERROR" for one in outcomes.values()) else 0
    unmet = config.getoption("--ship-strict") and len(outcomes.keys() & gates.keys()) < len(gates)
    status = status or (_FAILED if complaints or report.problems or unmet else 0)
    return Conclusion(project.name, text, status, project, gates, lies, started)


def _unrun(gates: Mapping[str, GateEnding]) -> Iterator[str]:
    """How many gates of the contracts have no verdict of this session, and why."""
    from specship.evidence.receipt import NOT_RUN

    why = {gate: ending for gate, ending in gates.items() if ending in NOT_RUN}
    if why:
        counts = ", ".join(f"{count} {ending}" for ending, count in sorted(Counter(why.values()).items()))
        yield (
            f"{len(why)} of {len(gates)} gates were not run in this session ({counts}): {named(sorted(why))}"
        )


def _unjudged(gates: Mapping[str, GateEnding], *, strict: bool) -> Iterator[str]:
    """How many gates came to no PASS or FAIL, where that leaves the session green."""
    counts = Counter(ending for ending in gates.values() if ending in {"BLOCKED", "UNBOUND"})
    if counts and not strict:
        told = ", ".join(f"{count} {ending}" for ending, count in sorted(counts.items()))
        yield f"{counts.total()} of {len(gates)} gates were not judged ({told}): --ship-strict fails then"


def _endings(project: ShipProject, live: Session, report: Report) -> dict[str, tuple[str, str]]:
    """Verdict and ending as a test of each gate, as the ledger has it at the end."""
    from specship.report.pytest_outcome import ending_of

    profile, strict = live.plan.profile, bool(project.config.getoption("--ship-strict"))
    known = {
        gate.id: gate
        for model in report.models
        if model.profile == profile.profile
        for criterion in model.criteria
        for gate in criterion.gates
    }
    return {
        check.gate.id: (
            known[check.gate.id].verdict or "no verdict",
            ending_of(check, known[check.gate.id], profile, strict=strict).outcome,
        )
        for check in live.plan.checks
        if check.gate.id in known
    }


def _rewritten(project: ShipProject, live: Session, report: Report, *, whole: bool) -> Iterator[Rewritten]:
    """Gates that pytest showed as something better than they are, or did not let come to a verdict."""
    from specship.evidence.receipt import Rewritten

    witness, by = project.witness, suspects(project.config, OF_A_GATE)
    endings = _endings(project, live, report)
    for check in live.plan.checks:
        gate = check.gate.id
        shown, outcome = witness.shown(gate), project.outcomes.get(gate)
        if outcome is None:
            if whole and gate in witness.selected and shown != "failed":
                yield Rewritten(gate=gate, verdict="", shown=shown, by=by)
            continue
        verdict, ending = endings.get(gate, (outcome["verdict"], outcome["ending"]))
        if witness.flattered(gate, outcome["ending"]):
            yield Rewritten(gate=gate, verdict=outcome["verdict"] or "no verdict", shown=shown, by=by)
        elif witness.flattered(gate, ending):
            yield Rewritten(gate=gate, verdict=verdict, shown=shown, by=by)


def _forced(project: ShipProject, gates: Iterable[str], shown_status: int) -> Iterator[str]:
    """That pytest came to success although it showed gates as failed."""
    failed = [gate for gate in gates if project.witness.shown(gate) == "failed"]
    if failed and not shown_status:
        by = ", ".join(suspects(project.config, OF_A_SESSION)) or UNKNOWN
        yield f"gates failed, and the exit status was 0 ({named(failed)}); this could have done it: {by}"


def _missed(project: ShipProject, live: Session, models: Iterable[ModelReport]) -> Iterator[str]:
    """What was demanded of the percentages and is not so; every model of the spec is asked."""
    floor, profile = project.config.getoption("--ship-fail-under"), live.plan.profile
    if floor is None:
        return
    own = [model for model in models if model.profile == profile.profile]
    if not any(profile.settings_of(model.model) for model in own):
        yield f"profile {profile.profile} runs no model, so none reaches {floor:g} %"
        return
    for model in own:
        if all(criterion.status == "NOT_JUDGED" for criterion in model.criteria):
            continue  # the profile says why, criterion by criterion
        if not profile.settings_of(model.model):
            why = f"profile {profile.profile} has no pipeline for it"
            yield f"{model.model}: {why}, so it does not reach {floor:g} %"
        elif model.ship_percent < floor:
            yield f"{model.model}: ship {model.ship_percent:.4g} % is under {floor:g} %"


def _amount(config: pytest.Config) -> int:
    """How much is shown of each gate: all of it with -v, the numbers and what fails alone with -qq."""
    return 1 if config.get_verbosity() > 0 else -1 if config.get_verbosity() < -1 else 0


def _width(config: pytest.Config) -> int:
    """Columns of the report: those of the terminal or of `COLUMNS`; with -v those of the whole table."""
    from specship.report.formats import PLAIN

    terminal = config.pluginmanager.getplugin("terminalreporter")
    told = terminal is not None and (terminal.isatty or "COLUMNS" in os.environ)
    if not told or config.get_verbosity() > 0:
        return PLAIN.width
    return int(terminal._tw.fullwidth)  # noqa: SLF001 - what pytest itself goes by
