"""Gates on one healthy variant after another, and the record of what they said.

What was measured is kept as that of every other injection, so that an interrupted run goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

from specship.contracts.judging import Verdict
from specship.contracts.repeating import at_most_so_often
from specship.errors import UnknownName, UnusableInput, did_you_mean
from specship.evidence.environment import environment
from specship.evidence.flip_rates import FOLDER, FigureSeen, FlipRate, VariantSeen, write_flip_rate
from specship.evidence.signing import SigningKey, local_key
from specship.specs.project import Project
from specship.status.report import GateReport
from specship.suite.falsify.arming import list_own_key
from specship.suite.falsify.falsification import Falsification
from specship.suite.flip_rates.book import FlipRateBook, stages_digests, variants_digest
from specship.suite.flip_rates.records import FlipRateReport
from specship.suite.judging.trust import key_ring
from specship.suite.plan.fault_injection import HEALTHY
from specship.suite.plan.healthy import HealthyFile, Variant, asked, asks, read_healthy
from specship.suite.plan.plan import Check, Plan

Told = Callable[[int, int, str], None]
"""`told(done, total, variant)` before each variant, and once after the last."""
_SETTLED: Final = {"PASS", "FAIL", "ERROR", "UNBOUND"}


@dataclass
class Repetition:
    """What gates said of healthy variants, while it grows."""

    checks: tuple[Check, ...]
    variants: Mapping[str, tuple[Variant, ...]]
    """By gate, those that it is asked about."""
    seen: dict[str, dict[str, VariantSeen]] = field(default_factory=dict)
    """By gate and variant."""
    left: dict[str, str] = field(default_factory=dict)
    """Gates that could not be measured on a variant, with the first reason."""

    def take(self, variant: str, report: GateReport) -> None:
        """What a gate said of a variant."""
        if report.fresh and report.verdict in _SETTLED and report.evidence:
            figures = tuple(
                FigureSeen(**one.model_dump(include=set(FigureSeen.model_fields))) for one in report.measured
            )
            one = VariantSeen(
                variant=variant, verdict=report.verdict, evidence=report.evidence, figures=figures
            )
            self.seen.setdefault(report.id, {})[variant] = one
        else:
            self.left.setdefault(report.id, f"{variant}: {report.verdict or 'no verdict'}: {report.reason}")


def healthy_file(project: Project) -> HealthyFile:
    """The healthy variants of a project.

    Raises:
        UnusableInput: it names none, or the file has faults.
    """
    found = read_healthy(project)
    if found is None:
        raise UnusableInput(
            "this project has no healthy variants", at="pyproject.toml",
            why="a gate is repeated on pipelines in which nothing is wrong",
            mend='name a file of them: healthy = "FILE.yaml" in [tool.specship]; docs/flip-rate.md shows one',
        )  # fmt: skip
    return found


def asked_gates(falsification: Falsification, file: HealthyFile, gates: Iterable[str]) -> tuple[Check, ...]:
    """The gates that healthy variants are asked about; those that were named, where some were.

    Raises:
        UnknownName: a gate that was named is none of these.
    """
    found = {check.gate.id: check for check in asked(falsification.plan, file)}
    for name in gates:
        if name in file.not_asked:
            raise UnknownName(f"healthy variants are not asked about {name}", why=file.not_asked[name])
        if name not in found:
            mend = did_you_mean(name, found) or f"there are: {', '.join(found)}"
            raise UnknownName(f"healthy variants are not asked about a gate {name!r:.80}", mend=mend)
    return tuple(check for name, check in found.items() if name in set(gates) or not gates)


def repeat(falsification: Falsification, count: int, gates: Iterable[str], told: Told) -> Repetition:
    """Ask each gate about so many healthy variants; what was measured before is not measured again.

    Raises:
        UnusableInput, UnknownName: as `healthy_file` and `asked_gates`.
        KeyboardInterrupt: as it comes; children are stopped first.
    """
    plan = falsification.plan
    file = healthy_file(plan.project)
    checks = asked_gates(falsification, file, tuple(gates))
    variants = {
        check.gate.id: file.sequence(count, partial(asks, plan, file, check=check)) for check in checks
    }
    found = Repetition(checks, variants, _seen_before(plan, checks))
    wanted: dict[str, set[str]] = {}
    for turn in zip(*variants.values(), strict=True):
        for gate, variant in zip(variants, turn, strict=True):
            if variant.name not in found.seen.get(gate, {}):
                wanted.setdefault(variant.name, set()).add(gate)
    for number, (name, ids) in enumerate(wanted.items()):
        told(number, len(wanted), name)
        session = falsification.injection(f"{HEALTHY}{name}/{file.model}")
        for check in session.plan.checks:
            if check.gate.id in ids:
                found.take(name, session.settle(check))
    told(len(wanted), len(wanted), "")
    return found


def _seen_before(plan: Plan, checks: Iterable[Check]) -> dict[str, dict[str, VariantSeen]]:
    """By gate and variant, what believed records of today hold; a figure is the same under another limit.

    What did not pass under a limit of then is asked again under the one of today.
    """
    project = plan.project
    book, known = FlipRateBook(project, key_ring(project)), {check.gate.id: check for check in checks}
    return {
        record.gate: {
            one.variant: one
            for one in record.seen
            if one.verdict == Verdict.PASS or record.gate_digest == known[record.gate].gate_digest
        }
        for record in book.believed_at(plan.profile.profile)
        if record.gate in known
    }


def record(
    falsification: Falsification, found: Repetition, key: SigningKey | None = None
) -> tuple[Path, ...]:
    """Write down what each gate said of every variant; a gate that was not measured on each is left out.

    Signed with this checkout's key, which a rehearsal believes, or with one that a release believes.

    Raises:
        CannotWrite: the disk is full or refuses.
        UnusableInput: this checkout's key cannot be used.
    """
    plan = falsification.plan
    project, written = plan.project, []
    for check in found.checks:
        known, variants = found.seen.get(check.gate.id, {}), found.variants[check.gate.id]
        if check.probe is None or any(one.name not in known for one in variants):
            continue
        about = FlipRate(
            gate=check.gate.id,
            gate_digest=check.gate_digest,
            contract=check.file.path,
            model=check.model.id,
            profile=plan.profile.profile,
            probe=check.probe.code,
            settings=plan.profile_digest(check),
            variants=variants_digest(variants),
            stages=stages_digests(plan, check),
            seen=tuple(known[one.name] for one in variants),
            environment=environment(project.root),
            ended=datetime.now(UTC),
        )
        signer = key or local_key(project.state)
        written.append(write_flip_rate(project.evidence_folder / FOLDER, about, signer))
    if written and key is None:
        list_own_key(project)
    return tuple(written)


def recorded(project: Project, profile: str, left: Mapping[str, str], gates: Iterable[str]) -> FlipRateReport:
    """What the records of a profile say of the limits of today."""
    file, wanted = read_healthy(project), set(gates)
    book = FlipRateBook(project, key_ring(project))
    entries = (one for one in book.entries if one.record.profile == profile)
    found = (book.flips(entry) for entry in entries if entry.record.gate in wanted or not wanted)
    flips = tuple(sorted(found, key=lambda one: one.gate))
    verdicts, changed = sum(one.variants for one in flips), sum(one.changed for one in flips)
    return FlipRateReport(
        profile=profile,
        model=file.model if file else "",
        verdicts=verdicts,
        changed=changed,
        at_most=at_most_so_often(changed, verdicts),
        gates=flips,
        left=dict(left),
        not_asked=file.not_asked if file else {},
        problems=tuple(map(str, book.damaged)),
    )
