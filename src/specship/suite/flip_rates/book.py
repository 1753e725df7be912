"""Records of flip rates against the gates, variants and code of today, and the noise that they know.

A rehearsal believes what it believes of arming: the keys of the project whose purpose is arming, those that
`evidence/arming/keys.txt` lists, and this checkout's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property, partial

from specship.contracts.expectation import Expectation
from specship.contracts.judging import Verdict
from specship.contracts.repeating import Repeated, at_most_so_often
from specship.digests import digest_of
from specship.errors import DamagedArtifact
from specship.evidence.flip_rates import (
    FOLDER,
    FlipRate,
    OpenedFlipRate,
    VariantSeen,
    read_flip_rates,
)
from specship.evidence.keys.keyring import KeyRing
from specship.specs.project import Project
from specship.status.report import GateReport, ModelReport, Noise
from specship.suite.artifacts.ingredients import code_of
from specship.suite.flip_rates.records import GateFlips, QuantityFlips
from specship.suite.plan.fault_injection import falsification_profile
from specship.suite.plan.healthy import HealthyFile, Variant, asks, read_healthy
from specship.suite.plan.plan import Check, Plan, plan_at
from specship.suite.plan.upstream import stages_behind

_JUDGED = {Verdict.PASS.value, Verdict.FAIL.value}


def variants_digest(variants: Iterable[Variant]) -> str:
    """Digest of variants, with their settings."""
    return digest_of([variant.model_dump(mode="json") for variant in variants])


def stages_digests(plan: Plan, check: Check) -> dict[str, str]:
    """Digest of the code of each stage behind what a check measures."""
    artifacts = check.probe.artifacts if check.probe else ()
    behind = stages_behind(plan.profile, check.model.id, artifacts)
    return {stage.name: code_of(stage) for _, stage in behind}


class FlipRateBook:
    """What the records of a project say today."""

    def __init__(self, project: Project, ring: KeyRing) -> None:
        self.project = project
        self.ring = ring
        self._plans: dict[str, Plan] = {}

    @cached_property
    def _read(self) -> tuple[tuple[OpenedFlipRate, ...], tuple[DamagedArtifact, ...]]:
        return read_flip_rates(self.project.evidence_folder / FOLDER, keys=self.ring.known)

    @property
    def entries(self) -> tuple[OpenedFlipRate, ...]:
        """Every record."""
        return self._read[0]

    @property
    def damaged(self) -> tuple[DamagedArtifact, ...]:
        """Files that are no records."""
        return self._read[1]

    @cached_property
    def _healthy(self) -> HealthyFile | None:
        return read_healthy(self.project)

    def _check(self, record: FlipRate) -> tuple[Plan, Check] | None:
        """The gate of a record as it stands today."""
        if record.profile not in self.project.spec.profiles:
            return None
        if record.profile not in self._plans:
            self._plans[record.profile] = plan_at(self.project, record.profile)
        plan = self._plans[record.profile]
        found = (one for one in plan.checks if one.gate.id == record.gate and one.probe)
        check = next(found, None)
        return None if check is None else (plan, check)

    def why_stale(self, record: FlipRate) -> str:
        """What a record is about that is no longer so; empty where it is of today.

        Limits are not asked: the figures are held against those of today.
        """
        found = self._check(record)
        if found is None:
            return f"there is no gate {record.gate} with a probe at {record.profile} today"
        plan, check = found
        today = {
            "the probe's code": (record.probe, check.probe.code if check.probe else ""),
            f"the settings of profile {record.profile}": (record.settings, plan.profile_digest(check)),
            "the healthy variants": (record.variants, variants_digest(self._variants(record, plan, check))),
            "the code of a stage": (record.stages, stages_digests(plan, check)),
            "the model": (record.model, check.model.id),
        }
        changed = [what for what, (then, now) in today.items() if then != now]
        return f"changed since it was measured: {', '.join(changed)}" if changed else ""

    def _variants(self, record: FlipRate, plan: Plan, check: Check) -> tuple[Variant, ...]:
        """As many as a record holds, of those that ask about its gate today."""
        file = self._healthy
        return file.sequence(len(record.seen), partial(asks, plan, file, check=check)) if file else ()

    def why_unsigned(self, entry: OpenedFlipRate) -> str:
        """Why no key that counts signed a record; empty where one did."""
        name = f"{FOLDER}/{entry.path.name}"
        return self.ring.why_not(entry.signers, "arming", at=entry.record.ended, name=name)

    def flips(self, entry: OpenedFlipRate) -> GateFlips:
        """What a record says of the limits of today."""
        found = self._check(entry.record)
        limits = found[1].gate.expect if found else {}
        same = found is not None and found[1].gate_digest == entry.record.gate_digest
        quantities = tuple(
            _quantity(name, limit, entry.record.repeated(name)) for name, limit in limits.items()
        )
        changed = sum(_changed(one, limits, same_gate=same) for one in entry.record.seen)
        rates = [one.rate for one in quantities if one.rate is not None]
        return GateFlips(
            gate=entry.record.gate,
            contract=entry.record.contract,
            variants=len(entry.record.seen),
            varied=_varied(self._variants(entry.record, *found)) if found else {},
            changed=changed,
            at_most=at_most_so_often(changed, len(entry.record.seen)),
            rate=min(1.0, sum(rates)) if rates else None,
            quantities=quantities,
            stale=self.why_stale(entry.record),
            signed=self.why_unsigned(entry),
            path=entry.path.relative_to(self.project.root).as_posix(),
        )

    @cached_property
    def _believed(self) -> Mapping[str, Mapping[str, FlipRate]]:
        """By gate and profile, the records that are of today and that a key which counts has signed."""
        found: dict[str, dict[str, FlipRate]] = {}
        for entry in self.entries:
            if not self.why_unsigned(entry) and not self.why_stale(entry.record):
                found.setdefault(entry.record.gate, {})[entry.record.profile] = entry.record
        return found

    def believed_at(self, profile: str) -> Iterator[FlipRate]:
        """The records of a profile that are of today and that a key which counts has signed."""
        return (found[profile] for found in self._believed.values() if profile in found)

    def noise(self, gate: str, profile: str) -> Mapping[str, Noise]:
        """The noise of each quantity of a gate: at this profile, else as falsification rehearsed it."""
        own = self._believed.get(gate, {})
        record = own.get(profile) or own.get(falsification_profile(self.project))
        return dict(_noises(record)) if record else {}

    def with_noise(self, models: Iterable[ModelReport]) -> tuple[ModelReport, ...]:
        """Reports in which every figure carries the noise that is known of it."""
        return tuple(self._noisy(model) if self.entries else model for model in models)

    def gate_with_noise(self, gate: GateReport, profile: str) -> GateReport:
        """One gate in which every figure does."""
        noises = self.noise(gate.id, profile)
        measured = (one.model_copy(update={"noise": noises.get(one.quantity)}) for one in gate.measured)
        return gate.model_copy(update={"measured": tuple(measured)}) if noises else gate

    def _noisy(self, model: ModelReport) -> ModelReport:
        criteria = (
            one.model_copy(
                update={"gates": tuple(self.gate_with_noise(gate, model.profile) for gate in one.gates)}
            )
            for one in model.criteria
        )
        return model.model_copy(update={"criteria": tuple(criteria)})


def _varied(variants: Iterable[Variant]) -> dict[str, int]:
    """By section, how many different settings variants have; those in which all are alike left out."""
    those = tuple(variants)
    sections = dict.fromkeys(section for one in those for section in one.settings)
    counts = {name: len({digest_of(one.settings.get(name, {})) for one in those}) for name in sections}
    return {name: count for name, count in counts.items() if count > 1}


def _noises(record: FlipRate) -> Iterator[tuple[str, Noise]]:
    for name in record.names:
        repeated = record.repeated(name)
        if repeated.deviation is not None:
            yield (
                name,
                Noise(deviation=repeated.deviation, figures=len(repeated.values), profile=record.profile),
            )


def _quantity(name: str, limit: Expectation, repeated: Repeated) -> QuantityFlips:
    prediction, missed, figures = repeated.flips(limit), repeated.missed(limit), len(repeated.values)
    return QuantityFlips(
        quantity=name,
        unit=limit.unit,
        limit=limit.limit_text,
        figures=figures,
        missed=missed,
        at_most=at_most_so_often(missed, figures),
        mean=repeated.mean,
        deviation=repeated.deviation,
        distance=prediction.distance,
        rate=prediction.rate,
        assumed=prediction.says,
        often=prediction.often,
    )


def _changed(seen: VariantSeen, limits: Mapping[str, Expectation], *, same_gate: bool) -> bool:
    """Whether a gate of today would say something else than PASS of a variant."""
    if seen.verdict not in _JUDGED or (same_gate and seen.verdict != Verdict.PASS):
        return True
    own = {one.quantity: one.pair for one in seen.figures}
    return any(name not in own or not limit.holds(*own[name]) for name, limit in limits.items())
